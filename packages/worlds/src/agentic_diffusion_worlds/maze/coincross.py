"""Plans crossed at the coin: where none passes, the way to the coin of one and the way on of another make a new one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.planning.select import best
from agentic_diffusion.records import Candidate, DenoiseEvent, Plan

from agentic_diffusion_worlds.maze.coinjudge import NearestFree
from agentic_diffusion_worlds.maze.coins import CoinTask
from agentic_diffusion_worlds.maze.geometry import Array


@final
@dataclass(frozen=True)
class Crossed:
    """A planner of coin tasks that crosses the candidates of another planner where none of them passes.

    Each candidate passes the coin at a moment of its own, so it falls into a way to the coin and a way on. Where walls
    cut all candidates, some on one side of the coin and some on the other, the free halves of two make a whole plan
    (one-point crossover, Holland 1975, Adaptation in Natural and Artificial Systems). The network is not asked again. A
    crossed plan has no more moments than the longest candidate, and it is judged like them.

    Args:
        planner: Of coin tasks; its candidates must hold the coin.
        judge: Judges crossed plans as the planner's own were judged.
        count: Most crossed plans.
    """

    planner: Plans[CoinTask, Trajectory]
    judge: NearestFree
    count: int = 16

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InvalidConfigError(f"count={self.count}", "at least one crossed plan", "Use 16.")

    def plan(
        self,
        request: CoinTask,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[CoinTask, Trajectory]:
        """Return the plan of the planner, or where it does not pass the best of its candidates and of crossed ones."""
        plan = self.planner.plan(request, seed=seed, budget=budget, watch=watch)
        if request.coin is None or plan.chosen.verdict.passed or len(plan.considered) < 2:
            return plan
        values = self._crossed(request, [candidate.value for candidate in plan.considered])
        verdicts = self.judge(request, values) if values else []
        crossed = [Candidate(value=a, verdict=b) for a, b in zip(values, verdicts, strict=True)]
        considered = (*plan.considered, *crossed)
        chosen, confidence = best(considered)
        return plan.model_copy(update={"chosen": chosen, "confidence": confidence, "considered": considered})

    def _crossed(self, request: CoinTask, values: Sequence[Trajectory]) -> list[Trajectory]:
        """Return the most promising plans that go to the coin as one does and on as another does."""
        clear, length = self.judge.halves(request, values)
        moments = np.array([_moment(request, value) for value in values])
        rest = np.array([value.arrival for value in values]) - moments
        horizon = max(len(value.states) for value in values)
        fits = (moments[:, None] + rest < horizon) & ~np.eye(len(values), dtype=np.bool_)
        one, two = np.nonzero(fits)
        order = np.lexsort((length[one, 0] + length[two, 1], -(clear[one, 0] + clear[two, 1])))[: self.count]
        pairs = zip(one[order].tolist(), two[order].tolist(), strict=True)
        return [_cross(values[a], int(moments[a]), values[b], int(moments[b])) for a, b in pairs]


def _moment(request: CoinTask, value: Trajectory) -> int:
    """Return the moment at which a plan is nearest to the coin."""
    places = np.asarray(value.states[: value.arrival + 1])[:, :2]
    return int(np.linalg.norm(places - np.array(request.coin), axis=1).argmin())


def _cross(one: Trajectory, at: int, two: Trajectory, on: int) -> Trajectory:
    """Return the plan that is the one up to a moment and the other from a moment on; their velocities meet halfway."""
    head = np.asarray(one.states[: at + 1])
    tail = np.asarray(two.states[on : two.arrival + 1])
    head[-1, 2:] = (head[-1, 2:] + tail[0, 2:]) / 2
    states: Array = np.concatenate([head, tail[1:]])
    return Trajectory(
        states=tuple(tuple(map(float, state)) for state in states),
        seconds=one.seconds,
        arrival=len(states) - 1,
    )
