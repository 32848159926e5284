"""Errands: the same for the same seed, between free places, half of them home."""

import numpy as np
from agentic_diffusion_worlds.maze.errands import errands, homeward
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import MEDIUM, Maze, MazeMap
from agentic_diffusion_worlds.maze.score import starts

LONE = Maze(name="lone", map=MazeMap(("###", "#.#", "###")), goal=(1, 1), limit=10)


def test_they_are_free_reproducible_and_share_the_goal():
    geometry = Geometry(MEDIUM.map)
    some = errands(MEDIUM, seed=3, count=200, home=0.5)
    assert some == errands(MEDIUM, seed=3, count=200, home=0.5)
    assert some != errands(MEDIUM, seed=4, count=200, home=0.5)
    first = np.array([request.start[:2] for request in some])
    last = np.array([request.goal[:2] for request in some])
    assert geometry.is_free(first).all()
    assert geometry.is_free(last).all()
    home = np.isclose(last, geometry.cell_to_xy(MEDIUM.goal)).all(axis=1)
    assert 70 < home.sum() < 130
    assert (np.linalg.norm(first - last, axis=1) > 0.5).all()  # never from a cell to itself
    assert np.abs([request.start[2:] for request in some]).max() > 0


def test_home_is_the_share_that_leads_to_the_goal():
    geometry = Geometry(MEDIUM.map)
    goal = tuple(geometry.cell_to_xy(MEDIUM.goal))
    assert all(request.goal[:2] == goal for request in errands(MEDIUM, seed=0, count=20, home=1.0))
    assert not any(request.goal[:2] == goal for request in errands(MEDIUM, seed=0, count=20, home=0.0))


def test_a_maze_of_one_cell_has_no_errands():
    assert errands(LONE, seed=0, count=5) == []


def test_homeward_is_the_benchmark():
    some = homeward(MEDIUM, seed=5, count=4)
    np.testing.assert_allclose([request.start for request in some], starts(MEDIUM, seed=5, count=4))
