"""Whether a program parses, by the parser of its own language; nothing unparsable is ever returned."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .language import by_name

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
