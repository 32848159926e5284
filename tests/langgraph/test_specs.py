"""Tools describe themselves to a planner."""

from types import SimpleNamespace
from typing import Annotated

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan import tool_planner
from agentic_diffusion.records import ToolSpec
from langchain_core.tools import InjectedToolArg, StructuredTool, tool
from langgraph_agentic_diffusion import tool_spec, tool_specs
from langgraph_agentic_diffusion.specs import check_tools, domain_of


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


def test_what_is_no_tool_is_refused():
    with pytest.raises(InvalidConfigError, match=r"a function as a tool.*decorator"):
        tool_spec(lambda city: city)
    with pytest.raises(InvalidConfigError, match="a dict as a tool"):
        tool_spec({"name": "t"})


def test_tools_and_planner_must_know_the_same():
    one, two = ToolSpec(name="one"), ToolSpec(name="two")
    planner = tool_planner([one, two], slots=2, width=16)
    inside = SimpleNamespace(planner=planner)  # as an evolver or a batcher holds it
    for known in (planner, inside):
        assert domain_of(known) is planner.domain
        check_tools(known, [two, one])
        with pytest.raises(
            InvalidConfigError, match=r"with \['two'\] besides.*tools \['lc'\] that it does not"
        ):
            check_tools(known, [one, ToolSpec(name="lc")])
    assert domain_of(object()) is None
    check_tools(object(), [one])
    with pytest.raises(InvalidConfigError, match="more than one tool of the name 'one'"):
        check_tools(object(), [one, one])
    with pytest.raises(InvalidConfigError, match="0 tools"):
        check_tools(object(), [])
