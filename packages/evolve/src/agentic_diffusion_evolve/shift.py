"""Shift: inputs unlike the data, and outcomes that are no longer what they were."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError

Numbers: TypeAlias = Sequence[float]
Rows: TypeAlias = Sequence[Numbers]


@final
@dataclass(frozen=True)
class Drift:
    """Watches rewards for a lasting fall: Page-Hinkley's test (Page 1954, Biometrika 41).

    `after` returns the watch with one more reward; nothing is changed in place. Rewards are measured in standard
    deviations of the first `warmup`, during which nothing is reported.

    Args:
        slack: A fall of less than this, in standard deviations, is let pass.
        limit: Alarm once the summed fall exceeds this; larger is slower and gives fewer false alarms.
        warmup: Rewards from which the mean and the standard deviation are taken.
        seen: Rewards so far.
        mean: Their mean in the warm-up.
        spread: Sum of squared differences from it in the warm-up.
        fallen: The summed fall.
        falling: How many rewards ago it began; 0 where there is none.
    """

    slack: float = 0.5
    limit: float = 12.0
    warmup: int = 30
    seen: int = 0
    mean: float = 0.0
    spread: float = 0.0
    fallen: float = 0.0
    falling: int = 0

    def __post_init__(self) -> None:
        if self.slack < 0 or self.limit <= 0 or self.warmup < 2:
            raise InvalidConfigError(
                f"Drift(slack={self.slack}, limit={self.limit}, warmup={self.warmup})",
                "slack >= 0, limit > 0 and warmup >= 2",
                "Use the defaults unless false alarms are cheap.",
            )

    @property
    def alarmed(self) -> bool:
        """Whether rewards have fallen for good; adapt, and start a new watch."""
        return self.fallen > self.limit

    def after(self, reward: float) -> Drift:
        """Return the watch after one more reward."""
        seen = self.seen + 1
        if seen <= self.warmup:
            mean = self.mean + (reward - self.mean) / seen
            spread = self.spread + (reward - self.mean) * (reward - mean)
            return replace(self, seen=seen, mean=mean, spread=spread)
        unit = max(math.sqrt(self.spread / (self.warmup - 1)), 1e-9)
        fallen = max(0.0, self.fallen + (self.mean - reward) / unit - self.slack)
        return replace(self, seen=seen, fallen=fallen, falling=self.falling + 1 if fallen > 0 else 0)


@final
@dataclass(frozen=True)
class Novelty:
    """How far an input lies from the data: the distance to its k-th nearest neighbour, each number in its own unit.

    Args:
        known: The data, scaled.
        centre: Mean of each number.
        unit: Standard deviation of each number.
        neighbours: k.
        threshold: The quantile of the data's own distances from which an input is called new.
    """

    known: np.ndarray[Any, Any]
    centre: np.ndarray[Any, Any]
    unit: np.ndarray[Any, Any]
    neighbours: int
    threshold: float

    def score(self, numbers: Numbers) -> float:
        """Return the distance; infinite where a number is not finite."""
        row = (np.asarray(numbers, dtype=float) - self.centre) / self.unit
        if not np.isfinite(row).all():
            return math.inf
        gaps = np.sqrt(((self.known - row) ** 2).sum(axis=1))
        return float(np.partition(gaps, self.neighbours - 1)[self.neighbours - 1])

    def is_new(self, numbers: Numbers) -> bool:
        """Whether the input lies further out than all but a small share of the data."""
        return self.score(numbers) > self.threshold


def fit_novelty(rows: Rows, *, neighbours: int = 5, false_alarms: float = 0.01) -> Novelty:
    """Return the novelty of inputs, with a threshold taken from the data themselves.

    The threshold is the conformal quantile of the data's distances to each other: of inputs like the data, about a
    share `false_alarms` is called new.

    Args:
        rows: Inputs that the planner was trained on, as numbers.
        neighbours: k.
        false_alarms: The share of ordinary inputs that may be called new.

    Raises:
        InvalidConfigError: Too few rows, or numbers that are not finite.
    """
    table = np.asarray(rows, dtype=float)
    enough = table.ndim == 2 and len(table) > neighbours >= 1 and 0 < false_alarms < 1
    if not enough or not np.isfinite(table).all():
        raise InvalidConfigError(
            f"rows of shape {table.shape}, neighbours={neighbours}, false_alarms={false_alarms}",
            "more finite rows than neighbours, and 0 < false_alarms < 1",
            "A few hundred rows are enough.",
        )
    centre, unit = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-9)
    known = (table - centre) / unit
    own = []
    for row in known:
        gaps = np.sqrt(((known - row) ** 2).sum(axis=1))
        own.append(float(np.partition(gaps, neighbours)[neighbours]))  # the nearest of all is the row itself
    rank = math.ceil((1 - false_alarms) * (len(own) + 1))
    threshold = sorted(own)[rank - 1] if rank <= len(own) else max(own)
    return Novelty(known, centre, unit, neighbours, threshold)
