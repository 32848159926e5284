"""Selectors: choose one candidate and say how sure that choice is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

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
