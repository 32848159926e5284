"""Arguments of a call: cast to what the tool takes, and those named that are missing or do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentic_diffusion.planning.domains.toolplan.schemas import Shape, cast, defs_of, fits, shape
from agentic_diffusion.records import Open, PlanStep, Record
from langchain_core.tools import BaseTool
from pydantic import BaseModel, ValidationError


class Missing(Record):
    """An argument that keeps a step from being called.

    Args:
        step: The place of the step in the plan, counted from 0.
        tool: Its tool.
        argument: The name of the argument.
        why: What is wrong with it.
    """

    step: int
    tool: str
    argument: str
    why: str


NOBODY = "nobody has given it"


def shapes(tool: BaseTool) -> dict[str, Shape]:
    """Return what each argument of a tool may be."""
    schema = _schema(tool)
    properties = schema.get("properties")
    told: Mapping[str, Any] = properties if isinstance(properties, Mapping) else {}
    return {name: shape(each, defs_of(schema)) for name, each in told.items()}


def typed(arguments: Mapping[str, Any], tool: BaseTool) -> dict[str, Any]:
    """Return the arguments as the tool takes them: a number that was found in words is a number."""
    may = shapes(tool)
    return {name: cast(value, may[name]) if name in may else value for name, value in arguments.items()}


def missing(
    place: int, step: PlanStep, *, arguments: Mapping[str, Any], tool: BaseTool | None = None
) -> list[Missing]:
    """Return what keeps a step from being called with these arguments.

    Args:
        place: The place of the step in the plan.
        step: The step.
        arguments: What is known of them.
        tool: The tool, if it is at hand; without it only arguments that the plan leaves open are known to be required.
    """
    told = {
        name: NOBODY
        for name, argument in step.arguments.items()
        if isinstance(argument, Open) and argument.required and name not in arguments
    }
    if tool is not None:
        told |= _faults(arguments, tool)
    return [Missing(step=place, tool=step.tool, argument=name, why=why) for name, why in told.items()]


def _faults(arguments: Mapping[str, Any], tool: BaseTool) -> dict[str, str]:
    """Return what is wrong with the arguments of a tool, by their names."""
    kind: Any = tool.tool_call_schema
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        try:
            kind.model_validate(dict(arguments))
        except ValidationError as error:
            return {
                str(fault["loc"][0] if fault["loc"] else "arguments"): NOBODY
                if fault["type"] == "missing" and len(fault["loc"]) == 1
                else fault["msg"]
                for fault in error.errors(include_url=False, include_input=False)
            }
        return {}
    asked = _schema(tool).get("required")
    required = asked if isinstance(asked, list | tuple) else ()
    told = {str(name): NOBODY for name in required if name not in arguments}
    may = shapes(tool)
    unfit = [name for name, value in arguments.items() if name in may and not fits(value, may[name])]
    return told | {name: f"it must be {_words(may[name])}" for name in unfit}


def _words(to: Shape) -> str:
    """Say what a value may be."""
    return f"one of {list(to.choices)}" if to.choices is not None else " or ".join(to.kinds)


def _schema(tool: BaseTool) -> Mapping[str, Any]:
    kind: Any = tool.tool_call_schema
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        kind = kind.model_json_schema()
    return kind if isinstance(kind, Mapping) else {}
