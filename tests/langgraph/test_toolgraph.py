"""The tool graph plans, calls, observes and plans again; alone, inside another, in words, and while it learns."""

from dataclasses import dataclass
from typing import Any

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan import ToolRequest, chain, tool_planner
from agentic_diffusion.records import Verdict
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import StructuredTool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph_agentic_diffusion import DiffusionPlannerNode, create_tool_plan_graph, tool_specs


@dataclass
class Changing:
    """A planner whose plans are changed; changes of `chosen` are those of its fields."""

    planner: Any
    change: dict[str, Any]

    def plan(self, request, **options):
        plan = self.planner.plan(request, **options)
        change = dict(self.change)
        if "chosen" in change:
            change["chosen"] = plan.chosen.model_copy(update=change["chosen"])
        return plan.model_copy(update=change)


ASKED = {"request": {"goal": "send me a flight"}}


@pytest.fixture(scope="module")
def planner(errands):
    return errands.make_planner(errands.make_tools())


class Notebook:
    def __init__(self):
        self.outcomes = []

    def learn(self, outcome):
        self.outcomes.append(outcome)


async def test_a_plan_is_carried_out(errands, planner):
    tools = errands.make_tools(log=(log := []))
    graph = create_tool_plan_graph(planner, tools).compile()
    state, later = graph.invoke(ASKED), await graph.ainvoke(ASKED)
    assert log == ["search", "book", "send"] * 2
    assert (state["done"], state["rounds"], state["failures"]) == (True, 1, {})
    assert state["request"]["facts"] == {
        "flight": "to Rome",
        "booking": "B-to Rome",
        "sent": "sent B-to Rome",
    }
    assert state["messages"][-1].content.splitlines()[0] == "Done."
    assert '3. send: "sent B-to Rome"' in state["messages"][-1].content
    assert [m.content for m in later["messages"]] == [m.content for m in state["messages"]]


def test_failures_are_planned_around(errands, planner):
    tools = errands.make_tools(broken=("search", "search", "book"), log=(log := []))
    notebook, calls = Notebook(), Notebook()
    state = create_tool_plan_graph(planner, tools, learns=notebook, watches=calls).compile().invoke(ASKED)
    assert [outcome.value.tool for outcome in calls.outcomes] == log
    assert log == ["search", "search", "archive", "book", "book", "send"]
    assert (state["done"], state["rounds"], state["failures"]) == (True, 4, {"search": 2, "book": 1})
    assert "search failed 2 times" in state["messages"][-1].content
    told = [(outcome.value.tools, outcome.value.done, outcome.reward) for outcome in notebook.outcomes]
    assert told == [
        (("search", "book", "send"), 0, 0.0),
        (("search", "book", "send"), 0, 0.0),
        (("archive", "book", "send"), 0, pytest.approx(1 / 3)),
        (("archive", "book", "send"), 1, 1.0),
    ]
    assert [outcome.plan_seed for outcome in notebook.outcomes] == [0, 1, 2, 3]
    assert all(isinstance(outcome.request, ToolRequest) for outcome in notebook.outcomes)


def test_rounds_run_out(errands, planner):
    tools = errands.make_tools(broken=("send",) * 9)
    state = create_tool_plan_graph(planner, tools, max_rounds=2).compile().invoke(ASKED)
    assert (state["done"], state["rounds"]) == (False, 2)
    assert state["messages"][-1].content.startswith("Not done.\n1. search")
    with pytest.raises(InvalidConfigError, match="max_rounds=0"):
        create_tool_plan_graph(planner, tools, max_rounds=0)


