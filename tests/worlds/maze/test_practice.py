"""Practice: drives agree with the benchmark's simulator, and what is told can be driven as it stands."""

from dataclasses import replace

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion_worlds.maze.courses import BALL
from agentic_diffusion_worlds.maze.domain import TOP, reach
from agentic_diffusion_worlds.maze.errands import homeward
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.pace import SoonestFree, Variation, timed
from agentic_diffusion_worlds.maze.physics import MazePhysics
from agentic_diffusion_worlds.maze.practice import (
    LOST,
    PULL,
    RESIDUAL,
    Drive,
    Exam,
    Practice,
    drive,
    ends,
    executable,
    recorded,
)
from agentic_diffusion_worlds.maze.score import judge, roll

from .routes import make_planner

STRIDE, HORIZON = 8, 32


@pytest.fixture(scope="module")
def planner():
    made = make_planner(UMAZE, count=2, steps=1, horizon=HORIZON, stride=STRIDE)
    return replace(made, verify=SoonestFree(Geometry(UMAZE.map)))


@pytest.fixture(scope="module")
def physics():
    return MazePhysics(UMAZE.map)


def test_a_drive_is_the_episode_of_the_benchmark(planner, physics):
    (request,) = homeward(UMAZE, seed=1, count=1)
    start, goal = ends(request)
    way = timed(planner.plan(request, seed=0).chosen.value)
    done = drive(physics, way, start=start, goal=goal, limit=UMAZE.limit)

    class Tracker:
        step = 0

        def __call__(self, state):
            k, last = self.step, len(way) - 1
            n = min(k + 1, last)
            self.step += 1
            speed = way.velocity[n] if k < last else np.zeros(2)
            push = way.acceleration[k] + BALL.drag * way.velocity[k] if k < last else np.zeros(2)
            return push / BALL.force + PULL * (way.position[n] - state[:2]) + speed - state[2:]

    steps = list(roll(physics, Tracker(), start=start, limit=UMAZE.limit))
    episode = judge([state for state, _ in steps], goal=goal, radius=0.5)
    assert done.inside == episode.raw
    assert done.first == episode.steps_to_goal
    assert done.settled
    driven = len(done.states) - 1
    assert driven < UMAZE.limit  # the rest of the episode was counted, not driven
    np.testing.assert_allclose(done.states[1:], [state for state, _ in steps[:driven]], atol=1e-9)


def test_a_drive_that_ends_elsewhere_has_not_settled(physics):
    stay = Trajectory(states=((1.0, 1.0, 0.0, 0.0),) * 2, seconds=0.1, arrival=0)
    start, goal = np.array([1.0, 1.0, 0.0, 0.0]), np.array([1.0, 3.0])
    done = drive(physics, timed(stay), start=start, goal=goal, limit=50)
    assert (done.inside, done.first, done.settled) == (0, None, False)
    there = drive(physics, timed(stay), start=start, goal=start[:2], limit=50)
    assert (there.inside, there.first, there.settled) == (50, 1, True)


def test_a_record_rests_at_the_goal_and_is_none_where_it_is_too_long():
    line = np.zeros((100, 4))
    line[:, 0] = np.minimum(np.arange(100) * 0.02, 1.0) + 1
    line[:, 2] = np.where(np.arange(100) < 50, 7.0, 0.0)
    done = Drive(line, 50, 50, True, 0.0, 0, 100)
    goal = np.array([2.0, 0.0])
    plan = recorded(done, goal=goal, stride=10, horizon=8)
    assert plan is not None
    assert plan.arrival == 5  # nearly still within 0.15 of the goal from step 50 on
    assert plan.states[-1] == (2.0, 0.0, 0.0, 0.0)
    assert plan.states[1] == pytest.approx((1.2, 0.0, TOP, 0.0))  # a bounce does not leave the box
    assert recorded(done, goal=goal, stride=10, horizon=5) is None
    rest = Drive(np.tile([2.0, 0.0, 0.0, 0.0], (3, 1)), 1, 1, True, 0.0, 0, 100)
    assert recorded(rest, goal=goal, stride=10, horizon=5) is None  # there was nothing to drive


def test_what_practice_tells_can_be_driven_as_it_stands(planner, physics):
    (request,) = homeward(UMAZE, seed=2, count=1)
    practice = Practice(
        physics, UMAZE.limit, STRIDE, HORIZON, variations=(Variation(1.1), Variation(1.4, 0.05)), tails=3
    )
    told = practice(planner.plan(request, seed=4))
    assert [o.reward for o in told] == [o.reward for o in practice(planner.plan(request, seed=4))]
    whole, tails = told[:2], told[2:]
    assert 1 <= len(tails) <= 3  # one that starts in a wall is no task
    assert [o.evidence["pace"] for o in whole] == [1.1, 1.4]
    assert whole[1].reward > whole[0].reward
    exam = Exam(physics, UMAZE.limit)
    for outcome in whole:
        assert executable(outcome)
        plan = planner.plan(request, seed=4)
        again = plan.model_copy(update={"chosen": plan.chosen.model_copy(update={"value": outcome.value})})
        (told_again,) = exam(again)
        assert told_again.reward == outcome.reward
        assert told_again.evidence[RESIDUAL] == outcome.evidence[RESIDUAL]
    for tail in tails:
        assert tail.request.goal == request.goal
        assert tail.request.start == tail.value.states[0]
        assert tail.evidence["tail"] > 0
        planner.domain.condition(tail.request)  # a task that the planner accepts


def test_what_fails_is_told_as_lost(planner, physics):
    (request,) = homeward(UMAZE, seed=1, count=1)
    practice = Practice(physics, UMAZE.limit, STRIDE, HORIZON, variations=(Variation(),), tails=3)
    plan = planner.plan(request, seed=4)
    away = reach(request.start, (3.0, 1.0))
    told = practice(plan.model_copy(update={"request": away}))
    assert told == []  # never near that goal, so there is nothing to learn
    lost = Exam(physics, UMAZE.limit)(plan.model_copy(update={"request": away}))
    assert lost[0].evidence[RESIDUAL] == LOST
    assert not executable(lost[0])


def test_a_request_needs_both_ends(planner):
    (request,) = homeward(UMAZE, seed=2, count=1)
    with pytest.raises(InvalidConfigError, match="start or goal"):
        ends(request.model_copy(update={"goal": None}))
