"""Whether a program parses, by the parser of its own language; nothing unparsable is ever returned."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .language import Compiles, by_name

Parses: TypeAlias = Callable[[str, str], str | None]
"""From a program and its language to what is wrong with it; None where it parses."""


def trouble(source: str, language: str) -> str | None:
    """Say why the parser of a language refuses a program; None where it does not."""
    verdict = by_name(language).check(source)
    if verdict.passed:
        return None
    line = verdict.evidence.get("line")
    said = str(verdict.evidence.get("message") or "does not parse")
    return f"line {line}: {said}" if line else said


def native(source: str, language: str, sandbox: object) -> tuple[str | None, str]:
    """Return what the own tools of a language say against a program that nobody runs, and who looked at it.

    Args:
        source: A program that parses.
        language: Any but Python.
        sandbox: Where the tools run; the grammar alone looks where it cannot run them.
    """
    verdict = by_name(language).check(source, sandbox if isinstance(sandbox, Compiles) else None)
    said = str(verdict.evidence.get("message") or "does not compile").strip().split("\n")[0]
    return None if verdict.passed else said, str(verdict.evidence["checker"])
