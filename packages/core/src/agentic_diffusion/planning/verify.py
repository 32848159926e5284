"""Verifiers: judge every candidate of a request, and combine judgements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, TypeVar, runtime_checkable

from agentic_diffusion.records import Verdict

Q = TypeVar("Q")
V = TypeVar("V")
Q_contra = TypeVar("Q_contra", contravariant=True)
V_contra = TypeVar("V_contra", contravariant=True)

Verifier: TypeAlias = Callable[[Q, Sequence[V]], Sequence[Verdict]]
"""Judges all candidates of one request at once, so that a check may be vectorised; fewer where memory is short."""


@runtime_checkable
class JudgesMany(Protocol[Q_contra, V_contra]):
    """A verifier that can also judge the candidates of many requests at once, each as it would alone."""

    def judge_many(
        self, requests: Sequence[Q_contra], values: Sequence[Sequence[V_contra]]
    ) -> Sequence[Sequence[Verdict]]:
        """Return the verdicts of each request's values, in order."""
        ...


def each(check: Callable[[Q, V], Verdict]) -> Verifier[Q, V]:
    """Lift a check of one value to all candidates."""

    def verify(request: Q, values: Sequence[V]) -> Sequence[Verdict]:
        return [check(request, value) for value in values]

    return verify


def every(*verifiers: Verifier[Q, V]) -> Verifier[Q, V]:
    """Pass what passes every verifier; scores add up, evidence is merged, later keys win."""

    def verify(request: Q, values: Sequence[V]) -> Sequence[Verdict]:
        rows = zip(*(check(request, values) for check in verifiers), strict=True)
        return [
            Verdict(
                passed=all(v.passed for v in row),
                score=sum(v.score for v in row),
                evidence={key: fact for v in row for key, fact in v.evidence.items()},
            )
            for row in rows
        ]

    return verify


def accept(request: Q, values: Sequence[V]) -> Sequence[Verdict]:
    """Pass everything with score 0, for unconditional generation."""
    return [Verdict(passed=True, score=0.0) for _ in values]
