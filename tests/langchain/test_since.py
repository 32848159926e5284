"""A plan that is asked for again goes on from what was done, without the tools that failed."""

import runpy
from pathlib import Path

from agentic_diffusion.planning.domains.toolplan import Catalogue, ToolPlanDomain, ToolRequest
from agentic_diffusion.records import Given, ToolSpec
from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call
from langchain_agentic_diffusion import DiffusionPlanTool, OutcomeFeedbackMiddleware
from langchain_agentic_diffusion.since import Since
from langchain_agentic_diffusion.testing import ScriptedChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph_agentic_diffusion import ToolFeedback
from langgraph_agentic_diffusion.uses import MISCALLED

ERRANDS = runpy.run_path(str(Path(__file__).parents[1] / "langgraph" / "errands.py"))
GOAL = "send me a flight"
SPECS = (ToolSpec(name="a", gives=("x",)), ToolSpec(name="b", repeats=True), ToolSpec(name="c"))
SINCE = Since(ToolPlanDomain(Catalogue.of(SPECS), 3))


def planned(goal=GOAL):
    """The messages of a plan."""
    artifact = {"request": {"goal": goal}, "seed": 0, "chosen": {"value": {"steps": []}}}
    call = {"name": "plan", "args": {"goal": goal}, "id": f"plan {goal}"}
    return [AIMessage("", tool_calls=[call]), ToolMessage("ok", tool_call_id=call["id"], artifact=artifact)]


def called(name, content="7", status="success", **arguments):
    """The messages of a call."""
    number = f"{name} {content} {status}"
    call = {"name": name, "args": arguments, "id": number}
    return [AIMessage("", tool_calls=[call]), ToolMessage(content, tool_call_id=number, status=status)]


def since(*parts, goal=GOAL):
    return SINCE(
        ToolRequest(goal=goal), [HumanMessage("go"), *(message for part in parts for message in part)]
    )


def test_the_first_plan_is_asked_for_as_it_is():
    assert since() == (ToolRequest(goal=GOAL), 0)
    assert since(called("a"), called("c", "no", "error")) == (ToolRequest(goal=GOAL), 0)


def test_what_was_done_since_the_goal_was_first_planned_for():
    request, failed = since(
        called("c"), planned(), called("a", n=1), called("other"), planned(), called("b", "no", "error")
    )
    (step,) = request.done
    assert (step.tool, step.arguments) == ("a", {"n": Given(value=1)})
    assert (request.facts, request.tools, failed) == ({"x": 7}, (), 1)
    assert since(planned(), called("a"), goal="Send me  a flight!")[0].done
    assert since(planned(), called("a"), goal="a hotel") == (ToolRequest(goal="a hotel"), 0)
    assert since(planned(), called("a"), [HumanMessage("thanks")]) == (ToolRequest(goal=GOAL), 0)
    assert since(planned(), [AIMessage("", tool_calls=[{"name": "a", "args": {}, "id": "1"}])])[0].done == ()


def test_what_was_called_for_another_goal_is_not_done_for_this_one():
    both = planned(), planned("a hotel"), called("a", n=1), called("c", "no", "error")
    assert since(*both) == (ToolRequest(goal=GOAL), 0)
    request, failed = since(*both, goal="a hotel")
    assert ([step.tool for step in request.done], request.facts, failed) == (["a"], {"x": 7}, 1)
    request, _ = since(*both, planned(), called("b"))
    assert [step.tool for step in request.done] == ["b"]


def test_tools_that_failed_twice_are_left_out_for_any_goal():
    twice = called("a", "no", "error"), called("a", "down", "error")
    assert since(planned(), *twice)[0].tools == ("b", "c")
    assert since(planned(), *twice)[1] == 2
    assert since(planned(), *twice, goal="a hotel") == (ToolRequest(goal="a hotel", tools=("b", "c")), 0)
    wrong = (called("a", begins + "a'", "error") for begins in MISCALLED)
    assert since(planned(), *wrong) == (ToolRequest(goal=GOAL), 0)


def test_more_was_done_than_the_planner_has_room_for():
    many = [called("a"), called("b", "1"), called("b", "2")]
    request, _ = since(planned(), *many)
    assert [step.tool for step in request.done] == ["b", "b"]
    assert (request.tools, request.facts) == (("b", "c"), {"x": 7})


@wrap_tool_call
def told_to_the_model(request, handler):
    """Let the model read what a tool raised."""
    try:
        return handler(request)
    except ConnectionError as error:
        return ToolMessage(str(error), tool_call_id=request.tool_call["id"], status="error")


def test_in_an_agent(notebook):
    planner = ERRANDS["make_planner"](ERRANDS["make_tools"]())
    seen = []

    def ask(messages):
        return AIMessage("", tool_calls=[{"name": "plan", "args": {"goal": GOAL}, "id": f"p{len(messages)}"}])

    def follow(messages):
        plan = next(m for m in reversed(messages) if m.name == "plan").artifact
        value = plan["chosen"]["value"]
        seen.append(([step["tool"] for step in value["steps"]], value["done"], plan["seed"]))
        name = value["steps"][value["done"]]["tool"]
        told = {"book": {"flight": "F"}, "send": {"booking": "B"}}.get(name, {})
        return AIMessage("", tool_calls=[{"name": name, "args": told, "id": f"c{len(messages)}"}])

    agent = create_agent(
        ScriptedChatModel(script=[*[ask, follow] * 5, "done"]),
        [
            DiffusionPlanTool(planner=planner),
            *ERRANDS["make_tools"](broken=("search", "search"), log=(log := [])),
        ],
        middleware=[OutcomeFeedbackMiddleware(ToolFeedback(notebook)), told_to_the_model],
    )
    agent.invoke({"messages": [HumanMessage(GOAL)]})
    assert log == ["search", "search", "archive", "book", "send"]
    assert seen == [
        (["search", "book", "send"], 0, 0),
        (["search", "book", "send"], 0, 1),
        (["archive", "book", "send"], 0, 2),
        (["archive", "book", "send"], 1, 2),
        (["archive", "book", "send"], 2, 2),
    ]
    steps = [use.value.of.step for use in notebook.outcomes if use.value.tool != "plan"]
    assert steps == [0, 0, 0, 1, 2]
