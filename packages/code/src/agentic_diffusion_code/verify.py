"""Judges a program by what it answers; what it should answer never enters its process."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from secrets import SystemRandom
from typing import Any

from agentic_diffusion.records import Verdict
from pydantic import BaseModel, ConfigDict

from .cases import Case, Check, ProgramCase, Raises, Task
from .compare import same, same_output
from .sandbox.base import DEFAULT_LIMITS, Checks, Execution, Limits, Sandbox, Status

_FEW = 4  # so few calls that a program that only counts them could be lucky in their order
_ONE_NUMBER = ("javascript", "typescript")
_ORDER = SystemRandom()
_MAX_SHOWN = 400
_LARGE = 1 << 64
_SMALL = frozenset({bool, float, type(None)})


class TestResult(BaseModel):
    """What became of one test."""

    __test__ = False
    model_config = ConfigDict(frozen=True, extra="forbid")

    passed: bool
    status: Status
    given: str
    expected: str
    got: str
    trace: str = ""
    line: int | None = None
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0


class Judgement(BaseModel):
    """What became of a program: every test, and the walls it ran behind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passed: bool
    score: float
    results: tuple[TestResult, ...]
    isolation: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[TestResult, ...]:
        """The tests that were not passed."""
        return tuple(result for result in self.results if not result.passed)

    def verdict(self) -> Verdict:
        """Say it in the words of the core."""
        first = next(iter(self.failures), None)
        return Verdict(
            passed=self.passed,
            score=self.score,
            evidence={
                "tests": len(self.results),
                "failed": len(self.failures),
                "first_failure": first.model_dump(mode="json") if first else None,
                "isolation": list(self.isolation),
            },
        )


class Judge:
    """Judges programs in one sandbox; called with a task and a source it gives a `Verdict`.

    Args:
        sandbox: Where programs run.
        limits: What each test may use.
    """

    def __init__(self, sandbox: Sandbox, *, limits: Limits = DEFAULT_LIMITS) -> None:
        self.sandbox = sandbox
        self.limits = limits

    def __call__(self, task: Task, source: str) -> Verdict:
        """Judge one program."""
        return verify(source, task, sandbox=self.sandbox, limits=self.limits).verdict()


def verify(source: str, task: Task, *, sandbox: Sandbox, limits: Limits = DEFAULT_LIMITS) -> Judgement:
    """Run every test of a task against a program.

    Calls are asked in an order that nobody can foresee, and the first is asked again at the end: a program
    whose answers depend on what it was asked before is judged again with a fresh process for each call.
    """
    found: dict[int, tuple[TestResult, Execution]] = {}
    calls = [i for i, test in enumerate(task.tests) if isinstance(test, Case)]
    if calls:
        found.update(_judge_calls(source, task, calls, sandbox=sandbox, limits=limits))
    for index, test in enumerate(task.tests):
        if isinstance(test, ProgramCase):
            run = sandbox.run(source, language=task.language, stdin=test.stdin, limits=limits)
            found[index] = _judge_program(test, run), run
        elif isinstance(test, Check):
            run = _check(source, task, test, sandbox=sandbox, limits=limits)
            found[index] = _judge_check(run), run
    results = tuple(found[i][0] for i in range(len(task.tests)))
    walls = [frozenset(run.isolation) for _, run in found.values()]
    passed = sum(result.passed for result in results)
    return Judgement(
        passed=passed == len(results),
        score=passed / len(results),
        results=results,
        isolation=tuple(sorted(frozenset.intersection(*walls))),
    )


