"""An evolved planner of coins has as many candidates as before, and a part of them from the network it came from."""

from copy import deepcopy

import pytest
from agentic_diffusion_cli.coins_beside import of_coins, of_plain, plain_drives
from agentic_diffusion_evolve.beside import Beside
from agentic_diffusion_worlds.maze.coincross import Crossed
from agentic_diffusion_worlds.maze.coinfocus import Focused
from agentic_diffusion_worlds.maze.coins import practice_tasks
from agentic_diffusion_worlds.maze.domain import reach
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.planner import load_planner
from agentic_diffusion_worlds.maze.score import starts


@pytest.fixture(scope="module")
def plain():
    return load_planner(UMAZE)


@pytest.mark.parametrize("twice", [False, True])
def test_the_candidates_are_as_many_and_their_parts_are_told(plain, twice):
    task = next(practice_tasks(UMAZE, seed=0))
    driver = of_coins(plain, deepcopy(plain.denoiser), candidates=16, twice=twice)
    assert isinstance(driver, Beside)
    assert [len(part.plan(task).considered) for part in driver.planners] == [4, 12]
    assert len(driver.plan(task).considered) == 16
    halves = of_coins(plain, deepcopy(plain.denoiser), candidates=16, old=0.5)
    assert [planner.count for planner in halves.planners] == [8, 8]


def test_candidates_of_both_networks_are_crossed_with_one_another(plain):
    driver = of_coins(plain, deepcopy(plain.denoiser), candidates=16, crossed=True)
    assert isinstance(driver, Crossed)
    assert isinstance(driver.planner, Beside)
    assert driver.judge is driver.planner.planners[0].verify


def test_without_a_new_network_nothing_changes(plain):
    assert of_plain(plain, plain.denoiser).count == plain.count
    assert isinstance(of_coins(plain, plain.denoiser, candidates=8, twice=True), Focused)
    assert of_coins(plain, plain.denoiser, candidates=8).count == 8


def test_plain_plans_are_mostly_those_of_the_old_network_and_drive_to_the_goal(plain):
    driver = of_plain(plain, deepcopy(plain.denoiser))
    assert [planner.count for planner in driver.planners] == [14, 2]
    (start,) = starts(UMAZE, seed=5, count=1)
    goal = (float(number) for number in plain.verify.geometry.cell_to_xy(UMAZE.goal))
    assert len(driver.plan(reach(start, tuple(goal))).considered) == plain.count
    (episode,) = plain_drives(driver, UMAZE, [(start, 0)])
    assert episode.raw > 0