def test_a_plan_that_calls_nothing_or_is_advised_against_ends_at_once(errands, planner):
    for change, ending, words in (
        ({"chosen": {"value": chain()}}, "no plan", "the best one calls nothing or did not pass"),
        ({"abstained": True}, "advised against", "The planner advises against its plan"),
        ({"unfamiliar": 1.5}, "unfamiliar", "distance 1.50"),
    ):
        tools = errands.make_tools(log=(log := []))
        graph = create_tool_plan_graph(Changing(planner, change), tools, max_unfamiliar=1.2).compile()
        state = graph.invoke(ASKED)
        assert (log, state["done"], state["ending"]) == ([], False, ending)
        assert state["messages"][-1].content.startswith("Not done.\n")
        assert words in state["messages"][-1].content
    assert create_tool_plan_graph(planner, errands.make_tools()).compile().invoke(ASKED)["ending"] == "done"


def test_a_plan_that_did_not_pass_is_never_carried_out(errands, planner):
    failed = Verdict(passed=False, score=0.0, evidence={"faults": ["step 1 (search) is called twice"]})
    tools = errands.make_tools(log=(log := []))
    state = (
        create_tool_plan_graph(Changing(planner, {"chosen": {"verdict": failed}}), tools)
        .compile()
        .invoke(ASKED)
    )
    assert (log, state["done"], state["ending"]) == ([], False, "no plan")
    assert state["messages"][-1].content == (
        "Not done.\nNo plan meets the requirements: step 1 (search) is called twice."
    )


def test_a_plan_made_in_a_hurry_says_so(errands, planner):
    tools = errands.make_tools()
    state = create_tool_plan_graph(Changing(planner, {"ending": "deadline"}), tools).compile().invoke(ASKED)
    assert state["done"]
    assert state["messages"][-1].content.endswith("early end of planning (deadline).")


def test_an_open_argument_ends_the_run_and_is_no_failure_of_the_tool():
    @tool
    def check_weather(city: str) -> str:
        """Check the weather in a city."""
        raise AssertionError("it was called without a city")

    notebook, calls = Notebook(), Notebook()
    planner = tool_planner(tool_specs([check_weather]), slots=1, width=16, depth=1, count=2)
    graph = create_tool_plan_graph(planner, [check_weather], learns=notebook, watches=calls).compile()
    state = graph.invoke({"messages": [HumanMessage("check the weather for me")]})
    assert (state["ending"], state["done"], state["rounds"], state["failures"]) == (
        "missing arguments",
        False,
        1,
        {},
    )
    assert [(lack["tool"], lack["argument"]) for lack in state["missing"]] == [("check_weather", "city")]
    assert (notebook.outcomes, calls.outcomes) == ([], [])
    said = state["messages"][-1].content
    assert said.startswith(
        "Not done.\nNot called: step 1, check_weather, for its argument 'city': nobody has"
    )
    assert "`fill`" in said


def test_numbers_of_the_goal_reach_a_tool_as_numbers():
    def book(**told):
        seen.append(told)
        return "booked"

    seen: list[dict[str, object]] = []
    schema = {"type": "object", "properties": {"nights": {"type": "integer"}}, "required": ["nights"]}
    hotel = StructuredTool(name="book", description="Book a hotel.", args_schema=schema, func=book)
    planner = tool_planner(tool_specs([hotel]), slots=1, width=16, depth=1, count=2)
    graph = create_tool_plan_graph(planner, [hotel]).compile()
    assert graph.invoke({"messages": [HumanMessage("book a hotel for 3 nights")]})["done"]
    assert seen == [{"nights": 3}]


def test_tools_are_checked_where_the_graph_is_made(errands, planner):
    tools = errands.make_tools()
    for wrong, words in (
        ([], "0 tools"),
        ([*tools, tools[0]], "more than one tool of the name 'search'"),
        (tools[1:], r"plans with \['search'\] besides"),
    ):
        with pytest.raises(InvalidConfigError, match=words):
            create_tool_plan_graph(planner, wrong)