def _judge_calls(
    source: str, task: Task, calls: Sequence[int], *, sandbox: Sandbox, limits: Limits
) -> dict[int, tuple[TestResult, Execution]]:
    order = _ORDER.sample(list(calls), len(calls))
    cases = {i: test for i, test in enumerate(task.tests) if isinstance(test, Case)}

    def ask(indices: Sequence[int]) -> list[Execution]:
        arguments = [list(cases[i].arguments) for i in indices]
        return sandbox.call(source, task.entry, arguments, language=task.language, limits=limits)

    again = [order[0]] if len(order) > 1 else []
    runs = ask([*order, *again])
    judged = {
        i: (_judge_case(cases[i], run, task.language), run) for i, run in zip(order, runs, strict=False)
    }
    if not all(result.passed for result, _ in judged.values()) or not again:
        return judged
    fresh = ask([order[-1]]) if len(order) <= _FEW else []
    asked_again = [(order[0], runs[-1]), *((order[-1], run) for run in fresh)]
    if all(_judge_case(cases[i], run, task.language).passed for i, run in asked_again):
        return judged
    return {i: _alone(cases[i], ask([i])[0], task.language) for i in order}


def _alone(case: Case, run: Execution, language: str) -> tuple[TestResult, Execution]:
    return _judge_case(case, run, language), run


def _judge_case(case: Case, run: Execution, language: str) -> TestResult:
    if isinstance(case.expected, Raises):
        passed = _raised(case.expected, run)
        expected = f"raises {case.expected.type}"
    else:
        one_number = language in _ONE_NUMBER
        passed = run.status == "ok" and same(
            run.value, case.expected, tolerance=case.tolerance, one_number=one_number
        )
        expected = _show(case.expected)
    given = ", ".join(_show(value) for value in case.arguments)
    got = _show(run.value) if run.status == "ok" else _trouble(run)
    return _result(passed, run, given=given, expected=expected, got=got)


def _raised(expected: Raises, run: Execution) -> bool:
    failure = run.failure
    return (
        run.status in ("error", "memory", "disk")
        and failure is not None
        and failure.type == expected.type
        and expected.message in failure.message
    )


def _judge_program(case: ProgramCase, run: Execution) -> TestResult:
    ended = run.status in ("ok", "error") and run.exit_code == case.exit_code
    passed = ended and not run.truncated and same_output(run.stdout, case.stdout)
    got = _trim(run.stdout) if ended else f"{_trouble(run)}\n{_trim(run.stdout)}"
    given, expected = _trim(case.stdin), _trim(case.stdout)
    return _result(passed, run, given=given, expected=expected, got=got)


def _check(source: str, task: Task, test: Check, *, sandbox: Sandbox, limits: Limits) -> Execution:
    if not isinstance(sandbox, Checks):
        return Execution(status="refused", stderr="this sandbox cannot run tests written as code")
    return sandbox.check(source, task.entry, test.test, language=task.language, limits=limits)


def _judge_check(run: Execution) -> TestResult:
    passed = run.status == "ok"
    got = "satisfied" if passed else _trouble(run)
    return _result(passed, run, given="check(candidate)", expected="satisfied", got=got)


def _result(passed: bool, run: Execution, *, given: str, expected: str, got: str) -> TestResult:
    return TestResult(
        passed=passed,
        status=run.status,
        given=given,
        expected=expected,
        got=got,
        trace="" if passed else run.stderr[-4000:],
        line=run.failure.line if run.failure else None,
        wall_seconds=run.wall_seconds,
        cpu_seconds=run.cpu_seconds,
        peak_memory_bytes=run.peak_memory_bytes,
    )


def _trouble(run: Execution) -> str:
    if run.failure is not None:
        return _trim(f"raised {run.failure.type}: {run.failure.message}")
    return run.status if run.exit_code is None else f"{run.status} (exit code {run.exit_code})"


def _show(value: Any) -> str:
    if _is_small(value) or (type(value) in (list, tuple) and _all_small(value)):
        return _trim(repr(value))
    try:
        return _trim(reprlib.repr(value))
    except ValueError:
        return "a value that holds an integer of thousands of digits"


def _all_small(values: Sequence[Any]) -> bool:
    return len(values) < 32 and all(map(_is_small, values))


def _is_small(value: Any) -> bool:
    kind = type(value)
    if kind is int:
        return bool(-_LARGE < value < _LARGE)
    return kind in _SMALL or (kind is str and len(value) < 100)


def _trim(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
