"""Each run of a graph has a name, the same in all its nodes, and no other run has it."""

import asyncio
import threading

import pytest
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph_agentic_diffusion import create_tool_plan_graph
from langgraph_agentic_diffusion import runs as room
from langgraph_agentic_diffusion.runs import current_run


def two_nodes(seen):
    def note(state):
        seen.append(current_run())
        return {}

    inner = StateGraph(MessagesState).add_node("in", note).add_edge(START, "in").compile()
    graph = StateGraph(MessagesState).add_node("one", note).add_node("two", inner)
    return graph.add_edge(START, "one").add_edge("one", "two").add_edge("two", END).compile()


def test_a_run_has_one_name_also_in_graphs_within_and_another_run_another(monkeypatch):
    monkeypatch.setattr(room, "MANY", 1)
    seen = []
    for _ in range(2):
        two_nodes(seen).invoke({"messages": []})
    first, inner, second, other = seen
    assert first == inner != second == other
    assert None not in seen
    assert current_run() is None
    assert len(room._named) == 1


class Notebook:
    def __init__(self):
        self.outcomes = []

    def learn(self, outcome):
        self.outcomes.append(outcome)


async def test_runs_at_once_without_a_thread_are_not_mixed(errands):
    notebook, both, sent = Notebook(), threading.Barrier(2, timeout=20), []
    *tools, _ = errands.make_tools()

    @tool
    async def send(booking: str) -> str:
        """Send a booking, the first of two."""
        await asyncio.to_thread(both.wait)
        sent.append(booking)
        if len(sent) == 2:
            await asyncio.sleep(0.3)
            raise ConnectionError("too late")
        return "sent"

    send.metadata = {"agentic_diffusion": {"needs": ["booking"], "gives": ["sent"]}}
    tools = [*tools, send]
    graph = create_tool_plan_graph(
        errands.make_planner(tools), tools, learns=notebook, max_rounds=1
    ).compile()
    asked = {"request": {"goal": "fly to Rome"}, "seed": 3}
    states = await asyncio.gather(*(graph.ainvoke(dict(asked)) for _ in range(2)))
    assert sorted(state["done"] for state in states) == [False, True]
    assert [told.reward for told in notebook.outcomes] == [1.0, pytest.approx(2 / 3)]
