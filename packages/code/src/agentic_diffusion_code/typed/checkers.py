"""Who looks at the types of a program: our own inference for Python, elsewhere the compiler of the language."""

from __future__ import annotations

from collections.abc import Mapping

NOT_CHECKED = "not checked"
_CHECKERS: Mapping[str, str] = {
    "python": "inference",
    "typescript": "tsc",
    "java": "javac",
    "go": "go",
    "rust": "rustc",
    "c": "cc",
}


def checked_by(language: str, *, looked: bool) -> str:
    """Return who looked at the types of a program; `NOT_CHECKED` where nobody did.

    Args:
        language: Its language.
        looked: Whether our inference, or the compiler on the way to its tests or without any, was asked.
    """
    return _CHECKERS.get(language, NOT_CHECKED) if looked else NOT_CHECKED
