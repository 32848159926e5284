"""Random mazes: the right size, connected, narrow, reproducible, and never in both halves."""

from itertools import islice

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.maze.generate import (
    SMALL,
    WIDE,
    Shape,
    carve,
    closures,
    is_held_out,
    mazes,
    steps,
)
from agentic_diffusion_worlds.maze.map import LARGE, MAZES, MEDIUM, UMAZE
from agentic_diffusion_worlds.maze.physics import MazePhysics


@pytest.mark.parametrize("shape", [SMALL, WIDE, Shape(5, 12, open=1.0)])
def test_maps_are_connected_narrow_and_of_the_size_that_was_asked_for(shape):
    rng = np.random.default_rng(0)
    sides = set()
    for _ in range(30):
        grid = carve(shape, rng)
        cells = grid.cells()
        assert len(cells) >= 2
        assert grid.reachable(cells[0]) == set(cells)
        free = ~grid.walls
        assert not (free[1:, 1:] & free[1:, :-1] & free[:-1, 1:] & free[:-1, :-1]).any()
        inner = (grid.shape[0] - 2) * (grid.shape[1] - 2)
        assert len(cells) <= max(2, round(shape.open * inner))
        sides |= set(grid.shape)
    assert sides == set(range(shape.low, shape.high + 1))


def test_the_same_seed_gives_the_same_mazes_and_none_twice():
    some = list(islice(mazes(SMALL, seed=3, held_out=False), 40))
    assert some == list(islice(mazes(SMALL, seed=3, held_out=False), 40))
    assert len({maze.map.rows for maze in some}) == 40
    assert not {maze.map.rows for maze in some} & {maze.map.rows for maze in MAZES}
    for maze in some:
        assert maze.map.is_free_cell(maze.goal)
        assert maze.limit >= 300
    MazePhysics(some[0].map)


def test_no_map_is_in_both_halves_whatever_the_seeds():
    train = {m.map.rows for seed in range(3) for m in islice(mazes(SMALL, seed=seed, held_out=False), 100)}
    test = {m.map.rows for seed in range(3) for m in islice(mazes(SMALL, seed=seed, held_out=True), 25)}
    assert not train & test
    rng = np.random.default_rng(1)
    share = np.mean([is_held_out(carve(WIDE, rng)) for _ in range(400)])
    assert 0.12 < share < 0.28


@pytest.mark.parametrize("sides", [(4, 6), (7, 6), (6, 65)])
def test_shapes_that_make_no_sense_are_refused(sides):
    with pytest.raises(InvalidConfigError, match="Shape"):
        Shape(*sides)
    with pytest.raises(InvalidConfigError, match="open"):
        Shape(6, 6, open=0.0)


def test_a_closed_passage_leaves_all_other_cells_connected_and_makes_ways_longer():
    assert closures(UMAZE) == ()
    for maze, count in ((MEDIUM, 4), (LARGE, 10)):
        told = closures(maze)
        assert len({other.map.rows for other in told}) == len(told) == count
        for other in told:
            assert other.goal == maze.goal
            cells = other.map.cells()
            assert len(cells) == len(maze.map.cells()) - 1
            assert other.map.reachable(other.goal) == set(cells) < set(maze.map.cells())
            assert other.limit >= maze.limit


def test_steps_are_those_of_the_shortest_way():
    closed = next(maze for maze in closures(MEDIUM) if maze.name == "medium-closed-3-3")
    for grid in (MEDIUM.map, closed.map):
        told = steps(grid, (2, 2))
        assert told == {cell: len(grid.path_cells((2, 2), cell)) - 1 for cell in grid.cells()}
    assert steps(closed.map, (2, 2))[2, 4] > steps(MEDIUM.map, (2, 2))[2, 4]
