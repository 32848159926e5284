"""Selectors: choose one candidate and say how sure that choice is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, final

from agentic_diffusion.planning.confidence import agreement, share_passed
from agentic_diffusion.records import Candidate

V = TypeVar("V")

Selector: TypeAlias = Callable[[Sequence[Candidate[V]]], tuple[Candidate[V], float]]
"""From the verified candidates to the chosen one and the confidence in it, in [0, 1]."""


def best(candidates: Sequence[Candidate[V]]) -> tuple[Candidate[V], float]:
    """Choose the highest score among those that passed, or among all where none did."""
    chosen = max(candidates, key=lambda c: (c.verdict.passed, c.verdict.score))
    return chosen, share_passed(candidates) if chosen.verdict.passed else 0.0


def first(candidates: Sequence[Candidate[V]]) -> tuple[Candidate[V], float]:
    """Choose the first candidate whatever its verdict: sampling without selection."""
    return candidates[0], share_passed(candidates)


def agreeing(distance: Callable[[V, V], float], *, within: float) -> Selector[V]:
    """Choose as `best` does, and be as sure as the share of passing candidates close to the choice.

    Args:
        distance: How different two values are.
        within: The distance up to which two values say the same.
    """

    def select(candidates: Sequence[Candidate[V]]) -> tuple[Candidate[V], float]:
        chosen, sure = best(candidates)
        return chosen, sure and agreement(candidates, chosen, distance=distance, within=within)

    return select


@final
@dataclass(frozen=True)
class Likeliest:
    """Chooses the likeliest candidate among those that passed, and is as sure as the calibration says.

    The raw score is its log-likelihood, the `likelihood` in its evidence (see `Planner.likelihood`), plus `worth`
    times the score of its verdict.

    Args:
        worth: What a point of the verdict's score is worth, in nats.
        calibrate: From exp(likelihood), the candidate's own probability, to the chance that it is right.
    """

    worth: float = 0.0
    calibrate: Callable[[float], float] | None = None

    def __call__(self, candidates: Sequence[Candidate[V]]) -> tuple[Candidate[V], float]:
        """Return the choice and its confidence; 0 where it did not pass."""
        chosen = max(candidates, key=lambda c: (c.verdict.passed, self._raw(c)))
        if not chosen.verdict.passed:
            return chosen, 0.0
        told = likelihood_of(chosen)
        raw = math.exp(min(told, 0.0))
        sure = raw if self.calibrate is None else self.calibrate(raw)
        return chosen, min(1.0, max(0.0, sure))

    def _raw(self, candidate: Candidate[Any]) -> float:
        return likelihood_of(candidate) + self.worth * candidate.verdict.score


@final
@dataclass(frozen=True)
class Consensus(Generic[V]):
    """Chooses the candidate that the likely candidates agree with most: the least Bayes risk.

    Equal values count once; each counts by its likelihood. The raw confidence is the likelihood of all values that
    say the same as the choice (Kumar and Byrne 2004, for translations).

    Args:
        gain: What the first value is worth where the second one is right.
        same: Whether two values say the same.
        essence: What `gain` and `same` look at, found once for each value; the value itself where it is left out.
        calibrate: From raw to calibrated confidence; the raw one where it is left out.
        score: The log-weight of a candidate, up to what all share: those that passed share their likelihood anew by it.
            Each weighs its own likelihood where it is left out.
    """

    gain: Callable[[Any, Any], float]
    same: Callable[[Any, Any], bool]
    calibrate: Callable[[float], float] | None = None
    essence: Callable[[V], Any] | None = None
    score: Callable[[Candidate[Any]], float] | None = None

    def __call__(self, candidates: Sequence[Candidate[V]]) -> tuple[Candidate[V], float]:
        """Return the choice and its confidence; 0 where it did not pass."""
        different: list[tuple[Candidate[V], Any]] = []
        for candidate in candidates:
            said = candidate.value if self.essence is None else self.essence(candidate.value)
            if not any(
                candidate.value is other.value or (said == known and candidate.value == other.value)
                for other, known in different
            ):
                different.append((candidate, said))
        passed = [candidate for candidate, _ in different if candidate.verdict.passed]
        if not passed:
            return max((candidate for candidate, _ in different), key=likelihood_of), 0.0
        weights = self._weights(passed)
        values = [said for candidate, said in different if candidate.verdict.passed]

        def worth(index: int) -> tuple[float, float]:
            pairs = zip(weights, values, strict=True)
            return sum(w * self.gain(values[index], value) for w, value in pairs), weights[index]

        chosen = max(range(len(passed)), key=worth)
        pairs = zip(weights, values, strict=True)
        raw = min(1.0, sum(w for w, value in pairs if self.same(values[chosen], value)))
        sure = raw if self.calibrate is None else self.calibrate(raw)
        return passed[chosen], min(1.0, max(0.0, sure))

    def _weights(self, passed: Sequence[Candidate[V]]) -> list[float]:
        """Return what each candidate weighs."""
        likely = [math.exp(min(0.0, likelihood_of(candidate))) for candidate in passed]
        if self.score is None:
            return likely
        scores = [self.score(candidate) for candidate in passed]
        shares = [math.exp(score - max(scores)) for score in scores]
        return [min(1.0, sum(likely)) * share / sum(shares) for share in shares]


def likelihood_of(candidate: Candidate[Any]) -> float:
    """Return the log-likelihood in the evidence, minus infinity where there is none."""
    told = candidate.verdict.evidence.get("likelihood")
    return float(told) if isinstance(told, int | float) else -math.inf
