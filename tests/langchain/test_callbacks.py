"""The callback handler tells of tools where there is no graph, and takes interrupts for what they are."""

import asyncio
import threading
from uuid import uuid4

import pytest
from langchain_agentic_diffusion import OutcomeCallbackHandler
from langchain_agentic_diffusion import callbacks as room
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, interrupt
from langgraph_agentic_diffusion import StepOf, ToolFeedback


@tool
def mix(flour: int) -> str:
    """Mix."""
    if flour < 0:
        raise ValueError("not so little")
    return "dough"


@tool
async def bake(seconds: float) -> str:
    """Bake."""
    await asyncio.sleep(seconds)
    return "cake"


@tool
def burn() -> str:
    """Fail."""
    raise ToolException("smoke")


@tool
def ask() -> str:
    """Ask a person."""
    return interrupt("really?")


@pytest.fixture
def handler(notebook):
    return OutcomeCallbackHandler(ToolFeedback(notebook, plain=True, granularity="attempt"))


def test_tools_alone_and_in_chains(handler, notebook):
    config = {"callbacks": [handler]}
    mix.invoke({"flour": 1}, config)
    handler.feedback.expect("c1", StepOf(plan="p", step=0))
    mix.invoke({"name": "mix", "args": {"flour": 2}, "id": "c1", "type": "tool_call"}, config)
    RunnableLambda(lambda flour: mix.invoke({"flour": flour})).invoke(3, config)
    with pytest.raises(ValueError, match="so little"):
        mix.invoke({"flour": -1}, config)
    burn.handle_tool_error = True
    burn.invoke({"name": "burn", "args": {}, "id": "c2", "type": "tool_call"}, config)
    assert [told.reward for told in notebook.outcomes] == [1.0, 1.0, 1.0, 0.0, 0.0]
    assert [told.value.arguments for told in notebook.outcomes[:4]] == [{"flour": n} for n in (1, 2, 3, -1)]
    assert notebook.outcomes[1].value.of == StepOf(plan="p", step=0)
    assert notebook.outcomes[1].value.call == "c1"
    assert notebook.outcomes[3].evidence["message"] == "not so little"
    assert len({told.id for told in notebook.outcomes}) == 5


def test_an_error_that_was_handled_is_not_taken_for_a_sure_success(handler, notebook):
    burn.handle_tool_error = True
    assert burn.invoke({}, {"callbacks": [handler]}) == "smoke"
    mix.invoke(
        {"name": "mix", "args": {"flour": 2}, "id": "c1", "type": "tool_call"}, {"callbacks": [handler]}
    )
    unsure, sure = notebook.outcomes
    assert unsure.trust == 0.5
    assert "unsure" in unsure.evidence
    assert sure.trust == 1.0
    assert "unsure" not in sure.evidence


async def test_asynchronous_tools_out_of_order(handler, notebook):
    config = {"callbacks": [handler]}
    await asyncio.gather(*(bake.ainvoke({"seconds": s}, config) for s in (0.1, 0.01)))
    assert [told.value.arguments["seconds"] for told in notebook.outcomes] == [0.01, 0.1]
    task = asyncio.create_task(bake.ainvoke({"seconds": 9.0}, config))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(notebook.outcomes) == 2
    assert threading.current_thread() is threading.main_thread()


def test_in_a_graph_an_interrupt_is_no_outcome(handler, notebook):
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([ask]))
    graph.add_edge(START, "tools")
    app = graph.compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "7"}, "callbacks": [handler]}
    app.invoke({"messages": [AIMessage("", tool_calls=[{"name": "ask", "args": {}, "id": "a"}])]}, config)
    assert notebook.outcomes == []
    app.invoke(Command(resume="yes"), config)
    (told,) = notebook.outcomes
    assert (told.value.attempt, told.value.call, told.value.thread) == (1, "a", "7")


def test_an_end_without_a_beginning_is_passed_by(handler, notebook, monkeypatch):
    monkeypatch.setattr(room, "ROOM", 1)
    first, second = uuid4(), uuid4()
    for run in (first, second):
        handler.on_tool_start({"name": "mix"}, "text", run_id=run)
    for run in (first, second, second):
        handler.on_tool_end("done", run_id=run)
    handler.on_tool_error(ValueError("x"), run_id=first)
    (told,) = notebook.outcomes
    assert told.value.arguments == {"input": "text"}
