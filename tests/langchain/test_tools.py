"""The tools pass LangChain's own suites, say what is wrong, stop when nobody waits, and share their plans."""

import asyncio
import json
import runpy
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.domains.toolplan import ToolRequest, tool_planner
from agentic_diffusion.planning.domains.trajectory import Reach
from agentic_diffusion.planning.shelf import PlanShelf, plan_id
from agentic_diffusion.records import Plan, ToolSpec
from langchain_agentic_diffusion import DiffusionPlanTool, ReportOutcomeTool
from langchain_agentic_diffusion.tools import Goal, goal_request
from langchain_core.tools import ToolException
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from pydantic import ValidationError

HOUSE = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
Cook, Notebook, Wish, Recipe = (HOUSE[n] for n in ("Cook", "Notebook", "Wish", "Recipe"))
CALL = {"type": "tool_call", "id": "c1", "name": "plan", "args": {"goal": "a cake"}}


def shelf():
    """A shelf with the plan that the suites report on."""
    made = PlanShelf()
    assert made.put(Cook().plan(Wish(goal="a cake"))) == ID
    return made


ID = plan_id(Cook().plan(Wish(goal="a cake")))


class TestPlanToolAlone(ToolsUnitTests):
    """LangChain's unit tests."""

    @property
    def tool_constructor(self):
        return DiffusionPlanTool

    @property
    def tool_constructor_params(self):
        return {"planner": Cook(), "args_schema": Wish}

    @property
    def tool_invoke_params_example(self):
        return {"goal": "a cake"}


class TestPlanToolAtWork(ToolsIntegrationTests):
    """LangChain's integration tests."""

    @property
    def tool_constructor(self):
        return DiffusionPlanTool

    @property
    def tool_constructor_params(self):
        return {"planner": Cook(), "args_schema": Wish}

    @property
    def tool_invoke_params_example(self):
        return {"goal": "a cake"}


class TestReportToolAlone(ToolsUnitTests):
    """LangChain's unit tests."""

    @property
    def tool_constructor(self):
        return ReportOutcomeTool

    @property
    def tool_constructor_params(self):
        return {"learns": Notebook(), "shelf": shelf()}

    @property
    def tool_invoke_params_example(self):
        return {"plan": ID, "reward": 1.0}


class TestReportToolAtWork(ToolsIntegrationTests):
    """LangChain's integration tests."""

    @property
    def tool_constructor(self):
        return ReportOutcomeTool

    @property
    def tool_constructor_params(self):
        return {"learns": Notebook(), "shelf": shelf()}

    @property
    def tool_invoke_params_example(self):
        return {"plan": ID, "reward": 1.0, "note": "it tasted fine"}


def make(planner=None, **options):
    return DiffusionPlanTool(planner=planner or Cook(), args_schema=Wish, **options)


async def test_the_model_reads_the_plan_and_the_artifact_is_the_whole_of_it():
    tool = make(seed=3)
    message, later = tool.invoke(CALL), await tool.ainvoke(CALL)
    first, *steps = message.content.splitlines()
    assert first.startswith(f"Plan {plan_id(message.artifact)}: meets the requirements, confidence 0.50")
    assert "best of 1, 3 of 3 denoising steps (complete)." in first
    assert steps[0].startswith("1. ")
    assert steps[0].endswith('{"of": "a cake"}')
    assert len(steps) == 3
    json.dumps(message.artifact, allow_nan=False)
    plan = Plan[Wish, Recipe].model_validate(message.artifact)
    assert plan == Cook().plan(Wish(goal="a cake"), seed=3)
    assert (later.content, later.artifact) == (message.content, message.artifact)
    assert tool.shelf.get(plan_id(plan)) == plan


def test_other_arguments_make_a_request():
    schema = {"type": "object", "properties": {"dish": {"type": "string"}}, "required": ["dish"]}
    tool = DiffusionPlanTool(
        planner=Cook(), args_schema=schema, to_request=lambda told: Wish(goal=told["dish"]), keep=1
    )
    assert '"of": "soup"' in tool.invoke({"dish": "soup"})
    assert DiffusionPlanTool(planner=Cook()).args_schema is Reach


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_errors_are_raised_as_they_are_or_read_by_the_model(way):
    def go(tool, value):
        return tool.invoke(value) if way == "invoke" else asyncio.run(tool.ainvoke(value))

    with pytest.raises(InvalidStateError, match="the moon"):
        go(make(), {"goal": "the moon"})
    said = go(make(handle_tool_error=True), {**CALL, "args": {"goal": "the moon"}})
    assert said.status == "error"
    assert said.content == "Got the moon. Expected something to eat. Ask for a cake."
    with pytest.raises(ValidationError):
        go(make(handle_tool_error=True), {"goal": 7})


