"""The coin benchmark: every driver gets the same tasks, the same seeds and the same number of network calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, final

import numpy as np
from agentic_diffusion.denoising.guidance import RewardGradient
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.planning.select import first
from agentic_diffusion.records import DenoiseEvent, Plan

from agentic_diffusion_worlds.maze.coincross import Crossed
from agentic_diffusion_worlds.maze.coindomain import CoinPlanner, CoinReward, for_coins
from agentic_diffusion_worlds.maze.coinfocus import Focused
from agentic_diffusion_worlds.maze.coinjudge import NearestFree
from agentic_diffusion_worlds.maze.coinlegs import TwoLegs
from agentic_diffusion_worlds.maze.coins import CoinSuite, CoinTask, suite_tasks
from agentic_diffusion_worlds.maze.coinworld import CoinDrive, CoinPilot, drive_coin
from agentic_diffusion_worlds.maze.domain import limits_of
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.physics import MazePhysics
from agentic_diffusion_worlds.maze.planner import MazePlanner
from agentic_diffusion_worlds.maze.score import summary
from agentic_diffusion_worlds.maze.tracker import PlanTracker

CoinRow: TypeAlias = dict[str, Any]
CoinPlans: TypeAlias = Plans[CoinTask, Trajectory]

CALLS, CANDIDATES = 4, 256
SAMPLINGS = 1000  # seeds set aside for the plans of one drive

UNAWARE, DIFFUSER, MCSS = "unaware", "diffuser", "mcss"
GRADIENT, ZERO_SHOT, LEGS = "reward gradient", "ours, zero-shot", "two plans over the coin"
TWICE, CROSSED = "ours, looking twice", "ours, looking twice and crossed"


@final
@dataclass(frozen=True)
class Unaware:
    """Plans as if there were no coin.

    Args:
        planner: Of coin tasks.
    """

    planner: CoinPlans

    def plan(
        self,
        request: CoinTask,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[CoinTask, Trajectory]:
        """Return a plan for start and goal alone."""
        blind = request.model_copy(update={"coin": None, "moment": None})
        return self.planner.plan(blind, seed=seed, budget=budget, watch=watch)


@final
@dataclass(frozen=True)
class Drawn:
    """Plans with the gradient of the coin's reward and nothing else: the coin is not pinned.

    Args:
        planner: Of coin tasks.
        scale: Strength of the tilt.
    """

    planner: CoinPlanner
    scale: float = 0.5

    def plan(
        self,
        request: CoinTask,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[CoinTask, Trajectory]:
        """Return a plan whose belief was tilted towards the coin of this task."""
        planner = self.planner
        if request.coin is not None:
            reward = CoinReward(request.coin, limits_of(planner.verify.geometry))  # type: ignore[attr-defined]
            planner = replace(planner, guides=(RewardGradient(reward, self.scale, limit=1.0),))
        return planner.plan(request, seed=seed, budget=budget, watch=watch)


def coin_drivers(
    plain: MazePlanner, *, candidates: int = CANDIDATES, steps: int = CALLS
) -> dict[str, CoinPlans]:
    """Return the rows that need no training, by name, in the order of the table.

    `unaware`: plans for start and goal alone. `diffuser`: one unguided sample, tracked at its own pace. `mcss`:
    unguided samples, chosen by the coin's reward (as in Diffusion Veteran, Lu et al. 2025). `reward gradient`: the
    same, tilted by the gradient of the reward. `ours, zero-shot`: the coin is pinned to another moment in each
    candidate. `ours, looking twice`: half of the candidates have moments near those that suited the other half. `ours,
    looking twice and crossed`: where none of them passes, their halves are put together anew (`Crossed`). `two plans
    over the coin`: is told how the task is made up, so it is no competitor but what one could reach.

    Args:
        plain: The maze planner that all rows are made of.
        candidates: Of each plan.
        steps: Denoising steps.
    """
    free = for_coins(plain, count=candidates, steps=steps, returns=1, pinned=False)
    judge = free.verify
    assert isinstance(judge, NearestFree)
    legs = replace(plain, count=max(1, candidates // 2), steps=steps)
    horizon = plain.domain.trajectories.horizon  # type: ignore[attr-defined]
    twice = Focused(told(plain, candidates=candidates, steps=steps))
    return {
        UNAWARE: Unaware(free),
        DIFFUSER: replace(free, count=1, select=first),
        MCSS: free,
        GRADIENT: Drawn(free),
        ZERO_SHOT: told(plain, candidates=candidates, steps=steps),
        TWICE: twice,
        CROSSED: Crossed(twice, judge),
        LEGS: TwoLegs(legs, judge, horizon),
    }


def told(plain: MazePlanner, *, candidates: int = CANDIDATES, steps: int = CALLS) -> CoinPlanner:
    """Return the planner of the rows `ours`: the coin is pinned, the network is told where."""
    return for_coins(plain, count=candidates, steps=steps, returns=1)


@final
@dataclass(frozen=True)
class CoinTick:
    """Progress: so many drives of a row are done."""

    row: str
    done: int
    total: int


@final
@dataclass
class CoinBench:
    """Drives a suite with every driver and keeps the figures.

    Args:
        suite: Which coins.
        drivers: By the names of their rows.
        seeds: Of the noise, and of the starts and goals unless the published ones are driven; at least one.
        published: Whether the starts and goals are those for which the coins were chosen (`suite_tasks`).
        tries: Samplings for one plan that does not pass.
        most: Plans of one drive.
        rows: The figures, in order, once `run` is through.
    """

    suite: CoinSuite
    drivers: Mapping[str, CoinPlans]
    seeds: Sequence[int]
    published: bool = True
    tries: int = 2
    most: int = 1
    rows: list[CoinRow] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if not self.seeds or not self.drivers:
            raise InvalidConfigError(
                f"{len(self.seeds)} seeds, {len(self.drivers)} drivers",
                "at least one of each",
                "Use 3 seeds.",
            )
        self._judge = NearestFree(Geometry(self.suite.maze.map))
        self._physics = MazePhysics(self.suite.maze.map)

    def run(self) -> Iterator[CoinTick]:
        """Drive all rows, yielding after every drive."""
        self.rows.clear()
        for name, driver in self.drivers.items():
            drives: list[CoinDrive] = []
            samplings = 0
            for seed in self.seeds:
                tasks = suite_tasks(self.suite, None if self.published else seed)
                for index, task in enumerate(tasks):
                    drive, sampled = self._drive(name, driver, task, (100 * seed + index) * SAMPLINGS)
                    drives.append(drive)
                    samplings += sampled
                    yield CoinTick(name, len(drives), len(self.seeds) * len(tasks))
            self.rows.append(self._row(name, drives, samplings))

    def _drive(self, name: str, driver: CoinPlans, task: CoinTask, seed: int) -> tuple[CoinDrive, int]:
        if name == DIFFUSER:
            policy = PlanTracker(driver.plan(task, seed=seed).chosen.value)
            return drive_coin(self._physics, policy, task=task, limit=self.suite.maze.limit), 1
        pilot = CoinPilot(driver, self._judge, task, seed=seed, tries=self.tries, most=self.most)
        drive = drive_coin(self._physics, pilot, task=task, limit=self.suite.maze.limit)
        return drive, pilot.samplings

    def _row(self, name: str, drives: Sequence[CoinDrive], samplings: int) -> CoinRow:
        parts = np.array_split(np.arange(len(drives)), len(self.seeds))
        means = [100 * float(np.mean([drives[k].score for k in part])) for part in parts]
        return {
            "name": name,
            "suite": self.suite.name,
            "score": summary(means).to_json(),
            "seed_means": means,
            "tasks": [100 * drive.score for drive in drives],
            "reached": summary([float(drive.reached) for drive in drives]).to_json(),
            "found": summary([float(drive.score > 0) for drive in drives]).to_json(),
            "steps": summary([float(drive.steps) for drive in drives]).to_json(),
            "samplings": samplings / len(drives),
        }
