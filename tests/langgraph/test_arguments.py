"""Arguments are cast to what a tool takes, and what keeps a step from being called is named."""

from typing import Annotated, Literal

import pytest
from agentic_diffusion.records import Given, Open, PlanStep
from langchain_core.tools import InjectedToolArg, StructuredTool, tool
from langgraph_agentic_diffusion.arguments import missing, typed
from pydantic import Field

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "nights": {"type": "integer"},
        "kind": {"enum": ["single", "double"]},
    },
    "required": ["city", "nights"],
}


@tool
def book(
    city: str,
    nights: Annotated[int, Field(ge=1)],
    kind: Literal["single", "double"] | None = None,
    secret: Annotated[str, InjectedToolArg] = "",
) -> str:
    """Book a hotel."""
    return city


REMOTE = StructuredTool(name="book", description="Book.", args_schema=SCHEMA, func=lambda **told: told)


@pytest.mark.parametrize("hotel", [book, REMOTE])
def test_text_becomes_what_the_tool_takes(hotel):
    told = typed({"city": 7, "nights": "3", "kind": "Double", "more": "1"}, hotel)
    assert told == {"city": "7", "nights": 3, "kind": "double", "more": "1"}


@pytest.mark.parametrize("hotel", [book, REMOTE])
def test_what_is_missing_or_does_not_fit_is_named(hotel):
    step = PlanStep(tool="book", arguments={"city": Open(required=True), "nights": Given(value=3)})

    def told(**arguments):
        return {lack.argument: lack.why for lack in missing(2, step, arguments=arguments, tool=hotel)}

    assert told(city="Oslo", nights=3, kind="double") == {}
    assert told(nights=3) == {"city": "nobody has given it"}
    assert told() == {"city": "nobody has given it", "nights": "nobody has given it"}
    unfit = told(city="Oslo", nights="three", kind="suite")
    assert unfit.keys() == {"nights", "kind"}
    assert "integer" in unfit["nights"]
    assert "single" in unfit["kind"]
    (lack,) = missing(2, step, arguments={"nights": 3}, tool=hotel)
    assert (lack.step, lack.tool) == (2, "book")


def test_without_the_tool_open_arguments_are_known():
    step = PlanStep(
        tool="t", arguments={"a": Open(required=True), "b": Open(required=False), "c": Open(required=True)}
    )
    assert [lack.argument for lack in missing(0, step, arguments={"c": 1})] == ["a"]
