"""Tools describe themselves to a planner."""

from typing import Annotated

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import ToolSpec
from langchain_core.tools import InjectedToolArg, StructuredTool, tool
from langgraph_agentic_diffusion import tool_spec, tool_specs


@tool
def book(city: str, seats: int = 1, secret: Annotated[str, InjectedToolArg] = "") -> str:
    """Book a flight."""
    return city


def test_a_tool_tells_its_name_description_and_arguments():
    spec = tool_spec(book)
    assert (spec.name, spec.description) == ("book", "Book a flight.")
    assert spec.arguments["properties"].keys() == {"city", "seats"}
    assert spec.arguments["required"] == ["city"]
    assert spec == ToolSpec(name="book", description="Book a flight.", arguments=spec.arguments)


def test_metadata_tells_the_rest():
    made = book.model_copy(
        update={"metadata": {"agentic_diffusion": {"needs": ["flight"], "gives": ["seat"], "cost": 2.5}}}
    )
    spec = tool_spec(made)
    assert (spec.needs, spec.gives, spec.cost, spec.reads) == (("flight",), ("seat",), 2.5, False)
    for metadata in ({"readOnlyHint": True}, {"mcp": {"annotations": {"readOnlyHint": True}}}):
        assert tool_spec(book.model_copy(update={"metadata": metadata})).reads
    assert not tool_spec(book.model_copy(update={"metadata": {"mcp": "server"}})).reads


def test_json_schemas_and_tools_without_arguments():
    schema = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"], "title": "X"}
    asked = StructuredTool(name="ask", description="Ask.", args_schema=schema, func=lambda q: q)
    bare = StructuredTool.from_function(lambda: "now", name="now", description="Tell the time.")
    ask, now = tool_specs([asked, bare])
    assert ask.arguments == {"properties": {"q": {"type": "string"}}, "required": ["q"]}
    assert now.arguments == {}


@pytest.mark.parametrize(
    "change",
    [
        {"name": "two\nlines"},
        {"metadata": {"agentic_diffusion": {"want": 1}}},
        {"metadata": {"agentic_diffusion": 5}},
    ],
)
def test_what_cannot_be_described_is_refused(change):
    with pytest.raises(InvalidConfigError, match="the tool"):
        tool_spec(book.model_copy(update=change))
