"""Estimates of success: how likely the planner is to manage a task, from what came of earlier ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome

from agentic_diffusion_evolve.memory import task_key
from agentic_diffusion_evolve.prefer import newton

Q = TypeVar("Q")
V = TypeVar("V")

Estimate: TypeAlias = Callable[[Sequence[Outcome[Q, V]]], Callable[[Q], float]]
"""From the outcomes so far to a function that says of any task how likely it is to work."""


def gained(outcome: Outcome[Any, Any]) -> bool:
    """Whether the reward is above 0."""
    return outcome.reward > 0


def by_task(worked: Callable[[Outcome[Q, V]], bool] = gained) -> Estimate[Q, V]:
    """Estimate each task by itself: (successes + 1) / (tries + 2), each try counting as far as it is trusted.

    A task that was never tried stands at one half.
    """

    def estimate(outcomes: Sequence[Outcome[Q, V]]) -> Callable[[Q], float]:
        tries: dict[str, list[float]] = defaultdict(lambda: [1.0, 2.0])
        for outcome in outcomes:
            counts = tries[task_key(outcome.request)]
            counts[0] += outcome.trust * worked(outcome)
            counts[1] += outcome.trust
        shares = {key: good / all_ for key, (good, all_) in tries.items()}
        return lambda task: shares.get(task_key(task), 0.5)

    return estimate


EACH_TASK: Estimate[Any, Any] = by_task()
"""The usual estimate: each task by itself, and a reward above 0 is a success."""


def by_features(
    features: Callable[[Q], Sequence[float]],
    worked: Callable[[Outcome[Q, V]], bool] = gained,
    *,
    ridge: float = 0.1,
) -> Estimate[Q, V]:
    """Estimate by logistic regression on numbers that tell how difficult a task is: p = σ(w · (1, φ(task))).

    Features are brought to mean 0 and standard deviation 1, so the ridge means the same whatever their unit. Without
    outcomes every task stands at one half.

    Args:
        features: φ; a distance, a size or another caller-given difficulty is enough.
        worked: Whether an outcome counts as a success.
        ridge: Pull of the weights towards 0, in outcomes.
    """
    if not ridge > 0:
        raise InvalidConfigError(f"ridge={ridge}", "a number above 0", "0.1 is a fair start.")

    def estimate(outcomes: Sequence[Outcome[Q, V]]) -> Callable[[Q], float]:
        known = [o for o in outcomes if o.trust > 0]
        if not known:
            return lambda task: 0.5
        rows = np.array([features(o.request) for o in known], dtype=float)
        centre, unit = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
        sides = np.array([1.0 if worked(o) else -1.0 for o in known])
        design = np.hstack([np.ones((len(rows), 1)), (rows - centre) / unit])
        weights = newton(sides[:, None] * design, np.array([o.trust for o in known]), ridge)

        def chance(task: Q) -> float:
            row = (np.asarray(features(task), dtype=float) - centre) / unit
            return float(0.5 * (1 + np.tanh(0.5 * (weights[0] + row @ weights[1:]))))

        return chance

    return estimate


def trusted_mean(outcomes: Sequence[Outcome[Any, Any]]) -> float:
    """Return the mean reward, each weighted by trust; 0 where nothing is trusted."""
    total = sum(o.trust for o in outcomes)
    return sum(o.trust * o.reward for o in outcomes) / total if total > 0 else 0.0


def named(name: str, number: int, *, index: int, order: int) -> str:
    """Return the id of an outcome by run, round, task and order; what has this id is never tried again."""
    return f"{name}/{number}/{index}/{order}"


def round_of(outcome: str, name: str) -> int | None:
    """Return the round whose outcome has this id, or None where no round of this run has made it."""
    if not outcome.startswith(f"{name}/"):
        return None
    parts = outcome[len(name) + 1 :].split("/")
    numbers = len(parts) == 3 and all(part.isascii() and part.isdigit() for part in parts)
    return int(parts[0]) if numbers else None
