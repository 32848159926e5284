"""Which lines of a failing program to write anew: what the trace names first, then what the model doubts."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .verify import Judgement, TestResult

MAX_HINT = 400


def signature(judgement: Judgement) -> tuple[object, ...]:
    """Return what makes one failure the same as another: what came of each test."""
    return tuple((result.given, result.status, result.got) for result in judgement.failures)


def hint(judgement: Judgement) -> str:
    """Return the first failure in words, for writers that can read."""
    first = next(iter(judgement.failures), None)
    if first is None:
        return ""
    said = f"For ({first.given}) the program gave {first.got}, but {first.expected} is wanted."
    return said[:MAX_HINT]


def suspects(
    source: str, failures: Sequence[TestResult], sure: Sequence[float], *, misfits: Sequence[int] = ()
) -> list[list[int]]:
    """Return groups of lines to write anew, most suspicious first, each group larger in doubt than the one before.

    A line whose types do not fit, or that a trace names, comes first, alone and with the line before it. Where answers
    are wrong but nothing was raised, lines come in the order of the model's doubt. The last group is the whole body.

    Args:
        source: The program.
        failures: The tests that failed.
        sure: For each line, the probability of its least sure token.
        misfits: Lines whose types do not fit.
    """
    body = writable(source)
    named = [line for line in misfits if line in body]
    named += [r.line for r in failures if r.line is not None and r.line in body]
    groups: list[list[int]] = []
    for line in dict.fromkeys(named):
        groups.append([line])
        if line - 1 in body:
            groups.append([line - 1, line])
    doubt = sorted(body, key=lambda line: sure[line - 1] if line <= len(sure) else 1.0)
    groups += [[line] for line in doubt[:2]]
    if len(doubt) > 2:
        groups.append(sorted(doubt[: max(2, len(doubt) // 2)]))
    groups.append(sorted(body))
    unique = dict.fromkeys(tuple(sorted(group)) for group in groups if group)
    return [list(group) for group in unique]


def writable(source: str) -> set[int]:
    """Return the lines below the first line of the first function, or all lines with text where there is none."""
    lines = {number for number, line in enumerate(source.split("\n"), 1) if line.strip()}
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return lines - {1} or lines
    first = next((node for node in tree.body if isinstance(node, ast.FunctionDef)), None)
    if first is None:
        return lines
    return {line for line in lines if line >= first.body[0].lineno}
