"""Uses of tools are judged by their status, and attributed to steps of plans."""

import pytest
from agentic_diffusion.planning.domains.trajectory import Reach
from agentic_diffusion.planning.shelf import plan_id
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command
from langgraph_agentic_diffusion import StepOf, ToolUse, by_status, from_messages, from_state
from langgraph_agentic_diffusion.uses import miscalled, which_step

ERROR = ToolMessage("no", tool_call_id="1", status="error")
USE = ToolUse(tool="mix", call="1", digest="d")


@pytest.mark.parametrize(
    ("result", "passed", "evidence"),
    [
        (ToolMessage("fine", tool_call_id="1"), True, {"status": "success"}),
        (ToolMessage("no", tool_call_id="1", status="error"), False, {"status": "error"}),
        ([Command(), ToolMessage("no", tool_call_id="1", status="error")], False, {"status": "error"}),
        (Command(), True, {"status": "success"}),
        (
            Command(update={"seen": 1, "messages": [ToolMessage("fine", tool_call_id="1")]}),
            True,
            {"status": "success"},
        ),
        (Command(update={"messages": [ERROR]}), False, {"status": "error"}),
        (Command(update=[("messages", ERROR)]), False, {"status": "error"}),
        ([Command(update={"messages": ERROR})], False, {"status": "error"}),
        ("plain", True, {"status": "success"}),
        (ValueError("no"), False, {"status": "error", "error": "ValueError"}),
    ],
)
def test_status(result, passed, evidence):
    verdict = by_status(USE, result)
    assert (verdict.passed, verdict.score, verdict.evidence) == (passed, float(passed), evidence)


@tool
def double(number: int) -> int:
    """Double a number."""
    if number < 0:
        raise ValueError("below 0")
    return 2 * number


@pytest.mark.parametrize("handle", [True, lambda error: str(error), None])
def test_a_call_with_wrong_arguments_is_known_by_the_answer_of_the_tool_node(handle):
    results = []

    def watch(request, execute):
        results.append(execute(request))
        return results[-1]

    more = {} if handle is None else {"handle_tool_errors": handle}
    node = ToolNode([double], wrap_tool_call=watch, **more)
    graph = StateGraph(MessagesState).add_node("tools", node).add_edge(START, "tools").compile()
    for number in ("many", *([-1] if handle else []), 1):
        asked = {"name": "double", "args": {"number": number}, "id": "1"}
        graph.invoke({"messages": [AIMessage("", tool_calls=[asked])]})
    assert list(map(miscalled, results)) == [True, *([False] if handle else []), False]


def test_a_plan_has_one_name_however_it_is_written(planner):
    plan = planner().plan(Reach(start=(-1.0, 0.0)), seed=3)
    assert plan_id(plan) == plan_id(plan.model_dump(mode="json"))
    assert plan_id(plan) == plan_id(planner().plan(Reach(start=(-1.0, 0.0)), seed=3))
    assert plan_id(plan) != plan_id(planner().plan(Reach(start=(-1.0, 0.0)), seed=4))


def test_a_state_names_the_step():
    step = StepOf(plan="p", step=2, request={"goal": "cake"})
    state = {"steps_of": {"c": step.model_dump(mode="json")}}
    assert from_state(state, {"id": "c"}) == which_step(state, {"id": "c"}) == step
    assert from_state(state, {"id": "d"}) is None
    assert from_state(None, {"id": "c"}) is None


def plan(*tools, seed=1):
    return {
        "request": {"goal": "cake"},
        "seed": seed,
        "chosen": {"value": {"steps": [{"tool": tool} for tool in tools]}},
    }


def call(name, number):
    return {"name": name, "args": {}, "id": number}


def test_the_last_plan_in_the_messages_is_followed():
    old, new = plan("bake"), plan("mix", "bake", "mix", seed=2)
    messages = [
        HumanMessage("a cake"),
        ToolMessage("plan", artifact=old, tool_call_id="p0"),
        AIMessage("", tool_calls=[call("mix", "a")]),
        ToolMessage("plan", artifact=new, tool_call_id="p1"),
        AIMessage("", tool_calls=[call("mix", "b"), call("mix", "c"), call("look", "x")]),
        ToolMessage("mixed", artifact={"chosen": 1}, tool_call_id="b"),
        AIMessage("", tool_calls=[call("bake", "d"), call("mix", "e")]),
    ]
    found = {
        c["id"]: from_messages({"messages": messages}, c)
        for message in messages
        for c in getattr(message, "tool_calls", ())
    }
    steps = {number: step and step.step for number, step in found.items()}
    assert steps == {"a": None, "b": 0, "c": 2, "x": None, "d": 1, "e": 2}
    assert found["b"] == StepOf(plan=plan_id(new), step=0, request={"goal": "cake"}, seed=2)
    assert from_messages(messages, call("bake", "d")) == found["d"]


@pytest.mark.parametrize(
    "artifact",
    [
        None,
        {"request": 1, "seed": 2},
        {"request": 1, "seed": 2, "chosen": {"value": 3}},
        {"request": 1, "seed": 2, "chosen": {"value": {"steps": ["mix"]}}},
    ],
)
def test_what_is_no_plan_of_tools_is_passed_by(artifact):
    messages = [
        ToolMessage("?", artifact=artifact, tool_call_id="p"),
        AIMessage("", tool_calls=[call("mix", "a")]),
    ]
    assert which_step({"messages": messages}, call("mix", "a")) is None
    assert which_step({}, call("mix", "a")) is None