def test_what_may_be_called_holds_in_the_next_turn_of_a_thread_too(errands, planner):
    tools = errands.make_tools(broken=["archive"] * 2, log=(log := []))
    graph = create_tool_plan_graph(planner, tools).compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "4"}}
    allowed = ["archive", "book", "send"]
    first = graph.invoke({"messages": ["send me a flight"], "request": {"tools": allowed}}, config)
    assert first["request"]["tools"] == ["book", "send"]
    log.clear()
    second = graph.invoke({"messages": ["send me a flight"]}, config)
    assert (log, second["request"]["tools"]) == (["archive", "book", "send"], allowed)


def test_in_words_and_again_on_the_same_thread(errands, planner):
    graph = create_tool_plan_graph(planner, errands.make_tools()).compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    first = graph.invoke({"messages": [HumanMessage("a flight to Rome")]}, config)
    assert first["request"]["goal"] == "a flight to Rome"
    second = graph.invoke({"messages": [HumanMessage("another one")]}, config)
    assert second["request"]["goal"] == "another one"
    assert (second["done"], second["rounds"], len(second["request"]["done"])) == (True, 1, 3)
    third = graph.invoke({"request": {"goal": "by request"}, "messages": [AIMessage("so be it")]}, config)
    assert (third["request"]["goal"], third["done"]) == ("by request", True)
    fresh = {**ASKED, "messages": [HumanMessage("hello")]}
    assert graph.invoke(fresh, {"configurable": {"thread_id": "2"}})["request"]["goal"] == "send me a flight"


def test_a_newer_request_wins_over_the_last_word(errands, planner):
    graph = create_tool_plan_graph(planner, errands.make_tools()).compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "3"}}
    graph.invoke({"messages": [HumanMessage("a flight to Rome")]}, config)
    asked = {"goal": "by request", "tools": ["archive", "book", "send"]}
    second = graph.invoke({"request": asked, "messages": [HumanMessage("go on")]}, config)
    assert (second["request"]["goal"], second["done"]) == ("by request", True)
    assert [step["tool"] for step in second["request"]["done"]] == asked["tools"]
    asked = {"tools": ["archive", "book", "send"]}
    third = graph.invoke({"request": asked, "messages": [HumanMessage("in words")]}, config)
    assert third["request"]["goal"] == "in words"
    assert [step["tool"] for step in third["request"]["done"]] == asked["tools"]
    fourth = graph.invoke({"messages": [HumanMessage("once more")]}, config)
    assert (fourth["request"]["goal"], fourth["request"]["tools"]) == ("once more", asked["tools"])


def test_inside_a_bigger_graph_with_a_node_of_ones_own(errands, planner):
    node = DiffusionPlannerNode(planner, request_type=ToolRequest, seed=3, keep=1)
    inner = create_tool_plan_graph(node, errands.make_tools(), one_at_a_time=True).compile()
    graph = StateGraph(MessagesState).add_node("errand", inner).add_edge(START, "errand").compile()
    state = graph.invoke({"messages": [HumanMessage("a flight")]})
    assert state.keys() == {"messages"}
    kinds = [message.type for message in state["messages"]]
    assert kinds == ["human", *["ai", "tool"] * 3, "ai"]
    assert state["messages"][-1].content.startswith("Done.")


def test_a_sub_agent_of_deepagents(errands, planner):
    deepagents = pytest.importorskip("deepagents")
    from langchain_agentic_diffusion.testing import ScriptedChatModel

    call = {
        "name": "task",
        "args": {"description": "a flight to Rome", "subagent_type": "errands"},
        "id": "t",
    }
    agent = deepagents.create_deep_agent(
        model=ScriptedChatModel(script=[AIMessage("", tool_calls=[call]), "It is sent."]),
        subagents=[
            deepagents.CompiledSubAgent(
                name="errands",
                description="Runs errands.",
                runnable=create_tool_plan_graph(planner, errands.make_tools()).compile(),
            )
        ],
    )
    state = agent.invoke({"messages": [HumanMessage("a flight, please")]})
    (answer,) = [message for message in state["messages"] if message.type == "tool"]
    assert answer.content.startswith("Done.\n1. search")
