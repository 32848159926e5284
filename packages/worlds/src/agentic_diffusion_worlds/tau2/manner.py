"""How a self-taught planner of the telecom desk practises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_worlds.acting.changed import WINDOW


@final
@dataclass(frozen=True)
class Manner:
    """How a self-taught planner practises.

    Args:
        attempts: Plans that are executed for one ticket before the next one has its turn.
        anew: Executed plans between two trainings.
        steps: Optimiser steps of a training.
        first: Lessons before the first training.
        memory: Lessons that are kept.
        looks: Tickets that are read before the first plan, to know how tickets begin.
        level: Solved tickets of a kind for each further issue that its next tickets may combine.
        shuffle: Share of the solved tickets whose plan is executed once more in another order.
        flagged: Surprises of a call, with no use between them that surprised nobody, after which it counts as changed;
            at most five.
        imagined: Combined lessons for each goal in a training, at most.
        trial: Latest attempts that are repeated with a newly taught planner, which is kept if it does no worse.
    """

    attempts: int = 2
    anew: int = 250
    steps: int = 1000
    first: int = 30
    memory: int = 40_000
    looks: int = 300
    level: int = 3
    shuffle: float = 0.3
    flagged: int = 3
    imagined: int = 500
    trial: int = 24

    def __post_init__(self) -> None:
        least = {
            "attempts": 2,
            "anew": 1,
            "steps": 1,
            "first": 1,
            "memory": 1,
            "looks": 0,
            "level": 1,
            "flagged": 1,
            "imagined": 0,
            "trial": 0,
        }
        for name, count in least.items():
            if getattr(self, name) < count:
                raise InvalidConfigError(f"{name}={getattr(self, name)}", f"at least {count}", "Raise it.")
        if self.flagged > WINDOW:
            raise InvalidConfigError(
                f"flagged={self.flagged}", f"at most {WINDOW}: no more surprises are remembered", "Lower it."
            )
        if not 0 <= self.shuffle <= 1:
            raise InvalidConfigError(f"shuffle={self.shuffle}", "a share from 0 to 1", "Correct it.")
