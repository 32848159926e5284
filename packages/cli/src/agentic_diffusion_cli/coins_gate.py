"""The gate of evolution on coins: held-out coins must gain, and plain drives in the same maze must not lose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Verdict
from agentic_diffusion_evolve.gate import Trial, judge
from agentic_diffusion_worlds.maze.coinjudge import NearestFree
from agentic_diffusion_worlds.maze.coinworld import CoinWorld
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.score import starts

from agentic_diffusion_cli.coins_beside import PLANS, of_coins, of_plain, plain_drives

if TYPE_CHECKING:
    from agentic_diffusion_worlds.maze.coindomain import CoinPlanner
    from agentic_diffusion_worlds.maze.coins import CoinTask
    from agentic_diffusion_worlds.maze.map import Maze
    from agentic_diffusion_worlds.maze.planner import MazePlanner

SOURCE = "simulator"


@final
@dataclass
class CoinGate:
    """Passes a candidate that takes more coins, beyond doubt, and whose loss on plain drives is small, beyond doubt.

    Planners are examined as they are used: beside the network that evolution began with, with as many candidates in
    all (`of_coins`, `of_plain`). Both exams are paired by task and seed, each with a one-sided bound at `alpha`. Plain
    drives are those of the maze's benchmark from other starts; their loss is a share of what the network
    that evolution began with scores. They are driven only where the coins passed.

    Args:
        plain: The planner of the maze, without coins.
        maze: Where.
        tasks: Held-out coins.
        seed: Of the starts of plain drives; none of them may be a start of the test.
        exams: Plain drives.
        candidates: Of each plan past a coin.
        loss: The share of the first network's score on plain drives that may be lost, over all generations together.
        alpha: The share of bad candidates that may pass each exam.
    """

    plain: MazePlanner
    maze: Maze
    tasks: Sequence[CoinTask]
    seed: int
    exams: int = 60
    candidates: int = 256
    loss: float = 0.01
    alpha: float = 0.05
    _coins: list[tuple[Any, list[float]]] = field(default_factory=list, init=False)
    _seen: list[tuple[Any, list[float]]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if min(len(self.tasks), self.exams) < 2 or not 0 < self.loss < 1 or not 0 < self.alpha < 0.5:
            raise InvalidConfigError(
                f"{len(self.tasks)} coins, exams={self.exams}, loss={self.loss}, alpha={self.alpha}",
                "two coins and two exams or more, 0 < loss < 1, 0 < alpha < 0.5",
                "Try 60 of each, 0.01 and 0.05.",
            )
        self._geometry = Geometry(self.maze.map)

    def __call__(self, candidate: CoinPlanner, incumbent: CoinPlanner) -> Verdict:
        """Return whether the candidate may take the incumbent's place, and what both exams said."""
        coins = self._judged(self.coins(candidate), self.coins(incumbent), margin=0.0)
        if not coins.passed:
            return coins
        new, old = self.seen(candidate.denoiser), self.seen(self.plain.denoiser)
        margin = self.loss * sum(old) / len(old)
        seen = self._judged(new, old, margin=margin)
        return coins.model_copy(
            update={"passed": seen.passed, "evidence": {**coins.evidence, "seen": dict(seen.evidence)}}
        )

    def coins(self, planner: CoinPlanner) -> list[float]:
        """Return the score of each held-out coin; nothing is driven twice."""
        network = planner.denoiser
        if (known := _of(network, self._coins)) is None:
            world = CoinWorld(self.maze, NearestFree(self._geometry))
            driver = of_coins(self.plain, network, candidates=self.candidates, twice=True, crossed=True)
            plans = (driver.plan(task, seed=index) for index, task in enumerate(self.tasks))
            known = [outcome.reward for plan in plans for outcome in world(plan)]
            self._coins.append((network, known))
        return known

    def seen(self, network: Any) -> list[float]:
        """Return the steps in the goal of each plain drive; nothing is driven twice."""
        if (known := _of(network, self._seen)) is None:
            places = starts(self.maze, seed=self.seed, count=self.exams)
            first = [(place, (self.seed + index) * PLANS) for index, place in enumerate(places)]
            driven = plain_drives(of_plain(self.plain, network), self.maze, first)
            known = [float(episode.raw) for episode in driven]
            self._seen.append((network, known))
        return known

    def _judged(self, new: Sequence[float], old: Sequence[float], *, margin: float) -> Verdict:
        trials = [Trial(source=SOURCE, candidate=a, incumbent=b) for a, b in zip(new, old, strict=True)]
        return judge(trials, margin=margin, alpha=self.alpha)


def _of(network: Any, known: Sequence[tuple[Any, list[float]]]) -> list[float] | None:
    return next((scores for other, scores in known if other is network), None)
