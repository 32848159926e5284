"""Confidence in a plan: raw, from the candidates that were considered beside it, and calibrated."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, final

import numpy as np

from agentic_diffusion.errors import InvalidConfigError
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


@final
@dataclass(frozen=True)
class Logistic:
    """A rising curve from a raw probability to the share of plans that work: σ(slope · logit(p) + offset).

    Platt 1999. The raw probability is kept off 0 and 1 by a millionth.

    Args:
        slope: At 1, with no offset, the probability is left as it is.
        offset: Above 0 for a planner that is too modest.
    """

    slope: float = 1.0
    offset: float = 0.0

    def __call__(self, raw: float) -> float:
        """Return the calibrated confidence."""
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, self.slope * _logit(raw) + self.offset))))


def fit_logistic(raw: Sequence[float], worked: Sequence[bool], *, pull: float = 1.0) -> Logistic:
    """Return the curve with the least log loss, by Newton steps.

    Args:
        raw: Raw probabilities of plans that were not learned from.
        worked: Whether each plan worked.
        pull: Weight of the prior that the raw probability is right already: slope 1, offset 0.

    Raises:
        InvalidConfigError: There is no plan, or not one outcome a plan.
    """
    if not raw or len(raw) != len(worked) or pull <= 0:
        raise InvalidConfigError(
            f"{len(raw)} probabilities and {len(worked)} outcomes",
            "one outcome a probability, at least one, and a pull above 0",
            "Try held-out requests and note what came of them.",
        )
    x = np.stack([[_logit(p) for p in raw], np.ones(len(raw))], axis=1)
    y, prior = np.asarray(worked, dtype=float), np.array([1.0, 0.0])
    told = prior.copy()
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ told, -40, 40)))
        slope = x.T @ (p - y) + pull * (told - prior)
        curve = (x * (p * (1 - p))[:, None]).T @ x + pull * np.eye(2)
        told = told - np.clip(np.linalg.solve(curve, slope), -2, 2)
    return Logistic(max(0.0, float(told[0])), float(told[1]))


def _logit(p: float) -> float:
    kept = min(1 - 1e-6, max(1e-6, p))
    return math.log(kept / (1 - kept))
