"""Worlds try plans: one by one, many at once, and with a note of how far what happened was from what was planned."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar, final, runtime_checkable

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome, Plan

Q = TypeVar("Q")
V = TypeVar("V")

World: TypeAlias = Callable[[Plan[Q, V]], Sequence[Outcome[Q, V]]]
"""Tries a plan and says what came of it; one outcome from each source that was watching."""

RESIDUAL = "residual"
"""The entry of an outcome's evidence that holds the residual."""


@runtime_checkable
class Worlds(Protocol[Q, V]):
    """A world that can try many plans at once."""

    def __call__(self, plan: Plan[Q, V]) -> Sequence[Outcome[Q, V]]:
        """Try one plan."""
        ...

    def each(self, plans: Iterable[Plan[Q, V]]) -> Iterator[Sequence[Outcome[Q, V]]]:
        """Try all, and yield what came of each in the order of the plans."""
        ...


def tried(world: World[Q, V], plans: Iterable[Plan[Q, V]]) -> Iterator[Sequence[Outcome[Q, V]]]:
    """Try all plans, at once where the world can, and yield what came of each in their order."""
    if isinstance(world, Worlds):
        yield from world.each(plans)
    else:
        for plan in plans:
            yield world(plan)


@final
@dataclass(frozen=True)
class Measured(Generic[Q, V]):
    """A world that notes how far what happened was from what was planned: the dynamics test of a plan.

    The number goes into each outcome's evidence as `residual`, where `Keep` reads it.

    Args:
        world: Tries the plan; the `value` of its outcomes is what really happened.
        residual: From the planned value and the one that happened to their distance.
    """

    world: World[Q, V]
    residual: Callable[[V, V], float]

    def __call__(self, plan: Plan[Q, V]) -> Sequence[Outcome[Q, V]]:
        """Try the plan and write the residual into the evidence.

        Raises:
            InvalidConfigError: The residual is not a number.
        """
        told = []
        for outcome in self.world(plan):
            gap = float(self.residual(plan.chosen.value, outcome.value))
            if math.isnan(gap):
                raise InvalidConfigError(
                    "a residual that is not a number",
                    "a distance",
                    "Give infinity for a plan that broke off.",
                )
            # what is infinite has no place in JSON
            noted = {**outcome.evidence, RESIDUAL: min(gap, 1e300)}
            told.append(outcome.model_copy(update={"evidence": noted}))
        return told


def noted_residual(outcome: Outcome[Q, V]) -> float:
    """Return the residual that `Measured` has noted.

    Raises:
        InvalidConfigError: There is none.
    """
    gap = outcome.evidence.get(RESIDUAL)
    if not isinstance(gap, int | float):
        raise InvalidConfigError(
            f"outcome {outcome.id} without a residual",
            f"a number in its evidence under {RESIDUAL!r}",
            "Wrap the world in Measured, or give Keep a residual of your own.",
        )
    return float(gap)
