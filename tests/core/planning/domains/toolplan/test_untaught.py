"""Untaught, a planner calls what the clauses of a goal fit, and then ends; where nothing fits it calls nothing."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from runpy import run_path
from statistics import fmean

import pytest
import torch
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.denoising.train import Recipe, fit
from agentic_diffusion.planning.domains.toolplan import ToolRequest, chain, tool_planner
from agentic_diffusion.planning.domains.toolplan.planner import FAR
from agentic_diffusion.planning.domains.toolplan.training import network_of
from agentic_diffusion.planning.domains.toolplan.untaught import Untaught, salads
from agentic_diffusion.records import ToolSpec

CROWD = run_path(str(Path(__file__).parent / "crowd.py"))


@pytest.fixture(scope="module", params=[0, 1])
def many(request):
    kinds, tools = CROWD["crowd"](240, request.param)
    return kinds, tool_planner(tools, width=16, depth=1)


def overlap(one, two):
    return 2 * len({*one} & {*two}) / (len({*one}) + len({*two}))


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_among_hundreds_of_tools_plans_end_with_what_was_asked_for(many, calls):
    kinds, planner = many
    rows = []
    for goal, wanted in CROWD["asked"](kinds, 12, calls=calls, seed=calls):
        plan = planner.plan(ToolRequest(goal=goal))
        rows.append((overlap(plan.chosen.value.tools, wanted), len(plan.chosen.value.tools)))
        assert 0 < plan.confidence <= 0.25
        assert plan.unfamiliar == FAR
    assert fmean(row[0] for row in rows) > 0.65
    assert all(length <= calls + 1 for _, length in rows)


def test_what_no_tool_is_for_has_no_plan_and_no_confidence(many):
    _, planner = many
    plans = [planner.plan(ToolRequest(goal=goal)) for goal in CROWD["NOBODYS"]]
    refused = [plan for plan in plans if not plan.chosen.value.steps]
    assert len(refused) >= len(plans) - 1
    assert all(plan.confidence == 0 and not plan.chosen.verdict.passed for plan in refused)
    assert refused[0].chosen.verdict.evidence["faults"] == ["it calls nothing"]


def told(*tools, goals=(), **more):
    return tool_planner(tools, slots=4, width=16, depth=1, count=16, goals=goals, **more)


def tools_of(planner, goal, **more):
    return planner.plan(ToolRequest(goal=goal, **more)).chosen.value.tools


ORDER = ToolSpec(name="find_order", description="Find an order", gives=("order",))
LOGIN = ToolSpec(name="login", description="Open a session", gives=("session",))
REFUND = ToolSpec(
    name="refund", description="Give money back", needs=("order", "session"), gives=("receipt",)
)
OTHER = ToolSpec(name="water_plants", description="Water the plants")


def test_what_a_call_needs_comes_before_it_unless_it_is_known():
    planner = told(REFUND, OTHER, LOGIN, ORDER)
    assert {*tools_of(planner, "Give the money back")} == {"login", "find_order", "refund"}
    assert tools_of(planner, "Give the money back", facts={"order": 1, "session": 1}) == ("refund",)


def test_goals_lead_where_words_do_not_and_are_an_end():
    planner = told(REFUND, OTHER, LOGIN, ORDER, goals=("receipt",))
    assert {*tools_of(planner, "Zzz")} == {*tools_of(planner, "")} == {"login", "find_order", "refund"}
    assert "water_plants" in tools_of(planner, "Water the plants")


def test_a_tool_that_can_never_be_called_gives_way():
    stuck = ToolSpec(name="water_plants_well", description="Water the plants well", needs=("rain",))
    planner = told(stuck, OTHER, ORDER)
    assert tools_of(planner, "Water the plants well") == ("water_plants",)
    assert tools_of(planner, "Water the plants", tools=("find_order",)) == ()


def test_executed_steps_cover_their_clauses():
    planner = told(OTHER, ORDER)
    done = chain("find_order").steps
    assert tools_of(planner, "Find the order, then water the plants", done=done) == (
        "find_order",
        "water_plants",
    )
    assert tools_of(planner, "Find the order", done=done) == ("find_order",)


def test_without_words_the_network_is_left_alone():
    planner = told(OTHER, ORDER)
    condition = planner.domain.condition(ToolRequest())
    hidden = torch.full((1, 4), planner.domain.catalogue.mask)
    untaught = planner.denoiser.denoiser
    assert isinstance(untaught, Untaught)
    assert untaught.network is network_of(planner)
    assert bool((untaught.said(hidden, condition.context) == 0).all())


def test_learning_is_added_to_it():
    planner = told(OTHER, ORDER)
    request = ToolRequest(goal="Zzz")
    assert planner.plan(request).chosen.value.steps == ()
    student = deepcopy(planner.denoiser)
    truth, condition = planner.domain.encode([chain("water_plants")] * 8), planner.domain.condition(request)
    recipe = Recipe(steps=40, learning_rate=1e-2, warmup=5, average=0.8)
    draw = lambda rng: (truth, condition)  # noqa: E731
    for _ in fit(student, planner.process, draw=draw, recipe=recipe, rng=generator(0)):
        pass
    assert tools_of(replace(planner, denoiser=student), "Zzz") == ("water_plants",)


def test_texts_that_mean_nothing_are_always_the_same():
    assert salads(5) == salads(5)
    assert all(3 <= len(text.split()) <= 7 for text in salads())