async def test_a_cancelled_call_stops_the_planner():
    cook = Cook(pause=0.01, rounds=10_000)
    call = asyncio.create_task(make(cook).ainvoke({"goal": "a cake"}))
    await asyncio.sleep(0.1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    made = cook.made
    await asyncio.sleep(0.2)
    assert made > 0
    assert cook.made - made <= 3


def test_a_budget_ends_the_plan():
    began = time.perf_counter()
    tool = make(
        Cook(pause=0.01, rounds=10_000), budget=Budget(stop=lambda: time.perf_counter() > began + 0.05)
    )
    assert "(stopped)" in tool.invoke({"goal": "a cake"})


def test_a_report_reaches_the_learner(notebook):
    tool = ReportOutcomeTool(learns=notebook, shelf=shelf())
    said = tool.invoke({"plan": ID, "reward": 0.25, "note": "burnt"})
    assert said == f"Noted: plan {ID} was worth 0.25."
    (outcome,) = notebook.outcomes
    assert outcome.request == Wish(goal="a cake")
    assert outcome.value == Cook().plan(Wish(goal="a cake")).chosen.value
    assert (outcome.reward, outcome.trust, outcome.source, outcome.plan_seed) == (0.25, 0.5, "agent", 0)
    assert outcome.evidence == {"plan": ID, "note": "burnt"}


def test_a_report_on_an_unknown_plan_says_what_to_do(notebook):
    words = "Got a report on the plan 'nothing'"
    with pytest.raises(InvalidStateError, match=words):
        ReportOutcomeTool(learns=notebook, shelf=shelf()).invoke({"plan": "nothing", "reward": 1.0})
    tool = ReportOutcomeTool(learns=notebook, shelf=shelf(), handle_tool_error=True)
    assert tool.invoke({"plan": "nothing", "reward": 1.0}).startswith(words)
    raising = ReportOutcomeTool(learns=notebook, shelf=shelf(), handle_tool_error=lambda error: _raise(error))
    with pytest.raises(ToolException):
        raising.invoke({"plan": "nothing", "reward": 1.0})
    with pytest.raises(ValidationError):
        tool.invoke({"plan": ID, "reward": 2.0})
    assert notebook.outcomes == []


@pytest.mark.parametrize("handle", [False, True])
def test_a_learner_that_fails_does_not_end_the_run(handle, caplog):
    class Locked:
        def learn(self, outcome):
            raise RuntimeError("db locked")

    tool = ReportOutcomeTool(learns=Locked(), shelf=shelf(), handle_tool_error=handle)
    assert tool.invoke({"plan": ID, "reward": 1.0}).startswith(f"Not noted: the report on plan {ID}")
    assert "db locked" in caplog.text


def _raise(error):
    raise error


def test_a_goal_in_words_is_what_a_planner_of_tool_calls_is_asked():
    assert goal_request(Goal(goal="a cake")) == ToolRequest(goal="a cake")
    planner = tool_planner([ToolSpec(name="look")], slots=1, width=16, depth=1, count=1)
    for tool in (
        DiffusionPlanTool(planner=planner),
        DiffusionPlanTool(planner=SimpleNamespace(planner=planner, plan=planner.plan)),
    ):
        assert (tool.args_schema, tool.to_request) == (Goal, goal_request)
        assert tool.tool_call_schema.model_json_schema()["properties"].keys() == {"goal"}
        assert tool.invoke({"goal": "look"}).splitlines()[1] == "1. look"

    class Wanted(Goal):
        """A goal of one's own."""

    made = DiffusionPlanTool(
        planner=planner, args_schema=Wanted, to_request=lambda told: ToolRequest(goal="x")
    )
    assert made.shelf.get(made.invoke({"goal": "look"}).split()[1].rstrip(":")).request.goal == "x"
    assert DiffusionPlanTool(planner=planner, args_schema=Wanted).to_request is goal_request
