"""One planner, one request, one seed: the same plan as tool, node, sub-graph and in an agent with middleware."""

import runpy
from pathlib import Path

import pytest
from agentic_diffusion.planning.domains.toolplan import ToolPlan, ToolRequest
from agentic_diffusion.planning.shelf import PlanShelf
from agentic_diffusion.records import Plan
from langchain.agents import create_agent
from langchain_agentic_diffusion import DiffusionPlanTool, Goal, OutcomeFeedbackMiddleware, goal_request
from langchain_agentic_diffusion.testing import ScriptedChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph_agentic_diffusion import (
    DiffusionPlannerNode,
    PlannerState,
    PlanOutcomes,
    ToolFeedback,
    create_planner_graph,
    create_tool_plan_graph,
)

ERRANDS = runpy.run_path(str(Path(__file__).parents[1] / "langgraph" / "errands.py"))
GOAL, SEED = "send me a flight", 7


def steady(plan):
    """A plan without the time and the memory it took."""
    return (
        Plan[ToolRequest, ToolPlan].model_validate(plan).model_copy(update={"seconds": 0.0, "memory": None})
    )


@pytest.fixture(scope="module")
def planner():
    return ERRANDS["make_planner"](ERRANDS["make_tools"]())


@pytest.fixture(scope="module")
def expected(planner):
    return steady(planner.plan(ToolRequest(goal=GOAL), seed=SEED).model_dump())


def tool(planner, **options):
    return DiffusionPlanTool(planner=planner, args_schema=Goal, to_request=goal_request, seed=SEED, **options)


async def test_as_a_tool_and_as_a_node(planner, expected):
    call = {"type": "tool_call", "id": "c", "name": "plan", "args": {"goal": GOAL}}
    assert steady(tool(planner).invoke(call).artifact) == expected
    assert steady((await tool(planner).ainvoke(call)).artifact) == expected
    node = DiffusionPlannerNode(planner, request_type=ToolRequest)
    state = {"request": {"goal": GOAL}, "seed": SEED}
    assert steady(node.invoke(state)["plan"]) == expected
    assert steady((await node.ainvoke(state))["plan"]) == expected


def test_as_a_sub_graph(planner, expected):
    inner = create_planner_graph(DiffusionPlannerNode(planner, request_type=ToolRequest)).compile()
    graph = StateGraph(PlannerState).add_node("inner", inner).add_edge(START, "inner").compile()
    assert steady(graph.invoke({"request": {"goal": GOAL}, "seed": SEED})["plan"]) == expected


def test_as_a_tool_graph(planner, expected):
    node = DiffusionPlannerNode(planner, request_type=ToolRequest)
    graph = create_tool_plan_graph(node, ERRANDS["make_tools"]()).compile()
    state = graph.invoke({"messages": [HumanMessage(GOAL)], "seed": SEED})
    assert steady(state["plan"]) == expected
    assert [step["tool"] for step in state["request"]["done"]] == list(expected.chosen.value.tools)
    assert "plan" not in MessagesState.__annotations__


def follows(place):
    """The line that carries out one step of the plan in the messages, its arguments read from the answers so far."""

    def line(messages):
        (plan,) = [steady(m.artifact) for m in messages if m.type == "tool" and m.name == "plan"]
        name = plan.chosen.value.tools[place]
        known = {"book": {"flight": "F"}, "send": {"booking": "B"}}.get(name, {})
        return AIMessage("", tool_calls=[{"name": name, "args": known, "id": f"s{place}"}])

    return line


async def test_in_an_agent_whose_middleware_tells_a_learner(planner, expected, notebook):
    shelf = PlanShelf()
    ask = AIMessage("", tool_calls=[{"name": "plan", "args": {"goal": GOAL}, "id": "p"}])
    agent = create_agent(
        ScriptedChatModel(script=[ask, follows(0), follows(1), follows(2), "done"]),
        [tool(planner, shelf=shelf), *ERRANDS["make_tools"]()],
        middleware=[OutcomeFeedbackMiddleware(ToolFeedback(PlanOutcomes(notebook, shelf)))],
    )
    state = await agent.ainvoke({"messages": [HumanMessage(GOAL)]})
    (answer,) = [m for m in state["messages"] if m.type == "tool" and m.name == "plan"]
    assert steady(answer.artifact) == expected
    (told,) = notebook.outcomes
    assert (told.request, told.value, told.plan_seed) == (expected.request, expected.chosen.value, SEED)
    assert told.reward == 1.0
