"""Detours: where no plan to the goal passes, two shorter ones over a place between are tried in its stead."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.planning.select import best
from agentic_diffusion.planning.verify import Verifier
from agentic_diffusion.records import Candidate, Plan

from agentic_diffusion_worlds.maze.coinlegs import joined
from agentic_diffusion_worlds.maze.domain import reach
from agentic_diffusion_worlds.maze.geometry import Geometry

MazePlan = Plan[Reach, Trajectory]
LEGS = 4  # plans of one leg that are joined with those of the other


@final
@dataclass(frozen=True)
class Detours:
    """The generation step of a planner that meets a maze it does not know: plans of a task that are worth driving.

    A planner that fails on a long way often knows its pieces. So where its own plan does not pass, it plans to a cell
    between and from there to the goal, for several cells drawn at random; the best of the joined plans that
    passes is driven. No way is told: cells are drawn from all that are free, and the verifier judges. A joined plan
    can be learned from as one plan, so ways double in length from one generation to the next.

    Where most candidates pass there is little to learn. With `easy` such errands are left out, and what is driven and
    learned is what the planner cannot do yet.

    Args:
        geometry: Where the walls are.
        judge: Judges the joined plans.
        horizon: Most moments of a joined plan; a longer one is driven faster.
        over: How many cells between are tried, at most.
        enough: After so many of them over which a plan passes no more are tried.
        easy: An errand is left out where more than this share of the candidates passes; with 1 none is.
    """

    geometry: Geometry
    judge: Verifier[Reach, Trajectory]
    horizon: int
    over: int = 8
    enough: int = 2
    easy: float = 1.0

    def __post_init__(self) -> None:
        if min(self.over, self.enough) < 1 or self.horizon < 3 or not 0 <= self.easy <= 1:
            raise InvalidConfigError(
                f"over={self.over}, enough={self.enough}, horizon={self.horizon}, easy={self.easy}",
                "at least 1 cell, 1 way over it and 3 moments, and a share between 0 and 1",
                "Use 8, 2, the horizon of the planner and 1.",
            )

    def __call__(self, planner: Plans[Reach, Trajectory], task: Reach, *, seed: int) -> list[MazePlan]:
        """Return the plan of the task, or the best detour where that does not pass and a detour does; none if easy."""
        plan = planner.plan(task, seed=seed)
        passing = sum(candidate.verdict.passed for candidate in plan.considered)
        if passing > self.easy * len(plan.considered):
            return []
        if plan.chosen.verdict.passed or task.start is None or task.goal is None:
            return [plan]
        considered: list[Candidate[Trajectory]] = []
        cells, rng, found = self.geometry.map.cells(), np.random.default_rng(seed), 0
        for index in rng.permutation(len(cells))[: self.over]:
            middle = self.geometry.cell_to_xy(cells[int(index)])
            values = self._over(planner, task, (float(middle[0]), float(middle[1])), seed=seed)
            verdicts = self.judge(task, values) if values else ()
            considered += [Candidate(value=a, verdict=b) for a, b in zip(values, verdicts, strict=True)]
            found += any(verdict.passed for verdict in verdicts)
            if found >= self.enough:
                break
        passed = tuple(candidate for candidate in considered if candidate.verdict.passed)
        if not passed:
            return [plan]
        chosen, _ = best(passed)
        update = {"chosen": chosen, "considered": passed, "confidence": len(passed) / len(considered)}
        return [plan.model_copy(update=update)]

    def _over(
        self, planner: Plans[Reach, Trajectory], task: Reach, middle: tuple[float, float], *, seed: int
    ) -> list[Trajectory]:
        """Return joined plans over one place; none where a leg does not pass."""
        assert task.start is not None
        assert task.goal is not None
        goal = [float(number or 0.0) for number in task.goal[:2]]
        legs = []
        for way in (reach(task.start, middle), reach((*middle, 0.0, 0.0), goal)):
            passed = [c for c in planner.plan(way, seed=seed).considered if c.verdict.passed]
            if not passed:
                return []
            legs.append(sorted(passed, key=lambda c: c.verdict.score, reverse=True)[:LEGS])
        pairs = (joined(one.value, two.value, horizon=self.horizon) for one, two in product(*legs))
        return [self._whole(value) for value in pairs]

    def _whole(self, value: Trajectory) -> Trajectory:
        """Return a plan that rests at its end up to the horizon, as sampled plans do."""
        rest = (value.states[-1],) * (self.horizon - len(value.states))
        return value.model_copy(update={"states": (*value.states, *rest)})
