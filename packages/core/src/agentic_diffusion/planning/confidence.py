"""Raw confidence in a plan, from the candidates that were considered beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from agentic_diffusion.records import Candidate

V = TypeVar("V")


def share_passed(candidates: Sequence[Candidate[V]]) -> float:
    """Return (passed + 1) / (count + 2): the posterior mean of the rate of success under a flat prior."""
    passed = sum(candidate.verdict.passed for candidate in candidates)
    return (passed + 1) / (len(candidates) + 2)


def agreement(
    candidates: Sequence[Candidate[V]],
    chosen: Candidate[V],
    *,
    distance: Callable[[V, V], float],
    within: float,
) -> float:
    """Return the share of all candidates that passed and lie within a distance of the chosen one."""
    close = [c for c in candidates if c.verdict.passed and distance(c.value, chosen.value) <= within]
    return len(close) / len(candidates)
