"""Specifications: what a planner needs to know of a LangChain tool, read from the tool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan import Catalogue, ToolPlanDomain
from agentic_diffusion.records import ToolSpec
from langchain_core.tools import BaseTool
from pydantic import BaseModel, ValidationError

KEY = "agentic_diffusion"
"""Where the metadata of a tool holds what LangChain has no word for: `needs`, `gives`, `reads`, `repeats`, `cost`."""


def tool_spec(tool: BaseTool) -> ToolSpec:
    """Return what a planner needs to know of a tool.

    Name, description and arguments are the tool's own; arguments that LangChain injects are left out. What LangChain
    has no word for stands in the tool's metadata: `metadata={"agentic_diffusion": {"gives": ["flight"]}}`. A tool of
    an MCP server that says `readOnlyHint` only reads.

    Raises:
        InvalidConfigError: The tool cannot be described, such as by a name with a line end in it, or is no tool of
            LangChain.
    """
    if not isinstance(tool, BaseTool):
        raise InvalidConfigError(
            f"a {type(tool).__name__} as a tool: {tool!r}"[:200],
            "a tool of LangChain (`BaseTool`)",
            "Make one of a function with the decorator `langchain_core.tools.tool`.",
        )
    metadata = tool.metadata or {}
    said = metadata.get(KEY) or {}
    reads = {"reads": True} if _only_reads(metadata) else {}
    try:
        return ToolSpec.model_validate(
            {
                "name": tool.name,
                "description": tool.description,
                "arguments": _arguments(tool),
                **reads,
                **said,
            }
        )
    except (ValidationError, TypeError) as error:
        raise InvalidConfigError(
            f"the tool {tool.name!r} with metadata {said!r} ({error})",
            f"a name, a description and arguments as LangChain has them, and fields of ToolSpec under {KEY!r}",
            "Correct the tool, or build its ToolSpec by hand.",
        ) from error


def tool_specs(tools: Sequence[BaseTool]) -> tuple[ToolSpec, ...]:
    """Return what a planner needs to know of each tool, in order."""
    return tuple(map(tool_spec, tools))


def domain_of(planner: object) -> ToolPlanDomain | None:
    """Return the tools and slots that a planner of tool calls, or one inside of it, plans with; None for any other."""
    for _ in range(4):  # an evolver or a batcher holds its planner in `planner`
        domain = getattr(planner, "domain", None)
        if isinstance(domain, ToolPlanDomain):
            return domain
        planner = getattr(planner, "planner", None)
    return None


def check_tools(planner: object, specs: Sequence[ToolSpec]) -> None:
    """Refuse tools that a planner does not plan with, or that cannot be told apart.

    Args:
        planner: The planner; one that does not say which tools it knows is believed.
        specs: The tools that may be called.

    Raises:
        InvalidConfigError: There are no tools, two of one name, or others than the planner plans with.
    """
    domain = domain_of(planner)
    known = None if domain is None else domain.catalogue
    names = set(Catalogue.of(specs).tokens)
    apart = set() if known is None else names ^ set(known.tokens)
    if known is not None and apart:
        lacking, strange = sorted(apart - names), sorted(apart & names)
        raise InvalidConfigError(
            f"a planner that plans with {lacking[:3]} besides the tools, and tools {strange[:3]} that it does not know",
            "the same tools in the planner and beside it",
            "Make the planner of these tools: `tool_planner(tool_specs(tools))`; "
            "which of them a request may call is said by `ToolRequest(tools=...)`.",
        )


def _arguments(tool: BaseTool) -> dict[str, Any]:
    schema: Any = tool.tool_call_schema
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        schema = schema.model_json_schema()
    kept = ("properties", "required", "$defs", "definitions")
    return {key: schema[key] for key in kept if key in schema} if schema.get("properties") else {}


def _only_reads(metadata: Mapping[str, Any]) -> bool:
    mcp = metadata.get("mcp")
    annotations = mcp.get("annotations") if isinstance(mcp, Mapping) else None
    hints = annotations if isinstance(annotations, Mapping) else {}
    return metadata.get("readOnlyHint") is True or hints.get("readOnlyHint") is True
