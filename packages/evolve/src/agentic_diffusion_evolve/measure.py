"""Measures: intervals of a mean, ranking quality and calibration error, each exact where it can be."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from agentic_diffusion.errors import InvalidConfigError

Numbers: TypeAlias = Sequence[float]

Bound: TypeAlias = Callable[[Numbers, float], float]
"""From samples and a chance alpha to a number that lies above their true mean in at most that share of cases."""


def auroc(scores: Numbers, labels: Sequence[bool]) -> float:
    """Return the chance that a positive scores above a negative, ties counting half (Mann-Whitney U).

    Raises:
        InvalidConfigError: One of the two classes is empty.
    """
    values, marks = np.asarray(scores, dtype=float), np.asarray(labels, dtype=bool)
    positive, negative = int(marks.sum()), int((~marks).sum())
    if len(values) != len(marks) or positive == 0 or negative == 0:
        raise InvalidConfigError(
            f"{len(values)} scores, {positive} positive and {negative} negative labels",
            "one label a score, and both kinds of label",
            "Collect examples of both kinds first.",
        )
    _, place, size = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(size) - (size - 1) / 2)[place]
    return float((ranks[marks].sum() - positive * (positive + 1) / 2) / (positive * negative))


def calibration_error(confidence: Numbers, worked: Sequence[bool], *, bins: int = 10) -> float:
    """Return Σ nᵦ/n · |mean confidence - share that worked| over bins of equal width (ECE).

    Guo et al. 2017, arXiv:1706.04599, eq. 3.
    """
    said, was = np.asarray(confidence, dtype=float), np.asarray(worked, dtype=float)
    place = np.clip((said * bins).astype(int), 0, bins - 1)
    gaps = [abs(float((said[place == b] - was[place == b]).sum())) for b in np.unique(place)]
    return sum(gaps) / len(said)


def failures_avoided(confidence: Numbers, worked: Sequence[bool], *, share: float = 0.1) -> float:
    """Return which share of all failures lies in the least confident `share`; ties are split evenly."""
    said, failed = np.asarray(confidence, dtype=float), ~np.asarray(worked, dtype=bool)
    room, avoided = share * len(said), 0.0
    for level in np.unique(said):
        here = said == level
        part = min(1.0, room / here.sum())
        avoided += part * float(failed[here].sum())
        room -= part * here.sum()
        if room <= 0:
            break
    return avoided / max(1, int(failed.sum()))


@lru_cache(maxsize=4096)
def student_quantile(chance: float, freedom: int) -> float:
    """Return the quantile of Student's t: with t = √ν tan θ its density becomes cos^(ν-1) θ."""
    if not 0 < chance < 1 or freedom < 1:
        raise InvalidConfigError(
            f"student_quantile({chance}, {freedom})",
            "0 < chance < 1 and freedom >= 1",
            "Use two samples or more.",
        )
    edge = min(math.pi / 2, 40 / math.sqrt(freedom))
    angle = np.linspace(0, edge, 40_001)
    density = np.cos(angle) ** (freedom - 1)
    mass = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    half = np.interp(abs(chance - 0.5) * 2, mass / mass[-1], angle)
    return math.copysign(math.sqrt(freedom) * math.tan(half), chance - 0.5)


def student(samples: Numbers, alpha: float) -> float:
    """Return mean - t · s/√n, the lower bound by Student's t; minus infinity for fewer than two samples."""
    values = np.asarray(samples, dtype=float)
    if len(values) < 2:
        return -math.inf
    spread = float(values.std(ddof=1)) / math.sqrt(len(values))
    return float(values.mean()) - student_quantile(1 - alpha, len(values) - 1) * spread


def bootstrap(*, resamples: int = 2000, seed: int = 0) -> Bound:
    """Return a lower bound by the percentile bootstrap, for samples far from normal (Efron 1979).

    Args:
        resamples: How often to draw the samples anew.
        seed: The same seed gives the same bound.
    """

    def bound(samples: Numbers, alpha: float) -> float:
        values = np.asarray(samples, dtype=float)
        if len(values) < 2:
            return -math.inf
        index = np.random.default_rng(seed).integers(len(values), size=(resamples, len(values)))
        return float(np.quantile(values[index].mean(axis=1), alpha))

    return bound


def weighted_median(values: Numbers, weights: Numbers) -> float:
    """Return the lower weighted median: the least value that has half of the weight at or below it."""
    order = np.argsort(np.asarray(values, dtype=float), kind="stable")
    mass = np.cumsum(np.asarray(weights, dtype=float)[order])
    if len(mass) == 0 or mass[-1] <= 0:
        raise InvalidConfigError(
            "no weight at all", "at least one value with a positive weight", "Trust a source."
        )
    place = int(np.searchsorted(mass, mass[-1] / 2 * (1 - 1e-12)))
    return float(np.asarray(values, dtype=float)[order][place])
