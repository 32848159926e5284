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
    from agentic_diffusion.planning.domains.toolplan.saving import packed, unpacked
    from agentic_diffusion.planning.domains.toolplan.text import Lexical
    from agentic_diffusion.planning.domains.toolplan.training import ToolTraining
    from agentic_diffusion.planning.domains.toolplan.trust import ToolTrust

_HOMES = {
    "binding": ("bind",),
    "catalogue": ("Catalogue",),
    "domain": ("ToolPlanDomain",),
    "judging": ("Feasible",),
    "planner": ("ToolPlanner", "tool_planner"),
    "requests": ("ToolPlan", "ToolRequest", "chain"),
    "saving": ("packed", "unpacked"),
    "text": ("Lexical",),
    "training": ("ToolTraining",),
    "trust": ("ToolTrust",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Catalogue",
    "Feasible",
    "Lexical",
    "ToolPlan",
    "ToolPlanDomain",
    "ToolPlanner",
    "ToolRequest",
    "ToolTraining",
    "ToolTrust",
    "bind",
    "chain",
    "packed",
    "tool_planner",
    "unpacked",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
