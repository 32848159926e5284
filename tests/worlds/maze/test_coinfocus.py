"""Looking twice: the second half of the candidates passes the coin at moments that suited the first."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Verdict
from agentic_diffusion_worlds.maze.coindomain import for_coins
from agentic_diffusion_worlds.maze.coinfocus import Focused
from agentic_diffusion_worlds.maze.coins import CoinTask
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE

GEOMETRY = Geometry(UMAZE.map)
COIN = tuple(map(float, GEOMETRY.cell_to_xy((2, 3))))
TASK = CoinTask(
    start=(*map(float, GEOMETRY.cell_to_xy((3, 1))), 0.0, 0.0),
    goal=tuple(map(float, GEOMETRY.cell_to_xy((1, 1)))),
    coin=COIN,
)
SUITS = 7


@dataclass(frozen=True)
class Only:
    """Passes plans that are at the coin in one moment alone; the nearer the moment the better."""

    moment: int = SUITS

    def __call__(self, request, values):
        gaps = [int(np.linalg.norm(np.array(v.states)[1:-1, :2] - COIN, axis=1).argmin()) + 1 for v in values]
        return [Verdict(passed=gap == self.moment, score=-abs(gap - self.moment)) for gap in gaps]


@pytest.fixture(scope="module")
def planner(tiny, tiny_network):
    from agentic_diffusion_worlds.maze.planner import assemble

    made = for_coins(assemble(UMAZE, tiny, denoiser=tiny_network), count=20, steps=1, returns=1)
    return replace(made, verify=Only())


def moments(plan):
    places = np.array([c.value.states for c in plan.considered])[:, 1:-1, :2]
    return (np.linalg.norm(places - COIN, axis=2).argmin(axis=1) + 1).tolist()


def test_the_second_go_looks_where_the_first_did_best(planner):
    plan = Focused(planner, best=2).plan(TASK, seed=3)
    assert len(plan.considered) == 20
    first, second = moments(plan)[:10], moments(plan)[10:]
    assert max(first) - min(first) > 9
    assert all(abs(k - SUITS) <= 5 for k in second)
    assert np.mean(np.abs(np.array(second) - SUITS)) < np.mean(np.abs(np.array(first) - SUITS))
    assert plan.steps_done == 2
    assert plan.seed == 3
    assert plan.chosen.verdict == max((c.verdict for c in plan.considered), key=lambda v: (v.passed, v.score))


def test_it_finds_the_moment_more_often_than_one_go(planner):
    """Over seeds and moments, with as many candidates: an A/B test of looking twice."""
    hits = {"one": 0, "two": 0}
    for moment in range(2, 14):
        judged = replace(planner, verify=Only(moment), count=8, domain=replace(planner.domain, count=8))
        for seed in range(3):
            hits["one"] += judged.plan(TASK, seed=seed).chosen.verdict.passed
            hits["two"] += Focused(judged, best=1).plan(TASK, seed=seed).chosen.verdict.passed
    assert hits["two"] > hits["one"]


def test_without_a_coin_or_with_its_moment_known_there_is_one_go(planner):
    blind = TASK.model_copy(update={"coin": None})
    known = TASK.model_copy(update={"moment": 4})
    for task in (blind, known):
        plan = Focused(planner).plan(task, seed=1)
        assert plan == planner.plan(task, seed=1).model_copy(
            update={"seconds": plan.seconds, "memory": plan.memory}
        )


def test_moments_outside_the_plan_are_refused(planner):
    with pytest.raises(InvalidConfigError, match="from 1 to 14"):
        replace(planner.domain, count=2, at=(0, 3))
    with pytest.raises(InvalidConfigError, match="for 3 candidates"):
        replace(planner.domain, count=3, at=(1, 3))
    with pytest.raises(InvalidConfigError, match="best=0"):
        Focused(planner, best=0)
