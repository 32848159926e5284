"""Requests and plans: ordered, bounded, and the same after JSON."""

import pytest
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest, chain
from agentic_diffusion.records import Given, PlanStep
from pydantic import ValidationError


def test_a_chain_calls_one_tool_after_the_other() -> None:
    plan = chain("a", "b", "c")
    assert plan.tools == ("a", "b", "c")
    assert [step.after for step in plan.steps] == [(), (0,), (1,)]
    assert chain() == ToolPlan()


def test_steps_ahead_are_those_that_were_not_executed() -> None:
    plan = ToolPlan(steps=chain("a", "b").steps, done=1)
    assert [step.tool for step in plan.ahead] == ["b"]


def test_both_survive_json() -> None:
    step = PlanStep(tool="a", arguments={"x": Given(value=[1, None])})
    request = ToolRequest(goal="do\tit\n", tools=("a",), facts={"k": {"deep": True}}, done=(step,))
    assert ToolRequest.model_validate_json(request.model_dump_json()) == request
    plan = ToolPlan(steps=(step,), done=1)
    assert ToolPlan.model_validate_json(plan.model_dump_json()) == plan


def test_a_step_cannot_wait_for_itself_or_for_a_later_one() -> None:
    with pytest.raises(ValidationError, match="earlier steps"):
        ToolPlan(steps=(PlanStep(tool="a", after=(0,)),))


def test_no_more_steps_are_done_than_there_are() -> None:
    with pytest.raises(ValidationError, match="executed steps first"):
        ToolPlan(done=1)


@pytest.mark.parametrize(
    "wrong", [{"goal": "x\x00"}, {"goal": "x" * 20_001}, {"facts": {"": 1}}, {"tools": ("a\nb",)}]
)
def test_hostile_requests_are_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        ToolRequest(**wrong)
