"""The suites: fixed facts, paired tasks, and practice that never touches them."""

from itertools import islice

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.maze.coins import (
    SUITES,
    CoinSuite,
    CoinTask,
    coin_score,
    practice_tasks,
    spare_cells,
    suite_tasks,
)
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import LARGE, MEDIUM, UMAZE, Maze, MazeMap


def cell(maze, place):
    return Geometry(maze.map).xy_to_cell(np.array(place[:2]))


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_twenty_coins_in_free_cells(suite):
    assert len(suite.coins) == 20
    assert all(suite.maze.map.is_free_cell(coin) for coin in suite.coins)
    tasks = suite_tasks(suite)
    assert tasks == suite_tasks(suite)
    for task, coin in zip(tasks, suite.coins, strict=True):
        assert task.coin == tuple(map(float, coin))
        assert Geometry(suite.maze.map).is_free(task.start[:2])
        assert len(task.start) == 4
        assert (cell(suite.maze, task.goal) == suite.maze.goal) or suite.roaming
    assert (len({task.goal for task in tasks}) > 1) == suite.roaming


def test_published_resets_are_those_for_which_the_coins_were_chosen():
    """The coins of the published script lie near the way between its starts and goals, which chance would not do."""
    suite = SUITES[3]

    def detours(tasks):
        ways = LARGE.map
        ends = [tuple(cell(LARGE, place) for place in (t.start, t.coin, t.goal)) for t in tasks]
        return [
            len(ways.path_cells(a, b)) + len(ways.path_cells(b, c)) - 1 - len(ways.path_cells(a, c))
            for a, b, c in ends
        ]

    tasks = suite_tasks(suite)
    assert [cell(LARGE, task.start) for task in tasks[:3]] == [(3, 3), (1, 6), (7, 8)]
    assert [cell(LARGE, task.goal) for task in tasks[:3]] == [(7, 9), (5, 10), (5, 10)]
    published = np.mean(detours(tasks))
    shuffled = [
        np.mean(detours([t.model_copy(update={"coin": c.coin}) for t, c in zip(tasks, other, strict=True)]))
        for other in (np.random.default_rng(k).permutation(np.array(tasks, dtype=object)) for k in range(20))
    ]
    assert published == pytest.approx(3.4)
    assert published < min(shuffled)


def test_other_seeds_give_other_ways_past_the_same_coins():
    suite = SUITES[0]
    one, two = suite_tasks(suite, 0), suite_tasks(suite, 1)
    assert one == suite_tasks(suite, 0)
    assert [task.coin for task in one] == [task.coin for task in two]
    assert [task.start for task in one] != [task.start for task in two]
    with pytest.raises(InvalidConfigError):
        suite_tasks(suite, -1)


@pytest.mark.parametrize(
    ("closest", "reached", "score"),
    [(0.0, True, 1), (0.15, True, 0.5), (0.3, True, 0), (0.9, True, 0), (0, False, 0)],
)
def test_the_score_falls_to_nothing_at_the_edge_and_needs_the_goal(closest, reached, score):
    assert coin_score(closest, reached=reached) == pytest.approx(score)


@pytest.mark.parametrize("maze", [MEDIUM, LARGE], ids=lambda maze: maze.name)
def test_practice_never_lays_a_coin_where_a_suite_has_one(maze):
    tested = {coin for suite in SUITES if suite.maze == maze for coin in suite.coins}
    assert not tested & set(spare_cells(maze))
    tasks = list(islice(practice_tasks(maze, seed=0, most=14), 60))
    assert tasks == list(islice(practice_tasks(maze, seed=0, most=14), 60))
    for task in tasks:
        start, coin, goal = (cell(maze, place) for place in (task.start, task.coin, task.goal))
        assert coin in spare_cells(maze)
        assert len(maze.map.path_cells(start, coin)) + len(maze.map.path_cells(coin, goal)) - 2 <= 14
    assert {cell(maze, task.goal) for task in tasks} > {maze.goal}


def test_practice_needs_a_cell():
    tiny = Maze("tiny", MazeMap(("###", "#.#", "###")), goal=(1, 1), limit=10)
    assert spare_cells(UMAZE) == UMAZE.map.cells()
    assert next(practice_tasks(tiny, seed=0)).moment is None
    with pytest.raises(InvalidConfigError):
        next(practice_tasks(MEDIUM, seed=0, cells=()))
    taken = CoinSuite("all", tiny, ((1, 1),), roaming=False)
    assert spare_cells(tiny, [taken]) == ()


def test_a_task_crosses_a_wall_as_json():
    task = CoinTask(start=(1.0, 1.0, 0.0, 0.0), goal=(1.0, 2.0), coin=(1.0, 3.0), moment=4)
    assert CoinTask.model_validate_json(task.model_dump_json()) == task
