"""Keeping: which outcomes are worth learning from, by a return quantile and a test of the dynamics."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome

from agentic_diffusion_evolve.memory import task_key
from agentic_diffusion_evolve.world import noted_residual

Q = TypeVar("Q")
V = TypeVar("V")

Keeps: TypeAlias = Callable[[Sequence[Outcome[Q, V]]], Sequence[Outcome[Q, V]]]
"""From all outcomes to those that are worth learning from."""


def reward_of(outcome: Outcome[Any, Any]) -> float:
    """Return the reward of an outcome."""
    return outcome.reward


def best_share(
    outcomes: Sequence[Outcome[Q, V]],
    share: float,
    *,
    score: Callable[[Outcome[Q, V]], float] = reward_of,
) -> list[Outcome[Q, V]]:
    """Return the best `share` of each task, at least one; what is not trusted is left out."""
    tasks: dict[str, list[Outcome[Q, V]]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.trust > 0:
            tasks[task_key(outcome.request)].append(outcome)
    kept = []
    for group in tasks.values():
        scores = [score(o) for o in group]
        level = float(np.quantile(scores, 1 - share))
        kept += [o for o, value in zip(group, scores, strict=True) if value >= level]
    return kept


@final
@dataclass(frozen=True)
class Keep(Generic[Q, V]):
    """AdaptDiffuser's discriminator: what could be executed, and of that the best (arXiv:2302.01877, sec. 3.3).

    First the dynamics test: what happened was no further from the plan than `limit`. Then the return: at least
    `least`, and among the best `share` of what is left of its task. AdaptDiffuser has one threshold of reward for all
    tasks; that is `Keep(share=1.0, least=...)`.

    Args:
        share: The best share of each task that is kept, at least one outcome; 1 keeps all.
        least: The least reward; none when left out.
        limit: The largest residual; without one there is no dynamics test (see `residual_limit`).
        residual: How far what happened was from the plan; the note of `Measured` when left out.
        score: What the quantile is taken of; a `Taste` fits: `lambda o: taste.score(o.value)`.
    """

    share: float = 0.5
    least: float = -math.inf
    limit: float = math.inf
    residual: Callable[[Outcome[Q, V]], float] = noted_residual
    score: Callable[[Outcome[Q, V]], float] = reward_of

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1 or math.isnan(self.least) or not self.limit >= 0:
            raise InvalidConfigError(
                f"Keep(share={self.share}, least={self.least}, limit={self.limit})",
                "0 < share <= 1, a least reward and a limit of at least 0",
                "Keep() keeps the better half of each task.",
            )

    def __call__(self, outcomes: Sequence[Outcome[Q, V]]) -> list[Outcome[Q, V]]:
        """Return what is kept; none where nothing passes both tests or is trusted."""
        real = [o for o in outcomes if math.isinf(self.limit) or self.residual(o) <= self.limit]
        return best_share([o for o in real if o.reward >= self.least], self.share, score=self.score)


def residual_limit(residuals: Iterable[float], *, refused: float = 0.05) -> float:
    """Return the threshold of a dynamics test from the residuals of real executions that went as planned.

    The conformal quantile: of plans as good as those, at most about a share `refused` is turned away.

    Raises:
        InvalidConfigError: Too few residuals for that share, or some that are not finite.
    """
    known = sorted(residuals)
    rank = math.ceil((1 - refused) * (len(known) + 1)) if 0 < refused < 1 else 0
    if not 1 <= rank <= len(known) or not all(map(math.isfinite, known)):
        raise InvalidConfigError(
            f"{len(known)} residuals, refused={refused}",
            "0 < refused < 1 and at least 1 / refused finite residuals",
            "Execute more plans, or refuse a larger share.",
        )
    return known[rank - 1]
