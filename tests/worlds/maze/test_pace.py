"""A plan at its own pace: the cubic through its moments, its variations, and the judge of both walls and force."""

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion_worlds.maze.courses import BALL
from agentic_diffusion_worlds.maze.domain import reach
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.pace import Reference, SoonestFree, Variation, timed
from agentic_diffusion_worlds.maze.physics import DT

SECONDS = 0.2


def plan_of(position, velocity, *, count=8, seconds=SECONDS):
    """A plan whose moments lie on a curve of time."""
    clock = np.arange(count) * seconds
    states = np.concatenate([position(clock), velocity(clock)], axis=1)
    return Trajectory(states=tuple(map(tuple, states.tolist())), seconds=seconds, arrival=count - 1)


def cubic():
    def position(t):
        return np.stack([1 + 0.5 * t**3 - t, 2 + t**2], axis=1)

    def velocity(t):
        return np.stack([1.5 * t**2 - 1, 2 * t], axis=1)

    return plan_of(position, velocity), position, velocity


def test_a_cubic_is_driven_exactly_as_it_is():
    plan, position, velocity = cubic()
    way = timed(plan)
    clock = np.arange(len(way)) * DT
    assert len(way) == 141
    np.testing.assert_allclose(way.position, position(clock), atol=1e-9)
    np.testing.assert_allclose(way.velocity, velocity(clock), atol=1e-9)
    np.testing.assert_allclose(way.acceleration[:, 0], 3 * clock, atol=1e-6)
    np.testing.assert_allclose(way.acceleration[:, 1], 2.0, atol=1e-6)


def test_a_faster_pace_is_the_same_way_in_less_time():
    plan, position, velocity = cubic()
    way = timed(plan, Variation(pace=2.0))
    clock = np.arange(len(way)) * 2 * DT
    assert len(way) == 71
    np.testing.assert_allclose(way.position, position(clock), atol=1e-9)
    np.testing.assert_allclose(way.velocity, 2 * velocity(clock), atol=1e-9)
    np.testing.assert_allclose(way.acceleration[:, 1], 8.0, atol=1e-6)


def test_blur_cuts_corners_holds_the_ends_and_keeps_the_time():
    corner = Trajectory(
        states=((1, 1, 5, 0), (2, 1, 5, 0), (3, 1, 0, 5), (3, 2, 0, 5), (3, 3, 0, 0)), seconds=0.2, arrival=4
    )
    sharp, soft = timed(corner), timed(corner, Variation(blur=0.1))
    assert len(soft) == len(sharp)
    np.testing.assert_allclose(soft.position[[0, -1]], sharp.position[[0, -1]])
    assert np.linalg.norm(soft.position - [3, 1], axis=1).min() > 0.1
    assert np.linalg.norm(sharp.position - [3, 1], axis=1).min() < 0.01
    np.testing.assert_allclose(
        soft.velocity[1:-1] * 2 * DT, soft.position[2:] - soft.position[:-2], atol=1e-12
    )


def test_a_plan_of_one_moment_stays_where_it_is():
    plan = Trajectory(states=((1.0, 1.0, 0.0, 0.0),) * 3, seconds=0.2, arrival=0)
    way = timed(plan, Variation(blur=0.1))
    assert len(way) == 1
    assert (way.velocity == 0).all()
    short = Trajectory(states=((1.0, 1.0, 0.0, 0.0), (1.1, 1.0, 0.0, 0.0)), seconds=DT, arrival=1)
    assert isinstance(timed(short, Variation(blur=1e-4)), Reference)


@pytest.mark.parametrize("settings", [{"pace": 0.0}, {"pace": float("inf")}, {"blur": -1.0}])
def test_variations_that_make_no_sense_are_refused(settings):
    with pytest.raises(InvalidConfigError, match="pace"):
        Variation(**settings)


def straight(seconds):
    """Along the upper corridor of the U from (1, 1) to (1, 3), at rest at both ends."""

    def position(t):
        s = t / (5 * seconds)
        return np.stack([np.full_like(t, 1.0), 1 + 2 * (3 * s**2 - 2 * s**3)], axis=1)

    def velocity(t):
        s = t / (5 * seconds)
        return np.stack([np.zeros_like(t), 2 * (6 * s - 6 * s**2) / (5 * seconds)], axis=1)

    return plan_of(position, velocity, count=6, seconds=seconds)


def test_the_judge_sees_walls_force_and_time():
    geometry = Geometry(UMAZE.map)
    judge = SoonestFree(geometry)
    calm = straight(0.3)
    request = reach([1.0, 1.0, 0.0, 0.0], [1.0, 3.0])
    through = Trajectory(
        states=tuple((1.0 + 0.4 * k, 1.0, 2.0, 0.0) for k in range(6)), seconds=0.3, arrival=5
    )
    good, bad = judge(request, [calm, through])
    assert good.passed
    assert good.evidence["clear"] == 1
    assert good.evidence["excess"] == 0
    # the goal disc of half a unit is entered where s solves 3 s² - 2 s³ = 3/4, at two thirds of the way
    assert good.evidence["seconds"] == pytest.approx(0.674 * 1.5, abs=0.3 / 3)
    assert good.score == pytest.approx(-good.evidence["seconds"], abs=1e-3)
    assert not bad.passed
    assert bad.evidence["clear"] < 1
    assert bad.score < good.score
    (hasty,) = judge(request, [straight(0.05)])
    assert not hasty.passed
    assert hasty.evidence["clear"] == 1
    need = 12 * 2 / 0.25**2 / 2 / BALL.force  # peak of |12 d (1/2 - s)| / T², in units of full force
    assert need > 1.5
    assert hasty.evidence["excess"] > judge.effort


def test_without_a_goal_the_end_of_the_plan_counts():
    judge = SoonestFree(Geometry(UMAZE.map))
    request = reach([1.0, 1.0, 0.0, 0.0], [1.0, 3.0])
    plan = straight(0.3)
    (known,) = judge(request, [plan])
    (open_,) = judge(request.model_copy(update={"goal": None}), [plan])
    assert open_.score == known.score


def test_a_plan_that_is_there_already_takes_no_time():
    judge = SoonestFree(Geometry(UMAZE.map))
    here = Trajectory(states=((1.0, 1.0, 0.0, 0.0),) * 4, seconds=0.2, arrival=0)
    (verdict,) = judge(reach([1.0, 1.0, 0.0, 0.0], [1.0, 1.0]), [here])
    assert verdict.passed
    assert verdict.score == 0
