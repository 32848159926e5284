"""Exploring: which plans of a task are worth executing, drawn from several variants of one planner."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, final, runtime_checkable
from zlib import crc32

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.records import Candidate, Plan
from torch import Tensor

Q = TypeVar("Q")
V = TypeVar("V")

Variant: TypeAlias = Callable[[Planner[Q, Any, Any, V]], Planner[Q, Any, Any, V]]
"""From the planner to one that plans otherwise: another horizon, stride, guide, temperature or count."""


class Explore(Protocol[Q, V]):
    """The generation step: plans of one task that are worth executing."""

    def __call__(self, planner: Planner[Q, Tensor, Any, V], task: Q, *, seed: int) -> Sequence[Plan[Q, V]]:
        """Return the plans; the same seed gives the same plans."""
        ...


@runtime_checkable
class Explores(Protocol[Q, V]):
    """An `Explore` that can plan many tasks at once."""

    def __call__(self, planner: Planner[Q, Tensor, Any, V], task: Q, *, seed: int) -> Sequence[Plan[Q, V]]:
        """Return the plans of one task."""
        ...

    def each(
        self, planner: Planner[Q, Tensor, Any, V], asks: Iterable[tuple[Q, int]]
    ) -> Iterator[Sequence[Plan[Q, V]]]:
        """Return the plans of each task and seed, in their order."""
        ...


def explored(
    explore: Explore[Q, V], planner: Planner[Q, Tensor, Any, V], asks: Iterable[tuple[Q, int]]
) -> Iterator[Sequence[Plan[Q, V]]]:
    """Plan each task with its seed, at once where the explorer can, and yield the plans in their order."""
    if isinstance(explore, Explores):
        yield from explore.each(planner, asks)
    else:
        for task, seed in asks:
            yield explore(planner, task, seed=seed)


def once(planner: Planner[Q, Tensor, Any, V], task: Q, *, seed: int) -> Sequence[Plan[Q, V]]:
    """Plan once, as the planner would; an `Explore`."""
    return [planner.plan(task, seed=seed)]


def as_it_is(planner: Planner[Q, Any, Any, V]) -> Planner[Q, Any, Any, V]:
    """Return the planner itself; a `Variant`."""
    return planner


@final
@dataclass(frozen=True)
class Diverse(Generic[Q, V]):
    """Draws plans from several variants of the planner and picks a few that differ.

    All candidates of all draws are put together. The first pick is the best score. Each further pick is the
    candidate that lies furthest from all picks so far (Gonzalez 1985, Theoretical Computer Science 38: at most
    twice the radius of the best cover), or the next best score where no distance is given.

    Args:
        tries: Plans that are executed for each task.
        draws: Plans drawn from each variant, each with a seed of its own.
        variants: What the planner is turned into.
        distance: How different two values are.
        passing: Whether candidates that failed verification are left out; where none passed all are taken.
    """

    tries: int = 4
    draws: int = 1
    variants: tuple[Variant[Q, V], ...] = (as_it_is,)
    distance: Callable[[V, V], float] | None = None
    passing: bool = True

    def __post_init__(self) -> None:
        if min(self.tries, self.draws, len(self.variants)) < 1:
            raise InvalidConfigError(
                f"Diverse(tries={self.tries}, draws={self.draws}) of {len(self.variants)} variants",
                "at least one of each",
                "Diverse() executes the four best candidates of one plan.",
            )

    def __call__(self, planner: Planner[Q, Tensor, Any, V], task: Q, *, seed: int) -> Sequence[Plan[Q, V]]:
        """Return at most `tries` plans; each is one that was drawn, with the picked candidate as chosen."""
        pool: list[tuple[Plan[Q, V], Candidate[V]]] = []
        for number, variant in enumerate(self.variants):
            other = variant(planner)
            for draw in range(self.draws):
                plan = other.plan(task, seed=spread_seed(seed, number, draw))
                pool += [(plan, candidate) for candidate in plan.considered]
        passed = [row for row in pool if row[1].verdict.passed] if self.passing else []
        pool = passed or pool
        picks = self._picked([candidate for _, candidate in pool])
        return [pool[i][0].model_copy(update={"chosen": pool[i][1]}) for i in picks]

    def _picked(self, pool: Sequence[Candidate[V]]) -> list[int]:
        order = sorted(range(len(pool)), key=lambda i: -pool[i].verdict.score)
        if self.distance is None:
            return order[: self.tries]
        picks, gaps = order[:1], dict.fromkeys(order[1:], math.inf)
        while gaps and len(picks) < self.tries:
            last = pool[picks[-1]].value
            gaps = {i: min(gap, self.distance(pool[i].value, last)) for i, gap in gaps.items()}
            furthest = max(gaps, key=lambda i: gaps[i])  # ties go to the better score
            if gaps.pop(furthest) <= 0:
                break  # nothing left that differs
            picks.append(furthest)
        return picks


def spread_seed(seed: int, variant: int, draw: int) -> int:
    """Return the seed of one draw; the first draw of the first variant has the seed itself."""
    return crc32(f"{seed}/{variant}/{draw}".encode()) if variant or draw else seed


@final
@dataclass(frozen=True)
class Temper:
    """Flattens or sharpens beliefs over tokens: logits ← logits / temperature."""

    temperature: float

    def __call__(self, belief: Categorical, x: Tensor, t: Tensor) -> Categorical:
        """Return the belief at this temperature."""
        return replace(belief, logits=belief.logits / self.temperature)


def heated(temperature: float) -> Variant[Any, Any]:
    """Return the variant that samples at a temperature: below 1 nearer to the mode, above 1 wilder.

    For trajectories the drawn noise is scaled, for tokens the logits are divided.
    """
    if not temperature > 0:
        raise InvalidConfigError(f"temperature={temperature}", "a number above 0", "1 changes nothing.")

    def vary(planner: Planner[Any, Any, Any, Any]) -> Planner[Any, Any, Any, Any]:
        if isinstance(planner.process, GaussianProcess):
            return replace(planner, process=replace(planner.process, temperature=temperature))
        return replace(planner, guides=(*planner.guides, Temper(temperature)))

    return vary
