"""What the commands say: the two consoles, errors as people read them, JSON, and scores in words."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from agentic_diffusion.errors import AgenticDiffusionError
from rich.console import Console
from rich.text import Text

WIDE = 108
"""Columns where the output is no terminal: tables in a log are not squeezed."""


def out() -> Console:
    """Return the console of results."""
    return _console(stderr=False)


def err() -> Console:
    """Return the console of progress, warnings and errors."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=WIDE)


def show_error(error: AgenticDiffusionError) -> None:
    """Say what was given, what was expected and what to do, in red, without a traceback."""
    text = Text()
    text.append("Error  ", "bold red").append(f"got {error.given}\n", "red")
    text.append("       ").append(f"expected {error.expected}\n")
    text.append("       ").append(error.action, "bold")
    err().print(text)


def show_interrupt(word: str = "") -> None:
    """Say that a person ended the command, and what is kept."""
    err().print(Text(f"Interrupted. {word}".rstrip(), "yellow"))


def say_next(command: str, why: str = "") -> None:
    """Print one line of what to try next."""
    line = Text.assemble(("Next: ", "dim"), (command, "bold"), (f"  {why}" if why else "", "dim"))
    out().print(line, soft_wrap=True)


def write_json(value: Mapping[str, Any], target: str) -> None:
    """Write JSON to a file, or to the standard output where the target is `-`."""
    text = json.dumps(value, indent=2, allow_nan=False) + "\n"
    if target == "-":
        sys.stdout.write(text)
        return
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def typed(arguments: Sequence[str] | None = None) -> str:
    """Return a command as it was typed, its absolute paths cut down to what does not tell of this machine.

    Args:
        arguments: The words after the name of the program; by default those of this process.
    """
    words = [_neutral(word) for word in (sys.argv[1:] if arguments is None else arguments)]
    return shlex.join(["agentic-diffusion", *words])


def _neutral(word: str) -> str:
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    if not PurePath(value).is_absolute():
        return word
    path = PurePath(value)
    here = Path.cwd()
    inside = path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name
    return f"{option}{equals}{inside}"


def interval(score: Mapping[str, Any]) -> str:
    """Return a mean with the half width of its 95 % interval, such as `137.2 ± 1.4`."""
    low, high = score["ci95"]
    return f"{score['mean']:.1f} ± {(high - low) / 2:.1f}"


def mean(score: Mapping[str, Any] | None, form: str = ".1f") -> str:
    """Return the mean of a score, or a dash where there is none."""
    return "–" if score is None else format(score["mean"], form)
