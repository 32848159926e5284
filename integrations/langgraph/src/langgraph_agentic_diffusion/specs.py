"""Specifications: what a planner needs to know of a LangChain tool, read from the tool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentic_diffusion.errors import InvalidConfigError
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
        InvalidConfigError: The tool cannot be described, such as by a name with a line end in it.
    """
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


def _arguments(tool: BaseTool) -> dict[str, Any]:
    schema: Any = tool.tool_call_schema
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        schema = schema.model_json_schema()
    kept = ("properties", "required", "$defs")
    return {key: schema[key] for key in kept if key in schema} if schema.get("properties") else {}


def _only_reads(metadata: Mapping[str, Any]) -> bool:
    mcp = metadata.get("mcp")
    annotations = mcp.get("annotations") if isinstance(mcp, Mapping) else None
    hints = annotations if isinstance(annotations, Mapping) else {}
    return metadata.get("readOnlyHint") is True or hints.get("readOnlyHint") is True
