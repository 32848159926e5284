"""Plans become calls: arguments are filled in, steps that wait for nothing go side by side, ids are steady."""

import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.planning.domains.toolplan import ToolPlan, ToolRequest
from agentic_diffusion.planning.shelf import PlanShelf, plan_id
from agentic_diffusion.records import Candidate, Given, Open, Plan, PlanStep, Quoted, Result, Verdict
from langchain_core.tools import StructuredTool
from langgraph_agentic_diffusion import CallNode, StepOf, known_arguments
from langgraph_agentic_diffusion.calling import part, result_of


def state(*steps, done=(), **more):
    """The state with a plan of these steps."""
    request = ToolRequest(goal="go", done=done)
    chosen = Candidate(value=ToolPlan(steps=steps, done=len(done)), verdict=Verdict(passed=True, score=1.0))
    plan = Plan[ToolRequest, ToolPlan](
        request=request,
        chosen=chosen,
        confidence=1.0,
        considered=(chosen,),
        steps_done=1,
        steps_asked=1,
        batch=1,
        seconds=0.0,
        seed=4,
    )
    return {
        "request": request.model_dump(mode="json"),
        "plan": plan.model_dump(mode="json"),
        "rounds": 1,
        **more,
    }


def test_arguments_come_from_where_the_plan_says():
    step = PlanStep(
        tool="send",
        arguments={
            "a": Given(value=[1, 2]),
            "b": Quoted(text="Rome", start=3),
            "c": Quoted(text="'x'", key="fact"),
            "d": Result(step=0, key="flight"),
            "e": Result(step=1),
            "f": Result(step=7),
            "g": Open(),
        },
    )
    request = ToolRequest(goal="to Rome", facts={"fact": {"x": 1}})
    told = known_arguments(step, request, {"0": {"flight": "F1", "price": 3}, "1": "all"})
    assert told == {"a": [1, 2], "b": "Rome", "c": {"x": 1}, "d": "F1", "e": "all"}


def test_parts_and_results():
    assert part({"a": 1}, "a") == 1
    assert part({"a": 1}, "b") == {"a": 1}
    assert part("text", "a") == "text"
    assert result_of('{"a": 1}') == {"a": 1}
    assert result_of("plain") == "plain"
    assert result_of([{"type": "text", "text": "x"}]) == [{"type": "text", "text": "x"}]


ONE, TWO, THREE = (PlanStep(tool="a"), PlanStep(tool="b"), PlanStep(tool="c", after=(0, 1)))


async def test_steps_that_wait_for_nothing_are_called_together():
    shelf = PlanShelf()
    asked = state(ONE, TWO, THREE)
    update = await CallNode(shelf=shelf).ainvoke(asked)
    (message,) = update["messages"]
    name = plan_id(asked["plan"])
    assert [(call["name"], call["id"]) for call in message.tool_calls] == [
        ("a", f"{name}-1-0"),
        ("b", f"{name}-1-1"),
    ]
    step = StepOf.model_validate(update["steps_of"][f"{name}-1-1"])
    assert step == StepOf(plan=name, step=1, request=asked["plan"]["request"], seed=4)
    assert shelf.get(name) is not None
    assert CallNode().invoke(asked)["steps_of"] == update["steps_of"]
    alone = CallNode(one_at_a_time=True).invoke(asked)["messages"][0].tool_calls
    assert [call["name"] for call in alone] == ["a"]


def test_what_is_done_is_not_called_again():
    assert [
        c["name"] for c in CallNode().invoke(state(ONE, TWO, THREE, done=(ONE,)))["messages"][0].tool_calls
    ] == ["b"]
    calls = CallNode().invoke(state(ONE, TWO, THREE, done=(ONE, TWO)))["messages"][0].tool_calls
    assert [call["name"] for call in calls] == ["c"]


async def test_open_arguments_are_somebody_elses():
    def fill(step, request, results):
        return {**known_arguments(step, request, results), "n": len(results), "goal": request.goal}

    update = await CallNode(fill=fill).ainvoke(state(ONE, results={"0": "x"}))
    assert update["messages"][0].tool_calls[0]["args"] == {"n": 1, "goal": "go"}


def needing(name, *, after=()):
    """A step with a required argument that nobody has given."""
    return PlanStep(tool=name, after=after, arguments={"text": Open(required=True)})


def test_nothing_is_called_while_a_required_argument_stays_open():
    asked = state(ONE, needing("b"), PlanStep(tool="c", arguments={"x": Open(required=False)}))
    update = CallNode().invoke(asked)
    assert "messages" not in update
    (lack,) = update["missing"]
    assert (lack["step"], lack["tool"], lack["argument"]) == (1, "b", "text")
    begun = CallNode(whole=False).invoke(asked)
    assert [call["name"] for call in begun["messages"][0].tool_calls] == ["a"]
    assert begun["missing"] == []
    known = {**asked, "request": {**asked["request"], "facts": {"text": "hi"}}}
    assert CallNode().invoke(known)["messages"][0].tool_calls[1]["args"] == {"text": "hi"}


def test_a_fill_may_find_arguments_on_the_way_and_what_it_does_not_find_is_missing():
    def fill(step, request, results):
        return {"text": results["0"]} if "0" in results else {}

    steps = ONE, needing("b", after=(0,))
    first = CallNode(fill=fill).invoke(state(*steps))
    assert [call["name"] for call in first["messages"][0].tool_calls] == ["a"]
    second = CallNode(fill=fill).invoke(state(*steps, done=(ONE,), results={"0": "found"}))
    assert second["messages"][0].tool_calls[0]["args"] == {"text": "found"}
    lost = CallNode(fill=fill).invoke(state(*steps, done=(ONE,)))
    assert "messages" not in lost
    assert [lack["step"] for lack in lost["missing"]] == [1]


def test_arguments_are_cast_to_what_the_tool_takes_and_checked():
    def wait(nights: int) -> str:
        return str(nights)

    waiting = StructuredTool.from_function(wait, name="a", description="Wait.")
    asked = state(PlanStep(tool="a", arguments={"nights": Quoted(text="3", start=0)}))
    update = CallNode(tools=[waiting]).invoke(asked)
    assert update["messages"][0].tool_calls[0]["args"] == {"nights": 3}
    bad = CallNode(tools=[waiting], fill=lambda *_: {"nights": "many"}).invoke(asked)
    assert "messages" not in bad
    assert "integer" in bad["missing"][0]["why"]


def test_without_a_plan_there_is_nothing_to_call():
    with pytest.raises(InvalidStateError, match="without 'plan'"):
        CallNode().invoke({"request": {}})
