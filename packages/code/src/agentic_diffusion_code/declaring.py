"""The line that declares a Python function: made whole where a part is left out, and found in a program."""

from __future__ import annotations

import ast
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import final

BODY = "\n    pass\n"
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


@final
@dataclass(frozen=True)
class Declared:
    """One function of a program.

    Args:
        node: It, in the tree of the program.
        start: Where the line that declares it begins, behind its decorators.
        end: Where that ends, behind its colon.
    """

    node: ast.FunctionDef
    start: int
    end: int


def whole(signature: str) -> str:
    """Return the declaration of a Python function with its `def` and its colon, without a body that stands for one.

    What declares something else, such as a class, stays as it is.

    Raises:
        ValueError: It begins like the declaration of a function and is none.
    """
    text = signature.strip()
    begins = re.match(r"(?:async\s+)?def\b", text) is not None
    called = re.match(r"[A-Za-z_]\w*\s*\(", text) is not None
    if not begins and not called:
        return signature
    tree = parsed(text) if begins else None
    if tree is not None and len(tree.body) == 1:
        return text[: _end(text, 0)]
    for said in (text, f"{text}:") if begins else (f"def {text}", f"def {text}:"):
        tree = parsed(said + BODY)
        if tree is not None and len(tree.body) == 1:
            return signature if said == text else said
    if begins:
        raise ValueError("this declares no Python function; write it like `def area(width, height):`")
    return signature


def parsed(source: str) -> ast.Module | None:
    """Return the tree of a program; None where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the compiler thinks of a draft is no news for the caller
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def declaration(source: str, name: str) -> Declared | None:
    """Return the function of this name at the top of a program, the last one of several; None where there is none."""
    tree = parsed(source)
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name] if tree else []
    if not found:
        return None
    start = offset(source, found[-1].lineno, 0)
    return Declared(found[-1], start, _end(source, start))


def offset(source: str, line: int, column: int) -> int:
    """Return where in a text a line and a column of it lie; lines count from 1."""
    lines = source.split("\n")
    return sum(len(each) + 1 for each in lines[: line - 1]) + column


def names(source: str) -> Iterator[tokenize.TokenInfo]:
    """Yield the tokens of a program that parses."""
    yield from tokenize.generate_tokens(StringIO(source).readline)


def _end(source: str, start: int) -> int:
    """Return where the colon behind a declaration ends."""
    depth = 0
    for token in names(source[start:]):
        depth += (token.string in _OPEN) - (token.string in _CLOSE)
        if depth == 0 and token.string == ":":
            return start + offset(source[start:], *token.end)
    return len(source)
