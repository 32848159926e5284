"""Preferences: which of two values is better, said by people or read off outcomes, fit to one score."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Generic, TypeAlias, TypeVar, final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.confidence import share_passed
from agentic_diffusion.planning.select import Selector
from agentic_diffusion.records import Candidate, Outcome, Record
from pydantic import Field

from agentic_diffusion_evolve.memory import task_key

Q = TypeVar("Q")
V = TypeVar("V")

Features: TypeAlias = Callable[[V], Sequence[float]]
"""From a value to the numbers its score is made of; the same numbers for every value."""


class Preference(Record, Generic[V]):
    """One value was preferred to another for the same request.

    Args:
        better: The preferred value.
        worse: The other one.
        trust: How far whoever said so is believed, in [0, 1].
        source: Who said so.
    """

    better: V
    worse: V
    trust: float = Field(default=1.0, ge=0.0, le=1.0)
    source: str = "person"


def implied(
    outcomes: Iterable[Outcome[Q, V]], *, margin: float = 0.0, trust: float = 1.0
) -> list[Preference[V]]:
    """Return the preferences that follow from the order of rewards within each request.

    Args:
        outcomes: What came of earlier values.
        margin: Rewards closer than this say nothing.
        trust: Multiplies the smaller trust of the two outcomes.
    """
    tasks: dict[str, list[Outcome[Q, V]]] = defaultdict(list)
    for outcome in outcomes:
        tasks[task_key(outcome.request)].append(outcome)
    pairs = []
    for group in tasks.values():
        for one, two in combinations(group, 2):
            high, low = (one, two) if one.reward >= two.reward else (two, one)
            if high.reward - low.reward > margin:
                believed = trust * min(one.trust, two.trust)
                pairs.append(
                    Preference(better=high.value, worse=low.value, trust=believed, source="outcomes")
                )
    return pairs


@final
@dataclass(frozen=True)
class Taste(Generic[V]):
    """A score that explains preferences: P(a before b) = σ(s(a) - s(b)), s(v) = w · φ(v).

    Bradley and Terry 1952, Biometrika 39(3/4).

    Args:
        features: φ.
        weights: w, one a feature; empty before anything was preferred, when every score is 0.
        pairs: How many preferences stand behind it.
    """

    features: Features[V]
    weights: tuple[float, ...] = ()
    pairs: int = 0

    def score(self, value: V) -> float:
        """Return the score; differences are log-odds."""
        if not self.weights:
            return 0.0
        return float(np.dot(self.weights, self.features(value)))

    def chance(self, one: V, two: V) -> float:
        """Return how likely the first is to be preferred to the second."""
        return float(_sigmoid(np.asarray(self.score(one) - self.score(two))))

    def shares(self, values: Sequence[V], *, temperature: float = 1.0) -> list[float]:
        """Return weights of training samples, ∝ exp(score / temperature), with a mean of 1."""
        if not values or temperature <= 0:
            raise InvalidConfigError(
                f"{len(values)} values, temperature={temperature}",
                "at least one value and a temperature above 0",
                "A large temperature weighs all alike.",
            )
        scores = np.array([self.score(value) for value in values]) / temperature
        raised = np.exp(scores - scores.max())
        return [float(share) for share in raised / raised.mean()]

    def select(self, candidates: Sequence[Candidate[V]]) -> tuple[Candidate[V], float]:
        """Choose what is preferred among those that passed, or among all where none did; a `Selector`."""
        passed = [c for c in candidates if c.verdict.passed]
        chosen = max(passed or candidates, key=lambda c: (self.score(c.value), c.verdict.score))
        return chosen, share_passed(candidates) if passed else 0.0


def preferring(taste: Taste[V]) -> Selector[V]:
    """Return the selector that follows a taste."""
    return taste.select


def fit_preferences(
    preferences: Sequence[Preference[V]], features: Features[V], *, ridge: float = 0.1
) -> Taste[V]:
    """Fit by Newton's method: the loss Σ trust · log(1 + e^-(s(a)-s(b))) + ½ ridge ‖w‖² is strictly convex.

    Where everyone agrees the ridge keeps the weights finite; where preferences run in a circle the scores meet.

    Args:
        preferences: The pairs; none at all leaves every score at 0.
        features: From a value to numbers.
        ridge: Pull towards 0, in pairs.

    Raises:
        InvalidConfigError: The ridge is not above 0, or features are not finite numbers of one length.
    """
    if not ridge > 0:
        raise InvalidConfigError(f"ridge={ridge}", "a number above 0", "0.1 is a fair start.")
    if not preferences:
        return Taste(features)
    try:
        sides = [[features(p.better), features(p.worse)] for p in preferences]
        told = np.array(sides, dtype=float)
    except ValueError as error:
        raise InvalidConfigError(
            f"features: {error}", "as many numbers for each value", "Pad them."
        ) from error
    if told.ndim != 3 or not np.isfinite(told).all():
        raise InvalidConfigError("features that are not finite", "finite numbers", "Scale or clip them.")
    trust = np.array([p.trust for p in preferences])
    weights = newton(told[:, 0] - told[:, 1], trust, ridge)
    return Taste(features, tuple(float(w) for w in weights), len(preferences))


def _sigmoid(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return 0.5 * (1 + np.tanh(0.5 * x))


def newton(gaps: np.ndarray[Any, Any], trust: np.ndarray[Any, Any], ridge: float) -> np.ndarray[Any, Any]:
    """Return the weights of a logistic score: gaps are better minus worse, or rows with the sign of their class."""
    weights = np.zeros(gaps.shape[1])

    def loss(w: np.ndarray[Any, Any]) -> float:
        return float((trust * np.logaddexp(0, -gaps @ w)).sum() + 0.5 * ridge * w @ w)

    for _ in range(100):
        chance = _sigmoid(gaps @ weights)
        slope = -gaps.T @ (trust * (1 - chance)) + ridge * weights
        curve = (gaps.T * (trust * chance * (1 - chance))) @ gaps + ridge * np.eye(len(weights))
        move, scale, before = np.linalg.solve(curve, slope), 1.0, loss(weights)
        while loss(weights - scale * move) > before and scale > 1e-6:
            scale /= 2
        weights = weights - scale * move
        if np.abs(scale * move).max() < 1e-9:
            break
    return weights
