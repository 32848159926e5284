"""The pilot: plans, drives, watches the ball and plans again when it leaves the course."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.records import DenoiseEvent, Plan

from agentic_diffusion_worlds.maze.domain import FastestFree, reach
from agentic_diffusion_worlds.maze.geometry import Array
from agentic_diffusion_worlds.maze.tracker import CourseTracker

MazePlan: TypeAlias = Plan[Reach, Trajectory]


@final
@dataclass
class Pilot:
    """A policy: from the state of the ball to a force, planning whenever there is a reason to.

    It plans at the start, when the ball is further than `tolerance` from where its course has it, and when a course
    has ended away from the goal. A plan that fails verification is drawn again up to `tries` times with other
    seeds; the best one is driven and is in `plans` with its verdict.

    Args:
        planner: Any planner of mazes.
        judge: Turns plans into courses; the one that the planner verifies with.
        goal: Where to go, [x, y].
        seed: The seed of the first plan; each further plan takes the next one.
        tolerance: Distance from the course at which a new plan is made.
        tries: Samplings for one plan.
        budget: Of each sampling.
        watch: Told about every denoising step.
        plans: Every plan that was driven.
    """

    planner: Plans[Reach, Trajectory]
    judge: FastestFree
    goal: Array
    seed: int = 0
    tolerance: float = 0.4
    tries: int = 3
    budget: Budget | None = None
    watch: Callable[[DenoiseEvent], None] | None = None
    plans: list[MazePlan] = field(default_factory=list, init=False)
    _tracker: CourseTracker | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.tolerance <= 0 or self.tries < 1:
            raise InvalidConfigError(
                f"tolerance={self.tolerance}, tries={self.tries}",
                "a positive tolerance and at least one try",
                "Use 0.4 and 3.",
            )

    def __call__(self, state: Array) -> Array:
        """Return the force for this state."""
        if self.lost(state):
            self.follow(self.replan(state))
        assert self._tracker is not None
        return self._tracker(state)

    def lost(self, state: Array) -> bool:
        """Return whether there is a reason to plan: no course yet, off the course, or its end is not the goal."""
        tracker = self._tracker
        if tracker is None:
            return True
        if not tracker.finished:
            return tracker.deviation(state) > self.tolerance
        settled = float(np.linalg.norm(state[2:])) < 0.1
        return settled and float(np.linalg.norm(state[:2] - self.goal)) > self.tolerance

    def replan(self, state: Array) -> MazePlan:
        """Return a plan from this state: the first that passes, or the best of all tries."""
        best: MazePlan | None = None
        for _ in range(self.tries):
            plan = self.planner.plan(
                reach(state, self.goal), seed=self.seed, budget=self.budget, watch=self.watch
            )
            self.seed += 1
            if best is None or _rank(plan) > _rank(best):
                best = plan
            if best.chosen.verdict.passed:
                break
        assert best is not None
        return best

    def follow(self, plan: MazePlan) -> None:
        """Drive this plan from now on."""
        self.plans.append(plan)
        course = self.judge.course(plan.request, plan.chosen.value)
        self._tracker = CourseTracker(course, engine=self.judge.engine)


def _rank(plan: MazePlan) -> tuple[bool, float]:
    return plan.chosen.verdict.passed, plan.chosen.verdict.score
