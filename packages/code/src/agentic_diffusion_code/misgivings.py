"""What speaks against a program before it runs: types that do not fit, and parts of the request that it leaves out."""

from __future__ import annotations

import ast
import re

from .corpus.errors import UnsayableError
from .corpus.understand import understand
from .domain import CodeRequest, keeps

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER = re.compile(r"(?<![\w`.])\d{1,18}(?![\w`]|\.\d)")
_LEAST = 2
"""Smaller numbers are often said of what needs none: starting at 0, -1 where there is none."""


def misgivings(request: CodeRequest, source: str, told: str) -> tuple[float, ...]:
    """Return whether a program does not fit the request or itself, and how much of what was given it leaves out.

    The first is 1 without the signature that was asked for, and where the typed form has no place for the program (see
    `corpus.understand`): it mixes operations whose types do not go together, or is written as no program of the corpus
    is. The second counts numbers of the description that the program does not have, arguments that nothing uses, and
    functions that nothing calls. Nothing is held against other languages than Python, nor against what does not parse.

    Args:
        request: What was asked for.
        source: The program.
        told: The same as the model would write it, without what was given in front of it.
    """
    try:
        tree = ast.parse(told if request.language == "python" else "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 0.0, 0.0
    if not tree.body:
        return 0.0, 0.0
    fits = keeps(source, request) and _readable(told)
    return float(not fits), float(_unsaid(request.description, tree) + _unused(tree))


def _readable(source: str) -> bool:
    try:
        understand(source)
    except UnsayableError:
        return False
    return True


def _unsaid(description: str, tree: ast.Module) -> int:
    """Count the numbers of a description, those in quotes apart, that a program does not have."""
    nodes = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    there = {abs(value) for value in nodes if isinstance(value, int)}
    asked = map(int, _NUMBER.findall(_QUOTED.sub("", description)))
    return sum(number >= _LEAST and number not in there for number in asked)


def _unused(tree: ast.Module) -> int:
    """Count the arguments that the bodies of their functions do not name, and the functions that nothing names.

    The last function is the one that was asked for.
    """
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    read = _names(tree)
    idle = sum(each.arg not in _names(function) for function in functions for each in function.args.args)
    return idle + sum(function.name not in read for function in functions[:-1])


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
