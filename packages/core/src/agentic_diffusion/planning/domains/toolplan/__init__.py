"""Plans of tool calls, by masked diffusion over slots."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentic_diffusion.planning.domains.toolplan.binding import bind
    from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
    from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
    from agentic_diffusion.planning.domains.toolplan.judging import Feasible
    from agentic_diffusion.planning.domains.toolplan.planner import ToolPlanner, tool_planner
    from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest, chain

_HOMES = {
    "binding": ("bind",),
    "catalogue": ("Catalogue",),
    "domain": ("ToolPlanDomain",),
    "judging": ("Feasible",),
    "planner": ("ToolPlanner", "tool_planner"),
    "requests": ("ToolPlan", "ToolRequest", "chain"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Catalogue",
    "Feasible",
    "ToolPlan",
    "ToolPlanDomain",
    "ToolPlanner",
    "ToolRequest",
    "bind",
    "chain",
    "tool_planner",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
