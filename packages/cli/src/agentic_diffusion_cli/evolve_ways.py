"""Ways to evolve that are compared with ours: AdaptDiffuser's recipe, no gate, and a source that lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np
from agentic_diffusion.denoising.state import Rng
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Outcome, Verdict
from agentic_diffusion_evolve.encoded import Encoded
from agentic_diffusion_evolve.memory import Memory
from agentic_diffusion_evolve.tune import adapt_diffuser
from agentic_diffusion_worlds.maze.planner import MazePlanner
from agentic_diffusion_worlds.maze.practice import RESIDUAL, Exam, MazeOutcome, MazePlan

from agentic_diffusion_cli.evolve_maze import MazeGate, MazeWorld, Way, Workplace

Old: TypeAlias = Callable[[Rng, int], Encoded]

STRANGER = "stranger"
WATCHERS = 3


def ungated(candidate: MazePlanner, incumbent: MazePlanner) -> Verdict:
    """Let every candidate pass."""
    return Verdict(passed=True, score=0.0, evidence={"why": "no gate"})


@final
@dataclass(frozen=True)
class Sampled:
    """A world that drives the best candidates as they were planned and tells the plans: AdaptDiffuser's synthetic data.

    Args:
        exam: Drives a plan.
        count: How many candidates are driven.
    """

    exam: Exam
    count: int

    def __call__(self, plan: MazePlan) -> list[MazeOutcome]:
        """Return an outcome for each candidate that was driven."""
        ranked = sorted(plan.considered, key=lambda c: (c.verdict.passed, c.verdict.score), reverse=True)
        told: list[MazeOutcome] = []
        for candidate in ranked[: self.count]:
            told += self.exam(plan.model_copy(update={"chosen": candidate}))
        return told


def adapt_way(place: Workplace) -> Way:
    """AdaptDiffuser's recipe as CleanDiffuser has it: one threshold of value, new data alone, no gate.

    The threshold is the median return of what is remembered; drives and training steps are as many as ours.
    """

    def tune(planner: MazePlanner, memory: Memory[Reach, Trajectory]) -> MazePlanner:
        least = float(np.median([outcome.reward for outcome in memory]))
        s = place.settings
        return adapt_diffuser(place.recipe(), least=least, batch=s.batch, seed=s.seed)(planner, memory)

    return Way(Sampled(place.exam(), 2 * len(place.settings.paces)), tune, ungated)


@final
@dataclass(frozen=True)
class Poisoned:
    """A world of which a share of the outcomes comes from a source that lies.

    It claims the highest reward, and a perfect drive, for the plan played three times as fast, which it has not driven.

    Args:
        world: Tells the truth.
        share: How many of the outcomes are lies.
        seed: Which.
    """

    world: MazeWorld
    share: float = 0.3
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InvalidConfigError(f"share={self.share}", "a share from 0 to 1", "0.3 is a third of all.")

    def __call__(self, plan: MazePlan) -> list[MazeOutcome]:
        """Return outcomes, some of them false."""
        rng = np.random.default_rng((self.seed, plan.seed))
        return [self._lie(outcome) if rng.random() < self.share else outcome for outcome in self.world(plan)]

    def _lie(self, outcome: MazeOutcome) -> MazeOutcome:
        value = outcome.value
        states = (*value.states[: value.arrival : 3], value.states[-1])
        hasty = value.model_copy(update={"states": states, "arrival": len(states) - 1})
        evidence = {**outcome.evidence, RESIDUAL: 0.0}
        return outcome.model_copy(
            update={"value": hasty, "reward": 1.0, "evidence": evidence, "source": STRANGER}
        )


@final
@dataclass(frozen=True)
class Watched:
    """A world whose outcome is told by three watchers, one of whom lies in a share of the cases.

    Args:
        world: Drives a plan.
        share: How often the liar claims the highest reward.
        seed: When.
    """

    world: MazeWorld
    share: float = 0.3
    seed: int = 0

    def __call__(self, plan: MazePlan) -> list[MazeOutcome]:
        """Return one outcome of each watcher."""
        told: list[MazeOutcome] = []
        for outcome in self.world(plan):
            rng = np.random.default_rng((self.seed, plan.seed, int(1e6 * abs(outcome.reward))))
            for watcher in range(WATCHERS):
                lies = watcher == 0 and rng.random() < self.share
                told.append(
                    Outcome(
                        request=outcome.request,
                        value=outcome.value,
                        reward=1.0 if lies else outcome.reward,
                        source=f"watcher {watcher}",
                    )
                )
        return told


def poisoned_way(place: Workplace, old: Old, *, share: float, gated: bool) -> Way:
    """Our recipe where a source lies, in what is learned from and to the gate alike; with the gate or without."""
    honest = ours_way(place, old)
    seed = place.settings.seed
    gate: MazeGate = place.gate(Watched(place.exam(), share, seed)) if gated else ungated
    return replace(honest, world=Poisoned(honest.world, share, seed), gate=gate)


def ours_way(place: Workplace, old: Old) -> Way:
    """Our recipe."""
    return Way(place.practice(), place.tuner(old), place.gate())
