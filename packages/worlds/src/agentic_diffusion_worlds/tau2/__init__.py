"""tau2-bench's telecom desk in solo mode, from a clone that the user has: nothing of it is part of this package.

Names are imported when they are first used, so that one room can be had without the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentic_diffusion_worlds.tau2.adapter import Source, load
    from agentic_diffusion_worlds.tau2.desk import CALLS, Desk, same
    from agentic_diffusion_worlds.tau2.manner import Manner
    from agentic_diffusion_worlds.tau2.outcomes import SelfTaught
    from agentic_diffusion_worlds.tau2.score import (
        PUBLISHED,
        Handled,
        at_random,
        driven,
        handled,
        held_out,
        nothing,
        transfer,
    )
    from agentic_diffusion_worlds.tau2.tickets import Office, Ticket
    from agentic_diffusion_worlds.tau2.training import RECIPE, book, lessons, teach
    from agentic_diffusion_worlds.tau2.turns import practice

_HOMES = {
    "adapter": (
        "Source",
        "load",
    ),
    "desk": (
        "CALLS",
        "Desk",
        "same",
    ),
    "manner": ("Manner",),
    "outcomes": ("SelfTaught",),
    "score": (
        "PUBLISHED",
        "Handled",
        "at_random",
        "driven",
        "handled",
        "held_out",
        "nothing",
        "transfer",
    ),
    "tickets": (
        "Office",
        "Ticket",
    ),
    "turns": ("practice",),
    "training": (
        "RECIPE",
        "book",
        "lessons",
        "teach",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "CALLS",
    "PUBLISHED",
    "RECIPE",
    "Desk",
    "Handled",
    "Manner",
    "Office",
    "SelfTaught",
    "Source",
    "Ticket",
    "at_random",
    "book",
    "driven",
    "handled",
    "held_out",
    "lessons",
    "load",
    "nothing",
    "practice",
    "same",
    "teach",
    "transfer",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
