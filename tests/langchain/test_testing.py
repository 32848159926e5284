"""The scripted model plays its lines: whole, in pieces, with tools and usage, in sync and async, for many at once."""

import asyncio

import pytest
from agentic_diffusion.errors import InvalidStateError
from langchain.agents import create_agent
from langchain_agentic_diffusion.testing import ScriptedChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool

CALL = {"name": "add", "args": {"a": 1, "b": 2}, "id": "c1", "type": "tool_call"}


@tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@pytest.fixture
def model():
    return ScriptedChatModel(
        script=[
            AIMessage("", tool_calls=[CALL]),
            lambda messages: AIMessage(f"It is {messages[-1].content}."),
            "good  bye",
        ]
    )


async def test_an_agent_plays_the_script_in_every_way(model):
    agent = create_agent(model, [add])
    asked = {"messages": [HumanMessage("1 + 2?")]}
    once, later = agent.invoke(asked), await agent.ainvoke(asked)
    assert [m.content for m in once["messages"]] == ["1 + 2?", "", "3", "It is 3."]
    assert [m.content for m in later["messages"]] == [m.content for m in once["messages"]]
    pieces = [part async for part, _ in agent.astream(asked, stream_mode="messages")]
    assert "It is 3." in "".join(part.content for part in pieces if part.type == "AIMessageChunk")


async def test_the_line_is_counted_in_the_conversation(model):
    assert model.invoke([HumanMessage("x")]).tool_calls == [CALL]
    assert model.invoke([HumanMessage("x")]).tool_calls == [CALL]
    said = [HumanMessage("x"), AIMessage(""), AIMessage("")]
    answers = await asyncio.gather(*(model.ainvoke(said) for _ in range(5)))
    assert {answer.content for answer in answers} == {"good  bye"}
    with pytest.raises(InvalidStateError, match="answer 4"):
        model.invoke([*said, AIMessage("")])


async def test_pieces_add_up_to_the_message(model):
    bound = model.bind_tools([add], tool_choice="any", strict=True)
    assert bound.tools == (add,)
    for said in ([HumanMessage("x" * 9)], [SystemMessage("x"), AIMessage(""), AIMessage("")]):
        whole = model.invoke(said)
        pieces = list(model.stream(said))
        total = sum(pieces[1:], pieces[0])
        later = [piece async for piece in bound.astream(said)]
        for got in (total, sum(later[1:], later[0])):
            assert got.content == whole.content
            assert got.tool_calls == whole.tool_calls
            assert got.usage_metadata == whole.usage_metadata
    assert len(pieces) >= 3


def test_usage_is_given_or_counted(model):
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    told = ScriptedChatModel(script=[AIMessage("hello", usage_metadata=usage)]).invoke([HumanMessage("x")])
    assert told.usage_metadata == usage
    counted = ScriptedChatModel(script=["hello"]).invoke([HumanMessage("12345678")])
    assert counted.usage_metadata == {"input_tokens": 2, "output_tokens": 2, "total_tokens": 4}
    assert ScriptedChatModel(script=["x"])._llm_type == "scripted"


def test_content_in_blocks_is_streamed_as_it_is():
    blocks = [{"type": "text", "text": "hello"}]
    pieces = list(ScriptedChatModel(script=[AIMessage(blocks)]).stream([HumanMessage("x")]))
    assert pieces[0].content == blocks
