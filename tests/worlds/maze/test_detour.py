"""Detours: where the plan of a task fails, two plans over a place between take its stead, if they pass."""

from dataclasses import replace

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.maze.detour import Detours
from agentic_diffusion_worlds.maze.domain import reach
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.pace import SoonestFree

GEOMETRY = Geometry(UMAZE.map)
FAR = reach((*GEOMETRY.cell_to_xy((3, 1)), 0.0, 0.0), GEOMETRY.cell_to_xy((1, 1)))
NEAR = reach((*GEOMETRY.cell_to_xy((3, 1)), 0.0, 0.0), GEOMETRY.cell_to_xy((3, 3)))
JUDGE = SoonestFree(GEOMETRY)


class Short:
    """Knows ways of up to three cells; for longer ones it plans straight through the walls."""

    def __init__(self, routes):
        self.planner = replace(routes.make_planner(UMAZE, horizon=32, stride=16), verify=JUDGE)
        self.asked = []

    def plan(self, request, *, seed=0, budget=None, watch=None):
        self.asked.append(request)
        plan = self.planner.plan(request, seed=seed)
        cells = [GEOMETRY.xy_to_cell(place[:2]) for place in (request.start, request.goal)]
        if len(UMAZE.map.path_cells(*cells)) <= 4:
            return plan
        failed = [
            c.model_copy(update={"verdict": c.verdict.model_copy(update={"passed": False})})
            for c in plan.considered
        ]
        return plan.model_copy(update={"chosen": failed[0], "considered": tuple(failed)})


def test_a_long_way_is_put_together_from_two_short_ones(routes):
    short = Short(routes)
    (plan,) = Detours(GEOMETRY, JUDGE, horizon=32, over=7)(short, FAR, seed=0)
    assert plan.chosen.verdict.passed
    assert plan.request == FAR
    assert len(plan.chosen.value.states) == 32
    assert plan.chosen.value.states[0] == pytest.approx(FAR.start, abs=1e-4)
    assert plan.chosen.value.states[-1] == pytest.approx(FAR.goal, abs=1e-4)
    assert all(verdict.passed for verdict in JUDGE(FAR, [plan.chosen.value]))


def test_what_passes_is_left_as_it_is(routes):
    short = Short(routes)
    (plan,) = Detours(GEOMETRY, JUDGE, horizon=32)(short, NEAR, seed=0)
    assert plan == short.plan(NEAR, seed=0).model_copy(update={"seconds": plan.seconds})
    assert short.asked == [NEAR, NEAR]


def test_where_no_detour_passes_the_plan_stays(routes):
    short = Short(routes)
    strict = Detours(GEOMETRY, SoonestFree(GEOMETRY, effort=-1.0), horizon=32, over=7)
    (plan,) = strict(short, FAR, seed=0)
    assert not plan.chosen.verdict.passed
    assert plan.chosen.value == short.plan(FAR, seed=0).chosen.value


def test_an_errand_that_most_candidates_pass_is_left_out_and_one_that_fails_is_not(routes):
    short = Short(routes)
    detours = Detours(GEOMETRY, JUDGE, horizon=32, over=7, easy=0.25)
    assert detours(short, NEAR, seed=0) == []
    (plan,) = detours(short, FAR, seed=0)
    assert plan.chosen.verdict.passed
    assert len(replace(detours, easy=1.0)(short, NEAR, seed=0)) == 1


def test_detours_over_nothing_are_refused():
    with pytest.raises(InvalidConfigError, match="over=0"):
        Detours(GEOMETRY, JUDGE, horizon=32, over=0)


def test_no_share_lies_above_one():
    with pytest.raises(InvalidConfigError, match="easy=1"):
        Detours(GEOMETRY, JUDGE, horizon=32, easy=1.5)
