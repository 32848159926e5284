"""Looking twice for the moment of a coin: half of the candidates try all moments, the other half those that suited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion.records import Candidate, DenoiseEvent, Plan

from agentic_diffusion_worlds.maze.coindomain import CoinDomain, CoinPlanner
from agentic_diffusion_worlds.maze.coins import CoinTask

AGAIN = 500  # how far the seed of the second go lies from that of the first


@final
@dataclass(frozen=True)
class Focused:
    """A planner of coin tasks that spends its candidates in two goes.

    At which moment a plan should pass the coin isn't known. The first go spreads the moments evenly; the second draws
    them near those of its best candidates (one round of the cross-entropy method, Rubinstein 1999, Methodol. Comput.
    Appl. Probab. 1(2), over the moment alone). Candidates and network calls are as many as in one go.

    Args:
        planner: Of coin tasks; its candidates are split in halves.
        best: How many candidates of the first go say where the second looks.
        spread: Standard deviation of the second go's moments around theirs.
    """

    planner: CoinPlanner
    best: int = 6
    spread: float = 1.0

    def __post_init__(self) -> None:
        if self.best < 1 or self.spread < 0 or not isinstance(self.planner.domain, CoinDomain):
            raise InvalidConfigError(
                f"best={self.best}, spread={self.spread}, a domain {type(self.planner.domain).__name__}",
                "at least one, a spread of at least 0, and a planner made by `for_coins`",
                "Use 6 and 1.",
            )

    def plan(
        self,
        request: CoinTask,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[CoinTask, Trajectory]:
        """Return the best plan of both goes."""
        domain, count = self.planner.domain, self.planner.count
        assert isinstance(domain, CoinDomain)
        if request.coin is None or request.moment is not None or not domain.pinned or count < 2:
            return self.planner.plan(request, seed=seed, budget=budget, watch=watch)
        half = count // 2
        wide = replace(domain, count=count - half)
        first = self._go(wide, request, seed=seed, budget=budget, watch=watch)
        narrow = replace(domain, count=half, at=self._near(wide, first.considered, half, seed=seed))
        second = self._go(narrow, request, seed=seed + AGAIN, budget=budget, watch=watch)
        considered = first.considered + second.considered
        chosen, confidence = self.planner.select(considered)
        return second.model_copy(
            update={
                "chosen": chosen,
                "confidence": confidence,
                "considered": considered,
                "steps_done": first.steps_done + second.steps_done,
                "steps_asked": first.steps_asked + second.steps_asked,
                "seconds": first.seconds + second.seconds,
                "seed": seed,
            }
        )

    def _go(
        self,
        domain: CoinDomain,
        request: CoinTask,
        *,
        seed: int,
        budget: Budget | None,
        watch: Callable[[DenoiseEvent], None] | None,
    ) -> Plan[CoinTask, Trajectory]:
        planner = replace(self.planner, domain=domain, count=domain.count)
        return planner.plan(request, seed=seed, budget=budget, watch=watch)

    def _near(
        self, domain: CoinDomain, told: Sequence[Candidate[Trajectory]], count: int, *, seed: int
    ) -> tuple[int, ...]:
        """Return so many moments near those of the best candidates."""
        moments, last = domain.moments().tolist(), domain.plain.trajectories.horizon - 2
        ranked = sorted(range(len(moments)), key=lambda k: _rank(told[k]), reverse=True)[: self.best]
        rng = np.random.default_rng((seed, 2))
        middles = np.array([moments[ranked[k % len(ranked)]] for k in range(count)])
        near = np.rint(middles + rng.normal(0.0, self.spread, count)).astype(int)
        return tuple(int(k) for k in np.clip(near, 1, last))


def _rank(candidate: Candidate[Trajectory]) -> tuple[bool, float]:
    return candidate.verdict.passed, candidate.verdict.score
