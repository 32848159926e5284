"""Trials of confidence: what is known before a drive, and what the drive shows."""

from dataclasses import replace

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli.trials import FEATURES, MIX, Case, Ground, agreeing, without_walls
from agentic_diffusion_worlds.maze.domain import reach
from agentic_diffusion_worlds.maze.errands import errands
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.pace import SoonestFree, timed
from agentic_diffusion_worlds.maze.physics import MazePhysics
from agentic_diffusion_worlds.maze.practice import drive


@pytest.fixture(scope="module")
def ground():
    return Ground.shipped(UMAZE)


def told(ground, plan):
    return dict(zip(FEATURES, ground.features(plan), strict=True))


def test_trials_are_the_same_for_the_same_seed(ground):
    one, two = (list(ground.trials(seed=3, count=6)) for _ in range(2))
    assert one == two
    assert {trial.case for trial in one} <= {case.name for case in MIX}
    assert len(one[0].to_json()["features"]) == len(FEATURES)
    assert sum(trial.worked for trial in one) >= 4


def test_a_mix_has_cases(ground):
    with pytest.raises(InvalidConfigError):
        next(ground.trials(seed=0, count=1, mix=()))


def test_a_way_through_a_wall_is_known_before_the_drive(ground):
    (request,) = errands(UMAZE, seed=5, count=1, home=0.0)
    good = ground.planner.plan(request, seed=0)
    states = np.array(good.chosen.value.states)
    states[:, 0] += 30 * np.sin(np.linspace(0, np.pi, len(states)))
    value = good.chosen.value.model_copy(update={"states": tuple(map(tuple, states.tolist()))})
    (verdict,) = ground.judge(request, [value])
    bad = good.model_copy(
        update={"chosen": good.chosen.model_copy(update={"value": value, "verdict": verdict})}
    )
    fine, broken = told(ground, good), told(ground, bad)
    assert fine["clear"] == 1 > broken["clear"]
    assert fine["blocked"] < 0.05 < broken["blocked"]
    assert fine["gap"] < broken["gap"]
    assert broken["agreement"] < fine["agreement"]
    assert agreeing(good.considered, good.chosen) == fine["agreement"]


def test_without_walls_is_the_simulator_where_none_is_touched():
    (request,) = errands(UMAZE, seed=5, count=1, home=0.0)
    start = np.array(request.start)
    line = np.array([[*start[:2], 0, 0], [*(start[:2] + 0.1), 0, 0]])
    ground = Ground.shipped(UMAZE)
    plan = ground.planner.plan(reach(start, start[:2] + 0.1), seed=0).chosen.value
    value = plan.model_copy(update={"states": tuple(map(tuple, line.tolist())), "arrival": 1})
    way = timed(value)
    free = without_walls(way, start=start)
    done = drive(MazePhysics(UMAZE.map), way, start=start, goal=start[:2] + 0.1, limit=len(way) - 1)
    steps = min(len(free), len(done.states))
    assert np.abs(free[:steps] - done.states[:steps, :2]).max() < 2e-3


def test_blocked_adds_up_what_lies_in_walls():
    geometry = Geometry(UMAZE.map)
    ground = replace(Ground.shipped(UMAZE), judge=SoonestFree(geometry))
    low, high = geometry.bounds()
    inside = geometry.cell_to_xy(UMAZE.map.cells()[0])
    total, longest = ground.blocked(np.linspace(inside, inside + np.array([0.01, 0.0]), 10))
    assert (total, longest) == (0.0, 0.0)
    total, longest = ground.blocked(np.linspace(low - 1.0, high + 1.0, 500))
    assert 0 < longest <= total


def test_a_fast_start_is_fast(ground):
    (trial,) = ground.trials(seed=1, count=1, mix=(Case("fast", 1, 1, rush=5.0),))
    assert dict(zip(FEATURES, trial.features, strict=True))["speed"] > 0.5
