"""UltraTool in the split of GNN4TaskPlan: requests, chains of tools, scores and baselines; the data are not ours."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentic_diffusion_worlds.ultratool.baselines import Logistic, nearest_plans
    from agentic_diffusion_worlds.ultratool.bench import KINDS, PUBLISHED, Bench, Settings
    from agentic_diffusion_worlds.ultratool.data import UltraTool, load, read_rows
    from agentic_diffusion_worlds.ultratool.score import Answer, link_f1, node_f1, summary

_HOMES = {
    "baselines": ("Logistic", "nearest_plans"),
    "bench": ("KINDS", "PUBLISHED", "Bench", "Settings"),
    "data": ("UltraTool", "load", "read_rows"),
    "score": ("Answer", "link_f1", "node_f1", "summary"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "KINDS",
    "PUBLISHED",
    "Answer",
    "Bench",
    "Logistic",
    "Settings",
    "UltraTool",
    "link_f1",
    "load",
    "nearest_plans",
    "node_f1",
    "read_rows",
    "summary",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
