"""Budgets: how long a plan may take, how much memory, and who may stop it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import final

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Ending


def never() -> bool:
    """Never stop."""
    return False


@final
@dataclass(frozen=True)
class Budget:
    """What one plan may cost.

    Args:
        milliseconds: Wall-clock deadline; at least one denoising step is always made.
        memory_bytes: Bound on the activations of one batch of candidates; the batch is made smaller to fit.
        stop: Asked before every step; True ends the denoising with the best plan so far.
    """

    milliseconds: float = math.inf
    memory_bytes: int | None = None
    stop: Callable[[], bool] = never

    def __post_init__(self) -> None:
        if not self.milliseconds > 0 or (self.memory_bytes is not None and self.memory_bytes < 1):
            raise InvalidConfigError(
                f"Budget(milliseconds={self.milliseconds}, memory_bytes={self.memory_bytes})",
                "a positive time and a positive number of bytes",
                "Leave an argument out to have no limit.",
            )


@final
@dataclass
class Clock:
    """Watches one plan against its budget."""

    budget: Budget
    started: float = field(default_factory=time.perf_counter)
    laps: list[float] = field(default_factory=list)

    def seconds(self) -> float:
        """Return the time since planning began."""
        return time.perf_counter() - self.started

    def lap(self) -> None:
        """Note that one denoising step was made."""
        self.laps.append(self.seconds())

    def left(self) -> Budget:
        """Return the budget with the time that is left of it: at least a microsecond, for one step is always made."""
        rest = self.budget.milliseconds - 1000 * self.seconds()
        return replace(self.budget, milliseconds=max(rest, 1e-3))

    def ending(self) -> Ending:
        """Return why to end now, or `complete` where there is room for one more step.

        A step is expected to last as long as the slowest of the last three, and as much again is kept for
        verification.
        """
        if not self.laps:
            return "complete"
        if self.budget.stop():
            return "stopped"
        recent = [0.0, *self.laps][-4:]
        slowest = max(b - a for a, b in pairwise(recent))
        late = self.laps[-1] + 2 * slowest > self.budget.milliseconds / 1000
        return "deadline" if late else "complete"
