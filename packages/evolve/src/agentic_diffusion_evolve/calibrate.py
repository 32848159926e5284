"""Calibration: confidence that means what it says, and a threshold below which to abstain."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.select import Selector
from agentic_diffusion.records import Candidate

V = TypeVar("V")


@final
@dataclass(frozen=True)
class Isotonic:
    """A rising step function from a raw confidence to the share of plans that work.

    Between steps it is linear, outside them constant.

    Args:
        scores: Mean raw confidence of each step, rising.
        shares: Share that worked on each step, never falling.
    """

    scores: tuple[float, ...]
    shares: tuple[float, ...]

    def __call__(self, score: float) -> float:
        """Return the calibrated confidence, in [0, 1]."""
        return float(np.interp(score, self.scores, self.shares))


def fit_isotonic(scores: Sequence[float], worked: Sequence[bool]) -> Isotonic:
    """Return the rising function with the least squared error, by pooling adjacent violators.

    Zadrozny and Elkan 2002 (KDD) use it for probabilities. Each step is drawn towards the overall share by one
    pseudo-observation, so that a few lucky plans are not called certain.

    Raises:
        InvalidConfigError: Fewer than two scores, not one outcome a score, or a score that is not finite.
    """
    raw, was = np.asarray(scores, dtype=float), np.asarray(worked, dtype=float)
    if len(raw) < 2 or len(raw) != len(was) or not np.isfinite(raw).all():
        raise InvalidConfigError(
            f"{len(raw)} scores and {len(was)} outcomes",
            "at least two finite scores, and whether each plan worked",
            "Execute held-out plans and note what came of them.",
        )
    blocks: list[list[float]] = []  # sum of scores, plans that worked, plans
    levels, place = np.unique(raw, return_inverse=True)
    for index, level in enumerate(levels):
        here = was[place == index]
        blocks.append([float(level) * len(here), float(here.sum()), float(len(here))])
        while len(blocks) > 1 and blocks[-2][1] * blocks[-1][2] >= blocks[-1][1] * blocks[-2][2]:
            top = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], top, strict=True)]
    base = float(was.mean())
    shares = np.maximum.accumulate([(good + base) / (count + 1) for _, good, count in blocks])
    return Isotonic(tuple(total / count for total, _, count in blocks), tuple(float(s) for s in shares))


def calibrated(select: Selector[V], calibration: Callable[[float], float]) -> Selector[V]:
    """Return a selector that chooses as before and says its confidence calibrated."""

    def choose(candidates: Sequence[Candidate[V]]) -> tuple[Candidate[V], float]:
        chosen, raw = select(candidates)
        return chosen, min(1.0, max(0.0, calibration(raw)))

    return choose


@final
@dataclass(frozen=True)
class RiskThreshold:
    """Plans with less confidence than this should not be executed.

    Args:
        confidence: The threshold; infinite where no plan may be executed.
        risk: The promise: of all plans, at most this share is executed and fails.
        plans: Calibration plans behind it.
    """

    confidence: float
    risk: float
    plans: int

    def accepts(self, confidence: float) -> bool:
        """Whether to execute; abstain where it says no."""
        return confidence >= self.confidence


def fit_threshold(
    confidence: Sequence[float], worked: Sequence[bool], *, risk: float = 0.05
) -> RiskThreshold:
    """Return the lowest threshold λ with (failures accepted at λ + 1) / (n + 1) ≤ risk.

    Split conformal risk control: for a new plan exchangeable with the calibration plans,
    P(it is accepted and fails) ≤ risk, whatever the distribution (Angelopoulos et al. 2022, arXiv:2208.02814, thm. 1).
    The promise is an average over calibration sets.

    Args:
        confidence: Of held-out plans; not those the confidence was calibrated on.
        worked: Whether each worked.
        risk: The share of plans that may be executed and fail.

    Raises:
        InvalidConfigError: The risk is outside (0, 1), or there is not one outcome a confidence.
    """
    said, failed = np.asarray(confidence, dtype=float), ~np.asarray(worked, dtype=bool)
    if not 0 < risk < 1 or len(said) != len(failed):
        raise InvalidConfigError(
            f"risk={risk}, {len(said)} confidences, {len(failed)} outcomes",
            "0 < risk < 1 and one outcome a confidence",
            "Execute held-out plans and note what came of them.",
        )
    room = math.floor(risk * (len(said) + 1) + 1e-9) - 1
    wrong = np.sort(said[failed])[::-1]
    if room < 0:
        return RiskThreshold(math.inf, risk, len(said))
    if room >= len(wrong):
        return RiskThreshold(-math.inf, risk, len(said))
    # just above the failure that would be one too many
    return RiskThreshold(math.nextafter(float(wrong[room]), math.inf), risk, len(said))
