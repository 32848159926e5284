"""Two plans as one: they meet at the coin, rest at the goal and fit the horizon."""

from dataclasses import replace

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion.planning.verify import each
from agentic_diffusion.records import Verdict
from agentic_diffusion_worlds.maze.coinjudge import NearestFree
from agentic_diffusion_worlds.maze.coinlegs import TwoLegs, joined
from agentic_diffusion_worlds.maze.coins import CoinTask
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE

TASK = CoinTask(start=(1.0, 1.0, 0.0, 0.0), goal=(1.0, 2.0), coin=(3.0, 2.0))


def test_the_joined_plan_passes_over_the_coin(routes):
    judge = NearestFree(Geometry(UMAZE.map))
    plan = TwoLegs(routes.make_planner(UMAZE), judge, horizon=40, count=6).plan(TASK, seed=3)
    assert len(plan.considered) == 6
    assert plan.chosen.verdict.passed
    assert plan.chosen.verdict.evidence["coin"] < 0.01
    assert max(len(c.value.states) for c in plan.considered) <= 40
    assert plan.chosen.value.states[-1] == pytest.approx((1.0, 2.0, 0.0, 0.0), abs=1e-6)
    assert (plan.seed, plan.steps_done) == (3, 4)


def test_where_no_leg_passes_the_chosen_one_is_taken(routes):
    judge = NearestFree(Geometry(UMAZE.map))
    planner = replace(
        routes.make_planner(UMAZE, count=2),
        verify=each(lambda request, value: Verdict(passed=False, score=0.0)),
    )
    plan = TwoLegs(planner, judge, horizon=70).plan(TASK)
    assert len(plan.considered) == 1


def test_a_plan_that_is_too_long_is_driven_faster():
    leg = Trajectory(states=tuple((float(k), 0.0, 1.0, 0.0) for k in range(9)), seconds=1.0, arrival=8)
    back = leg.model_copy(update={"states": tuple((8.0 - k, 0.0, -1.0, 0.0) for k in range(9))})
    whole = joined(leg, back, horizon=17)
    assert [s[0] for s in whole.states] == [*range(9), *range(7, -1, -1)]
    assert whole.states[8] == (8.0, 0.0, 0.0, 0.0)
    short = joined(leg, back, horizon=9)
    assert np.array(short.states)[:, 0].tolist() == [0, 2, 4, 6, 8, 6, 4, 2, 0]
    assert short.states[1][2] == 2.0
    assert short.states[-1] == (0.0, 0.0, 0.0, 0.0)
    assert (short.arrival, short.seconds) == (8, 1.0)


def test_a_task_without_a_coin_is_refused(routes):
    legs = TwoLegs(routes.make_planner(UMAZE), NearestFree(Geometry(UMAZE.map)), horizon=40)
    with pytest.raises(InvalidStateError):
        legs.plan(TASK.model_copy(update={"coin": None}))
