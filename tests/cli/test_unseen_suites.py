"""The suites of unseen mazes: no map of the test was trained on, and old data that are impossible now are left out."""

import numpy as np
import pytest
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli.unseen_suites import SMALL, WIDE, Base, Closed, Random
from agentic_diffusion_worlds.maze.atlas import CONTEXT, reading
from agentic_diffusion_worlds.maze.errands import errands
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.physics import DEEPEST

COMPUTE = Compute(device="cpu", threads=1)
BASE = Base(maps=2, transitions=1200, steps=2)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    suite = Random(SMALL, BASE, tmp_path_factory.mktemp("small") / "planner", candidates=2, compute=COMPUTE)
    assert list(suite.prepare()) == [(1, 2), (2, 2)]
    return suite


def rng():
    return torch.Generator().manual_seed(0)


def test_known_and_unseen_maps_share_none(small):
    known, unseen = small.known(30), small.unseen(30)
    assert not {maze.map.rows for maze in known} & {maze.map.rows for maze in unseen}
    assert {maze.map.shape for maze in (*known, *unseen)} == {(6, 6)}
    assert list(unseen[:3]) == list(small.unseen(3))


def test_the_planner_is_trained_once_and_reads_the_map(small):
    assert list(small.prepare()) == []
    maze = small.unseen(1)[0]
    planner = small.planner(maze)
    plan = planner.plan(errands(maze, seed=0, count=1)[0])
    assert len(plan.considered) == 2
    assert len(plan.chosen.value.states) == small.design().horizon
    other = Random(WIDE, BASE, small.folder, candidates=2, compute=COMPUTE)
    with pytest.raises(InvalidConfigError, match="trained otherwise"):
        list(other.prepare())


def test_old_data_of_random_maps_carry_their_own_map(small):
    drawn = small.old(small.unseen(1)[0])(rng(), 8)
    maps = {tuple(reading(maze.map).tolist()) for maze in small.known(2)}
    assert {tuple(row) for row in drawn.condition.context[CONTEXT].tolist()} <= maps
    assert len(drawn) == 8


def test_old_data_that_lead_through_the_closed_passage_are_left_out():
    suite = Closed(candidates=2, compute=COMPUTE, transitions=3000)
    for maze in suite.unseen(2):
        drawn = suite.old(maze)(rng(), 16)
        limits = suite.design(maze).trajectories(Geometry(maze.map)).limits
        places = limits.stretch(drawn.states)[..., :2].numpy()
        assert bool(np.all(Geometry(maze.map).is_free(places, slack=DEEPEST)))
        assert drawn.states.shape[:2] == (16, suite.design(maze).horizon)
        plan = suite.planner(maze).plan(errands(maze, seed=0, count=1)[0])
        assert "clear" in plan.chosen.verdict.evidence
    assert list(suite.prepare()) == []
    assert [maze.name for maze in suite.known(5)] == ["medium", "large"]
