"""Calls a function of a compiled language: a program is written around it, and its answers are read from stdout."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from .base import Execution, Failure, Limits, refused
from .harness import HARNESSES, read_line
from .shapes import Head, fits, head, typed

MAX_LOST = 3
MAX_CALLS = 512
Run = Callable[[str, str], Execution]
"""Runs a whole program on what it reads."""


def call(
    run: Run,
    source: str,
    entry: str,
    *,
    arguments: Sequence[Sequence[Any]],
    language: str,
    limits: Limits,
) -> list[Execution]:
    """Make every call; what is expected never goes along.

    The calls of one process share its clock and its memory. A call that ends the process does not end those after it:
    the rest is asked anew, up to three times.

    Args:
        run: Runs a whole program.
        source: The program that defines the function.
        entry: Its name.
        arguments: One list of plain values for each call.
        language: java, go, rust or c.
        limits: What one process may use.
    """
    shape = _shape(source, entry, arguments, language)
    if isinstance(shape, str):
        return [refused(shape)] * len(arguments)
    mark = f"fence{secrets.token_hex(8)}"
    program = HARNESSES[language].program(
        source, entry, shape, calls=[list(each) for each in arguments], mark=mark
    )
    done: list[Execution] = []
    for _ in range(MAX_LOST):
        whole = run(program, f"{len(done)}\n")
        if whole.status in ("refused", "compile_error"):
            rest = len(arguments) - len(done)
            return [*done, *[whole.model_copy(update={"stdout": ""})] * rest]
        done += _answers(whole, mark, shape, start=len(done), count=len(arguments))
        if len(done) == len(arguments):
            return done
    lost = refused(
        f"not called: {MAX_LOST} calls before this one ended their process", isolation=done[-1].isolation
    )
    return [*done, *[lost] * (len(arguments) - len(done))]


def _shape(source: str, entry: str, arguments: Sequence[Sequence[Any]], language: str) -> Head | str:
    """Return the head of the function, or why it cannot be called with these arguments."""
    if len(arguments) > MAX_CALLS:
        return f"more than {MAX_CALLS} calls of a {language} program"
    if re.search(HARNESSES[language].taken, source):
        return f"the program has a main of its own; {language} functions are called without one"
    found = head(source, entry, language)
    if isinstance(found, str):
        return found
    for one in arguments:
        if len(one) != len(found.params):
            return f"{entry} takes {len(found.params)} arguments and was given {len(one)}"
        for value, (written, kind) in zip(one, found.params, strict=True):
            if not fits(value, kind):
                return f"{entry} takes {written} and was given a {type(value).__name__}"
    return found


def _answers(whole: Execution, mark: str, shape: Head, *, start: int, count: int) -> list[Execution]:
    """Return what became of the calls that were reached, the one that ended the process among them."""
    told: dict[int, Execution] = {}
    for line in whole.stdout.split("\n"):
        found = read_line(line, mark)
        if found is not None and found[0] == start + len(told):
            told[found[0]] = _one(whole, found[1], found[2], shape)
    answers = [told[number] for number in sorted(told)]
    if start + len(answers) < count:
        status = whole.status if whole.status != "ok" else "error"
        answers.append(whole.model_copy(update={"status": status, "stdout": ""}))
    return answers


def _one(whole: Execution, kind: str, value: Any, shape: Head) -> Execution:
    """Return what became of one call; what it cost is what the whole process cost."""
    bare = whole.model_copy(
        update={"stdout": "", "stderr": "", "exit_code": None, "failure": None, "truncated": False}
    )
    if kind == "ok":
        try:
            return bare.model_copy(update={"status": "ok", "value": typed(value, shape.returns[1])})
        except ValueError as error:
            return bare.model_copy(update={"status": "error", "stderr": str(error)})
    name, message = (
        (str(each) for each in value) if isinstance(value, list) and len(value) == 2 else ("?", "")
    )
    failure = Failure(type=name[:128], message=message[:1000])
    said = f"{name}: {message}"[:2000]
    return bare.model_copy(update={"status": "error", "failure": failure, "stderr": said})
