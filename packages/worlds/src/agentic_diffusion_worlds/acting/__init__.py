"""Acting on what tools report: situations, plans of calls, and the loop that observes, plans, acts and looks again.

Names are imported when they are first used, so that one room can be had without the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentic_diffusion_worlds.acting.deciding import fit_trust
    from agentic_diffusion_worlds.acting.domain import Acting, order
    from agentic_diffusion_worlds.acting.network import FactNet
    from agentic_diffusion_worlds.acting.planner import CallPlanner, Design, make_planner
    from agentic_diffusion_worlds.acting.pursue import Place, Pursuit, Round, pursued
    from agentic_diffusion_worlds.acting.situation import Call, Calls, Situation
    from agentic_diffusion_worlds.acting.trust import Report, Trust, Trusting

_HOMES = {
    "deciding": ("fit_trust",),
    "domain": (
        "Acting",
        "order",
    ),
    "network": ("FactNet",),
    "planner": (
        "CallPlanner",
        "Design",
        "make_planner",
    ),
    "pursue": (
        "Place",
        "Pursuit",
        "Round",
        "pursued",
    ),
    "situation": (
        "Call",
        "Calls",
        "Situation",
    ),
    "trust": (
        "Report",
        "Trust",
        "Trusting",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Acting",
    "Call",
    "CallPlanner",
    "Calls",
    "Design",
    "FactNet",
    "Place",
    "Pursuit",
    "Report",
    "Round",
    "Situation",
    "Trust",
    "Trusting",
    "fit_trust",
    "make_planner",
    "order",
    "pursued",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
