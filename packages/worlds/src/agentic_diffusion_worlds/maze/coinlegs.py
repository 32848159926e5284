"""Two plans told to route over the coin: start to coin, coin to goal, joined into one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import final

import numpy as np
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.planning.select import best
from agentic_diffusion.records import Candidate, DenoiseEvent, Plan

from agentic_diffusion_worlds.maze.coinjudge import NearestFree
from agentic_diffusion_worlds.maze.coins import CoinTask
from agentic_diffusion_worlds.maze.domain import reach
from agentic_diffusion_worlds.maze.geometry import Array


@final
@dataclass(frozen=True)
class TwoLegs:
    """Plans to the coin and from the coin to the goal, each with a planner that has never heard of coins.

    It is told how the task is made up, which no reward says. So it serves as an upper row of the benchmark, and as the
    explorer that finds drives to learn from where no single plan takes the coin.

    Args:
        planner: Of plain tasks in the maze.
        judge: Judges the joined plans.
        horizon: Most moments of a joined plan; a longer one is driven faster.
        count: Most joined plans.
    """

    planner: Plans[Reach, Trajectory]
    judge: NearestFree
    horizon: int
    count: int = 16

    def plan(
        self,
        request: CoinTask,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[CoinTask, Trajectory]:
        """Return the best of the joined plans.

        Raises:
            InvalidStateError: The task has no coin.
        """
        if request.coin is None:
            raise InvalidStateError("a task without a coin", "one with a coin", "Use the maze planner alone.")
        ways = (reach(request.start, request.coin), reach((*request.coin, 0.0, 0.0), request.goal))
        legs = [self.planner.plan(way, seed=seed, budget=budget, watch=watch) for way in ways]
        pairs = product(*(_ranked(leg) for leg in legs))
        best_first = sorted(
            pairs, key=lambda pair: pair[0].verdict.score + pair[1].verdict.score, reverse=True
        )
        values = [joined(a.value, b.value, horizon=self.horizon) for a, b in best_first[: self.count]]
        verdicts = self.judge(request, values)
        considered = tuple(Candidate(value=a, verdict=b) for a, b in zip(values, verdicts, strict=True))
        chosen, confidence = best(considered)
        return Plan(
            request=request,
            chosen=chosen,
            confidence=confidence,
            considered=considered,
            steps_done=sum(leg.steps_done for leg in legs),
            steps_asked=sum(leg.steps_asked for leg in legs),
            batch=legs[0].batch,
            seconds=sum(leg.seconds for leg in legs),
            seed=seed,
            device=legs[0].device,
        )


def _ranked(plan: Plan[Reach, Trajectory]) -> list[Candidate[Trajectory]]:
    """Return the candidates that pass, best first and at most eight; the chosen one where none does."""
    passed = [candidate for candidate in plan.considered if candidate.verdict.passed]
    return sorted(passed, key=lambda c: c.verdict.score, reverse=True)[:8] or [plan.chosen]


def joined(one: Trajectory, two: Trajectory, *, horizon: int) -> Trajectory:
    """Return two plans, the second from where the first rests, as one plan of at most `horizon` moments.

    Plans with too many moments are driven faster: their time shrinks and their velocities grow in proportion. The
    place where they meet stays a moment of the plan.
    """
    rows = [np.asarray(value.states[: value.arrival + 1]) for value in (one, two)]
    for row, value in zip(rows, (one, two), strict=True):
        row[-1] = (*value.states[-1][:2], 0.0, 0.0)
    moments = sum(len(row) - 1 for row in rows)
    if moments > horizon - 1:
        first = round((horizon - 1) * (len(rows[0]) - 1) / moments)
        rows = [_hurried(row, count) for row, count in zip(rows, (first, horizon - 1 - first), strict=True)]
    states = np.concatenate([rows[0], rows[1][1:]])
    return Trajectory(
        states=tuple(tuple(map(float, state)) for state in states),
        seconds=one.seconds,
        arrival=len(states) - 1,
    )


def _hurried(row: Array, count: int) -> Array:
    """Return the states of a plan in so many moments after the first."""
    before = len(row) - 1
    at = np.linspace(0.0, before, count + 1)
    fewer = np.stack([np.interp(at, np.arange(before + 1), axis) for axis in row.T], axis=1)
    fewer[1:, 2:] *= before / count
    return fewer
