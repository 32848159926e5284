"""Progress reaches the custom stream of a graph, a callback handler, or nobody, without an error."""

import runpy
from pathlib import Path

import pytest
from langchain_agentic_diffusion import DiffusionPlanTool
from langchain_agentic_diffusion.progress import progress_writer
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph_agentic_diffusion import PROGRESS

HOUSE = runpy.run_path(str(Path(__file__).with_name("conftest.py")))


class Ear(BaseCallbackHandler):
    def __init__(self):
        self.heard = []

    def on_custom_event(self, name, data, *, run_id, **kwargs):
        self.heard.append((name, data["step"]))


@pytest.fixture
def tool():
    return DiffusionPlanTool(planner=HOUSE["Cook"](pause=0.06), args_schema=HOUSE["Wish"])


async def test_into_the_custom_stream(tool):
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([tool]))
    graph.add_edge(START, "tools")
    app = graph.compile()
    call = {"name": "plan", "args": {"goal": "a cake"}, "id": "c"}
    asked = {"messages": [AIMessage("", tool_calls=[call])]}
    steps = [event["step"] for event in app.stream(asked, stream_mode="custom")]
    later = [event async for event in app.astream(asked, stream_mode="custom")]
    assert steps == [event["step"] for event in later] == [1, 2, 3]
    assert {event["type"] for event in later} == {PROGRESS}


async def test_into_callbacks(tool):
    ear = Ear()
    tool.invoke({"goal": "a cake"}, {"callbacks": [ear]})
    assert ear.heard == [(PROGRESS, 1), (PROGRESS, 2), (PROGRESS, 3)]
    await tool.ainvoke({"goal": "a cake"}, {"callbacks": [ear]})
    assert len(ear.heard) == 6


def test_nowhere(tool):
    progress_writer()({"step": 1})
    assert RunnableLambda(lambda goal: tool.invoke({"goal": goal})).invoke("a cake").startswith("Plan ")
