"""What an adaptation to an unseen maze may spend, how it learns, and what its gate looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

from agentic_diffusion_worlds.maze.pace import AS_PLANNED, Variation
from agentic_diffusion_worlds.maze.practice import MazeOutcome, MazePlan

from agentic_diffusion_cli.evolve_maze import MazeWorld


@final
@dataclass(frozen=True)
class Spend:
    """What one adaptation to a maze may spend.

    Args:
        rounds: Generations.
        tasks: Errands of a generation.
        exams: Held-out errands of the gate.
        steps: Optimiser steps of a generation.
        batch: States a step.
        learning_rate: Peak rate.
        new: The share of new data in a batch.
        candidates: Of a plan in practice; in the test all rows have those of the suite.
        drives: Candidates of a plan in practice that are driven, the best first.
        paces: How each of them is driven.
        onward: Whether a generation practises with the last candidate, and tunes it, although the gate refused it.
        easy: Errands of which more than this share of candidates passes are not practised; 1 practises all.
        success: Whether the gate looks at success, as the test does, and not at the share of time in the goal.
    """

    rounds: int = 3
    tasks: int = 32
    exams: int = 40
    steps: int = 200
    batch: int = 32
    learning_rate: float = 5e-4
    new: float = 0.7
    candidates: int = 16
    drives: int = 1
    paces: Sequence[Variation] = (AS_PLANNED, Variation(1.1, 0.05))
    onward: bool = False
    easy: float = 1.0
    success: bool = False


THOROUGH = Spend(
    tasks=128,
    exams=320,
    steps=800,
    batch=64,
    learning_rate=1e-3,
    new=0.85,
    drives=4,
    paces=(AS_PLANNED,),
    onward=True,
    easy=0.25,
    success=True,
)
"""For mazes of which a short adaptation learns too little for the gate to see it."""


def spending(
    *,
    thorough: bool = False,
    rounds: int | None = None,
    tasks: int | None = None,
    exams: int | None = None,
    steps: int | None = None,
) -> Spend:
    """Return what is usually spent, on a short or on a thorough adaptation, but for the numbers that are given."""
    usual = THOROUGH if thorough else Spend()
    return replace(
        usual,
        rounds=rounds or usual.rounds,
        tasks=tasks or usual.tasks,
        exams=exams or usual.exams,
        steps=steps or usual.steps,
    )


@final
@dataclass(frozen=True)
class Settled:
    """An exam whose reward is 1 where the ball came to rest in the goal, however long it took, and else 0.

    Args:
        exam: Drives a plan.
    """

    exam: MazeWorld

    def __call__(self, plan: MazePlan) -> list[MazeOutcome]:
        """Return the outcomes of the exam, rewarded so."""
        told = self.exam(plan)
        return [o.model_copy(update={"reward": float(bool(o.evidence["settled"]))}) for o in told]
