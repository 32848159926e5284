"""The judge: nearer beats faster, walls beat both, and smoothing does not cut the coin off."""

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion_worlds.maze.coinjudge import POINTS, NearestFree, replace_start, without_coin
from agentic_diffusion_worlds.maze.coins import CoinTask
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE

GEOMETRY = Geometry(UMAZE.map)
JUDGE = NearestFree(GEOMETRY)
TASK = CoinTask(start=(1.0, 1.0, 0.0, 0.0), goal=(1.0, 2.0), coin=(1.0, 3.0))


def through(*places):
    """Return a plan that rests at each place."""
    states = tuple((float(x), float(y), 0.0, 0.0) for x, y in places)
    return Trajectory(states=states, seconds=0.2, arrival=len(states) - 1)


THERE_AND_BACK = through((1, 1), (1, 2), (1, 3), (1, 2))
PAST = through((1, 1), (1, 2), (1, 2.9), (1, 2))
DIRECT = through((1, 1), (1, 1.5), (1, 2))
WALLED = through((1, 1), (1, 2), (1, 3), (2, 2), (1, 2))


def test_the_nearest_way_wins_though_it_takes_longer():
    there, past, direct = JUDGE(TASK, [THERE_AND_BACK, PAST, DIRECT])
    assert (there.passed, past.passed, direct.passed) == (True, True, False)
    assert there.score > past.score > direct.score
    assert there.evidence["seconds"] >= past.evidence["seconds"] > direct.evidence["seconds"]
    assert [v.evidence["coin"] for v in (there, past, direct)] == pytest.approx([0.0, 0.1, 1.0], abs=1e-3)


def test_smoothing_holds_the_place_at_the_coin():
    course = JUDGE.course(TASK, THERE_AND_BACK)
    assert course.points.shape == (POINTS, 2)
    assert np.linalg.norm(course.points - np.array(TASK.coin), axis=1).min() < 1e-6
    assert np.allclose(course.points[[0, -1]], [[1, 1], [1, 2]])


def test_a_coin_before_the_wall_counts_and_what_lies_behind_does_not():
    (walled,) = JUDGE(TASK, [WALLED])
    assert not walled.passed
    assert 0.5 < walled.evidence["clear"] < 1
    assert walled.score > JUDGE(TASK, [DIRECT])[0].score
    behind = TASK.model_copy(update={"coin": (3.0, 1.0)})
    (lost,) = JUDGE(behind, [through((1, 1), (2, 1), (3, 1), (1, 2))])
    assert not lost.passed
    assert lost.score < -10
    course = JUDGE.course(TASK, WALLED)
    assert GEOMETRY.segment_free(course.points[:-1], course.points[1:], slack=0.02).all()


def test_without_a_coin_time_decides():
    rest = without_coin(TASK, np.array([1.0, 1.5, 0.0, 0.0]))
    assert (rest.coin, rest.start, rest.goal) == (None, (1.0, 1.5, 0.0, 0.0), TASK.goal)
    slow, fast = JUDGE(rest, [THERE_AND_BACK, DIRECT])
    assert slow.passed
    assert fast.score > slow.score
    assert "coin" not in fast.evidence
    assert replace_start(TASK, np.array([1.0, 1.5, 0.0, 0.0])).coin == TASK.coin


def test_of_many_only_the_promising_ones_are_looked_at_closely():
    quick = NearestFree(GEOMETRY, closely=2)
    values = [DIRECT, through((1, 1), (1, 2)), PAST, THERE_AND_BACK]
    slow, fast = JUDGE(TASK, values), quick(TASK, values)
    assert fast[2:] == slow[2:]
    assert all(v.evidence["glance"] and not v.passed for v in fast[:2])
    assert max(v.score for v in fast[:2]) < min(v.score for v in fast[2:])


def test_settings_that_make_no_sense_are_refused():
    for wrong in ({"smoothings": ()}, {"smoothings": (-0.1,)}, {"slack": -1.0}, {"closely": 0}):
        with pytest.raises(InvalidConfigError):
            NearestFree(GEOMETRY, **wrong)
