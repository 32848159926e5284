"""One attack: a hostile program, and how one sees from outside whether it got through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Goal = Literal["escape", "exhaust", "cheat"]

BREACH = "BREACH"

_PYTHON = f"""\
import os, sys, socket, time, signal, ctypes, threading
def breach(*what):
    print({BREACH!r}, *what, flush=True)
SECRET, PORT, PID, MARK = @SECRET@, @PORT@, @PID@, @MARK@
"""


@dataclass(frozen=True)
class Attack:
    """A hostile program.

    Args:
        name: What it tries.
        family: What kind of attack it is.
        source: The program; `@SECRET@`, `@PORT@`, `@PID@` and `@MARK@` become a file it must not
            read, a server it must not reach, a process it must not touch and a file it must not
            write.
        goal: `escape` and `exhaust` print a word when they got through; `cheat` is a wrong
            program that wants a passing verdict.
        language: The language of the program.
    """

    name: str
    family: str
    source: str
    goal: Goal = "escape"
    language: str = "python"


def family(
    name: str, sources: Mapping[str, str], *, goal: Goal = "escape", language: str = "python"
) -> tuple[Attack, ...]:
    """Make the attacks of one family; those in Python get the words they all use."""
    prelude = _PYTHON if language == "python" and goal != "cheat" else ""
    return tuple(
        Attack(f"{name}/{key}", name, prelude + text.lstrip("\n"), goal, language)
        for key, text in sources.items()
    )
