"""The toolbox: tools with hidden state, needs and faults, tasks for them, and drivers to compare with.

Names are imported when they are first used, so that one room can be had without the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentic_diffusion_worlds.toolbox.behaviour import Behaviour
    from agentic_diffusion_worlds.toolbox.catalog import ACTING, CATALOG, FACTS, READING, RIVALS, Tool
    from agentic_diffusion_worlds.toolbox.env import ToolboxEnv
    from agentic_diffusion_worlds.toolbox.manual import by_the_book, demonstrations
    from agentic_diffusion_worlds.toolbox.score import Table, Tally, at_random, driven, give_up, oracle, tally
    from agentic_diffusion_worlds.toolbox.simulate import Case
    from agentic_diffusion_worlds.toolbox.tasks import Task, families, goals, solution
    from agentic_diffusion_worlds.toolbox.training import lessons, read_manual

_HOMES = {
    "behaviour": ("Behaviour",),
    "catalog": (
        "ACTING",
        "CATALOG",
        "FACTS",
        "READING",
        "RIVALS",
        "Tool",
    ),
    "env": ("ToolboxEnv",),
    "manual": (
        "by_the_book",
        "demonstrations",
    ),
    "score": (
        "Table",
        "Tally",
        "at_random",
        "driven",
        "give_up",
        "oracle",
        "tally",
    ),
    "simulate": ("Case",),
    "tasks": (
        "Task",
        "families",
        "goals",
        "solution",
    ),
    "training": (
        "lessons",
        "read_manual",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ACTING",
    "CATALOG",
    "FACTS",
    "READING",
    "RIVALS",
    "Behaviour",
    "Case",
    "Table",
    "Tally",
    "Task",
    "Tool",
    "ToolboxEnv",
    "at_random",
    "by_the_book",
    "demonstrations",
    "driven",
    "families",
    "give_up",
    "goals",
    "lessons",
    "oracle",
    "read_manual",
    "solution",
    "tally",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
