"""A diffusion planner as a LangGraph node: this is its face, and importing it imports neither torch nor LangGraph."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langgraph_agentic_diffusion.acting import ActNode
    from langgraph_agentic_diffusion.approval import ApprovalNode, Decision, is_approved, needs_replan
    from langgraph_agentic_diffusion.arguments import Missing
    from langgraph_agentic_diffusion.calling import CallNode, known_arguments
    from langgraph_agentic_diffusion.codegraph import CodeState, VerifyNode, create_code_graph, redraft
    from langgraph_agentic_diffusion.feedback import ToolFeedback
    from langgraph_agentic_diffusion.graphs import create_plan_act_graph, create_planner_graph
    from langgraph_agentic_diffusion.learning import Background, PlanOutcomes
    from langgraph_agentic_diffusion.nodes import DiffusionPlannerNode
    from langgraph_agentic_diffusion.observing import Avoid, ObserveNode, given_facts
    from langgraph_agentic_diffusion.progress import PROGRESS
    from langgraph_agentic_diffusion.specs import tool_spec, tool_specs
    from langgraph_agentic_diffusion.state import (
        PlanActState,
        PlannerState,
        plain,
        plain_plan,
        read_plan,
        read_request,
    )
    from langgraph_agentic_diffusion.toolgraph import ToolPlanState, create_tool_plan_graph
    from langgraph_agentic_diffusion.uses import (
        StepOf,
        ToolUse,
        by_status,
        from_messages,
        from_state,
    )

_HOMES = {
    "acting": ("ActNode",),
    "approval": ("ApprovalNode", "Decision", "is_approved", "needs_replan"),
    "arguments": ("Missing",),
    "calling": ("CallNode", "known_arguments"),
    "codegraph": ("CodeState", "VerifyNode", "create_code_graph", "redraft"),
    "feedback": ("ToolFeedback",),
    "graphs": ("create_plan_act_graph", "create_planner_graph"),
    "learning": ("Background", "PlanOutcomes"),
    "nodes": ("DiffusionPlannerNode",),
    "observing": ("Avoid", "ObserveNode", "given_facts"),
    "progress": ("PROGRESS",),
    "specs": ("tool_spec", "tool_specs"),
    "state": ("PlanActState", "PlannerState", "plain", "plain_plan", "read_plan", "read_request"),
    "toolgraph": ("ToolPlanState", "create_tool_plan_graph"),
    "uses": ("StepOf", "ToolUse", "by_status", "from_messages", "from_state"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__version__ = version("langgraph-agentic-diffusion")

__all__ = [
    "PROGRESS",
    "ActNode",
    "ApprovalNode",
    "Avoid",
    "Background",
    "CallNode",
    "CodeState",
    "Decision",
    "DiffusionPlannerNode",
    "Missing",
    "ObserveNode",
    "PlanActState",
    "PlanOutcomes",
    "PlannerState",
    "StepOf",
    "ToolFeedback",
    "ToolPlanState",
    "ToolUse",
    "VerifyNode",
    "by_status",
    "create_code_graph",
    "create_plan_act_graph",
    "create_planner_graph",
    "create_tool_plan_graph",
    "from_messages",
    "from_state",
    "given_facts",
    "is_approved",
    "known_arguments",
    "needs_replan",
    "plain",
    "plain_plan",
    "read_plan",
    "read_request",
    "redraft",
    "tool_spec",
    "tool_specs",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
