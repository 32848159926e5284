"""Mazes as a domain: impossible requests are refused before any network runs; curves are judged by the clock."""

import math
from itertools import chain

import numpy as np
import pytest
import torch
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion_worlds.maze.courses import BALL
from agentic_diffusion_worlds.maze.domain import FastestFree, MazeDomain, limits_of, reach
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE

GEOMETRY = Geometry(UMAZE.map)
START, GOAL = GEOMETRY.cell_to_xy((3, 1)), GEOMETRY.cell_to_xy((1, 1))


def way(*cells, start=START):
    states = [(*start, 0.0, 0.0), *((*GEOMETRY.cell_to_xy(cell), 0.0, 0.0) for cell in cells)]
    states = tuple(tuple(map(float, state)) for state in states)
    return Trajectory(states=states, seconds=0.5, arrival=len(states) - 1)


AROUND = way((3, 2), (3, 3), (2, 3), (1, 3), (1, 2), (1, 1))
THROUGH = way((1, 1))


@pytest.mark.parametrize(
    ("start", "goal", "said"),
    [
        ((2.0, 1.0, 0.0, 0.0), GOAL, "start"),
        ((*START, 0.0, 0.0), (2.0, 1.0), "goal"),
        ((math.nan, 1.0, 0.0, 0.0), GOAL, "start"),
        ((*START, math.inf, 0.0), GOAL, "start"),
        ((99.0, 1.0, 0.0, 0.0), GOAL, "start"),
        ((*START, 0.0, 0.0), (-7.0, 1.0), "goal"),
        ((*START, 0.0), GOAL, "start"),
    ],
    ids=["wall", "goal in wall", "nan", "infinite", "outside", "goal outside", "three numbers"],
)
def test_impossible_requests_are_refused_before_the_network_runs(routes, start, goal, said):
    planner = routes.make_planner(UMAZE)
    with pytest.raises(InvalidStateError, match=said):
        planner.plan(Reach.model_construct(start=start, goal=(*goal, 0.0, 0.0)))
    assert planner.denoiser.calls == 0


def test_the_refusal_of_a_wall_names_a_free_cell(tiny):
    domain = MazeDomain(tiny.trajectories(GEOMETRY), GEOMETRY)
    with pytest.raises(InvalidStateError) as caught:
        domain.condition(reach((2.0, 1.0, 0.0, 0.0), GOAL))
    assert "free cell" in caught.value.action


def test_open_ends_are_allowed(tiny):
    domain = MazeDomain(tiny.trajectories(GEOMETRY), GEOMETRY)
    condition = domain.condition(Reach(start=None, goal=(None, None, 0.0, 0.0)))
    assert not condition.context["known"][:, 0].any()


def test_states_survive_the_way_there_and_back(tiny):
    domain = MazeDomain(tiny.trajectories(GEOMETRY), GEOMETRY)
    x = domain.encode([AROUND])
    assert x.shape == domain.blank(reach((*START, 0, 0), GOAL), 1).shape
    assert x.abs().max() <= 1
    (back,) = domain.decode(x)
    assert np.allclose(back.states[:7], AROUND.states, atol=1e-5)
    assert torch.allclose(domain.encode([back]), x, atol=1e-6)


def test_the_box_holds_the_maze_and_every_speed():
    limits = limits_of(GEOMETRY)
    low, high = GEOMETRY.bounds()
    assert limits.low[:2] == pytest.approx(low)
    assert limits.high[:2] == pytest.approx(high)
    assert limits.high[2] > BALL.speed


def test_what_cuts_a_wall_fails_and_scores_lower():
    around, through = FastestFree(GEOMETRY)(reach((*START, 0, 0), GOAL), [AROUND, THROUGH])
    assert around.passed
    assert not through.passed
    assert around.score == pytest.approx(-around.evidence["seconds"], abs=1e-3)
    assert around.evidence["seconds"] > 0
    assert through.score < -1


def test_the_score_is_the_clock_of_the_course():
    judge, request = FastestFree(GEOMETRY), reach((*START, 0, 0), GOAL)
    course = judge.course(request, AROUND)
    (verdict,) = judge(request, [AROUND])
    assert course.entry(GOAL, 0.5) == pytest.approx(verdict.evidence["seconds"], abs=1e-3)
    assert np.allclose(course.points[0], START)
    assert np.allclose(course.points[-1], GOAL)


def test_a_request_without_ends_is_judged_by_where_the_plan_leads():
    judge = FastestFree(GEOMETRY)
    (verdict,) = judge(Reach(), [AROUND])
    assert verdict.passed
    assert np.allclose(judge.course(Reach(), AROUND).points[-1], GOAL)


def test_many_requests_are_judged_as_each_alone(monkeypatch):
    judge = FastestFree(GEOMETRY)
    requests = [reach((*START, 0, 0), GOAL), Reach(), reach((*START, 1.0, -1.0), GOAL)]
    values = [[AROUND, THROUGH], [AROUND], [THROUGH, AROUND, AROUND]]
    alone = [judge(request, each) for request, each in zip(requests, values, strict=True)]
    for together in (64, 2):
        monkeypatch.setattr("agentic_diffusion_worlds.maze.domain.TOGETHER", together)
        many = judge.judge_many(requests, values)
        assert [len(each) for each in many] == [2, 1, 3]
        for one, other in zip(chain(*alone), chain(*many), strict=True):
            assert (one.passed, one.evidence) == (other.passed, other.evidence)
            assert one.score == pytest.approx(other.score, abs=1e-12)
    assert judge.judge_many([], []) == []
