"""How values and calls are written into a program of another language: quoted texts, numbers, filled templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .shapes import Kind


def text(value: str, escape: Callable[[str], str]) -> str:
    """Return a text in quotes; what is not plain ASCII is escaped by the language's own way."""
    plain = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(plain.get(c) or (c if " " <= c <= "~" else escape(c)) for c in value) + '"'


def octal(letter: str) -> str:
    """Return a letter as octal escapes of its bytes."""
    return "".join(f"\\{byte:03o}" for byte in letter.encode())


def numeral(value: Any, kind: Kind) -> str:
    """Return a number; a float keeps its point."""
    return repr(float(value)) if kind == "float" else str(value)


def filled(template: str, *, mark: str, calls: str, runs: str) -> str:
    """Return the program around a function, with its calls and the mark of its answers."""
    return template.replace("@MARK@", mark).replace("@CALLS@", calls).replace("@RUNS@", runs)
