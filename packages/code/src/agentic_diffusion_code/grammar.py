"""Whether a program parses, by the parser of its own language; nothing unparsable is ever returned."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeAlias

Parses: TypeAlias = Callable[[str, str], str | None]
"""From a program and its language to what is wrong with it; None where it parses."""


def python_trouble(source: str) -> str | None:
    """Say why Python's own compiler refuses a program; None where it does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<program>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return f"{type(error).__name__}: {error}"
    return None
