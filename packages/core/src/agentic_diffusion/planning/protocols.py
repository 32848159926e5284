"""What planning asks of others, and what others see of planning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.records import DenoiseEvent, Outcome, Plan

Q = TypeVar("Q")
X = TypeVar("X")
V = TypeVar("V")
Q_contra = TypeVar("Q_contra", contravariant=True)


@runtime_checkable
class Domain(Protocol[Q_contra, X, V]):
    """The user's language on one side, the sampler's on the other."""

    def condition(self, request: Q_contra) -> Condition[X]:
        """Return what the request decides already; raises `InvalidStateError` for an impossible request."""
        ...

    def blank(self, request: Q_contra, count: int) -> X:
        """Return a state of the shape and dtype to sample, for `count` candidates."""
        ...

    def decode(self, x: X) -> Sequence[V]:
        """Return the values that a batch of clean states stands for, one for each."""
        ...

    def encode(self, values: Sequence[V]) -> X:
        """Return the states that stand for the values, so that outcomes can be trained on."""
        ...


@runtime_checkable
class Plans(Protocol[Q, V]):
    """All that an integration needs to know about planning."""

    def plan(
        self,
        request: Q,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[Q, V]:
        """Return a plan; `watch` is told about every denoising step."""
        ...


@runtime_checkable
class Learns(Protocol[Q, V]):
    """All that an integration needs to know about learning."""

    def learn(self, outcome: Outcome[Q, V]) -> None:
        """Take in what came of a plan; returns at once."""
        ...


@runtime_checkable
class PlansMany(Protocol[Q, V]):
    """Plans for many requests at once."""

    def plan_many(
        self,
        requests: Sequence[Q],
        *,
        seeds: Sequence[int] | None = None,
        budgets: Sequence[Budget] | None = None,
        watch: Callable[[int, DenoiseEvent], None] | None = None,
    ) -> list[Plan[Q, V]]:
        """Return one plan for each request, in order; `watch` is told the index of the request and its event."""
        ...
