"""Judges the reference solutions of HumanEval, and wrong variants of them, from a local file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cases import Check, Task
from .questions import ended
from .sandbox.base import DEFAULT_LIMITS, Limits, Sandbox
from .verify import verify


@dataclass(frozen=True)
class Problem:
    """One problem: what is asked, a right answer, and the test."""

    name: str
    entry: str
    prompt: str
    solution: str
    test: str


@dataclass(frozen=True)
class Judged:
    """Whether the reference solution passed, and how many of its wrong variants were rejected."""

    name: str
    passed: bool
    mutants: int
    rejected: int


def read(path: Path) -> tuple[Problem, ...]:
    """Read problems from a `.jsonl.gz` file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return tuple(_problem(json.loads(line)) for line in lines)


def _problem(row: dict[str, Any]) -> Problem:
    return Problem(row["task_id"], row["entry_point"], row["prompt"], row["canonical_solution"], row["test"])


def task_of(problem: Problem) -> Task:
    """Make the task: the prompt's own helpers belong to the test, the solution does not."""
    return Task(
        description=problem.prompt[:8000],
        entry=problem.entry,
        tests=(Check(test=f"{ended(problem.prompt)}\n{problem.test}"),),
    )


def mutants(problem: Problem) -> Iterator[str]:
    """Give programs that are wrong in ways that a test must notice.

    The function is there and takes what it should, but answers with an object, with the right
    value inside a list, or always with the same text.
    """
    right = problem.prompt + problem.solution
    tail = "\ndef {name}(*arguments): return {value}\n"
    saved = f"\n_right = {problem.entry}\n"
    yield right + saved + tail.format(name=problem.entry, value="object()")
    yield right + saved + tail.format(name=problem.entry, value="[_right(*arguments), 'wrong']")
    yield f"def {problem.entry}(*arguments): return 'no such answer'\n"


def judge_all(
    problems: Iterable[Problem], *, sandbox: Sandbox, limits: Limits = DEFAULT_LIMITS
) -> list[Judged]:
    """Judge every reference solution and every wrong variant."""
    found = []
    for problem in problems:
        task = task_of(problem)
        right = verify(problem.prompt + problem.solution, task, sandbox=sandbox, limits=limits)
        wrong = [verify(text, task, sandbox=sandbox, limits=limits) for text in mutants(problem)]
        rejected = sum(not one.passed for one in wrong)
        found.append(Judged(problem.name, right.passed, len(wrong), rejected))
    return found
