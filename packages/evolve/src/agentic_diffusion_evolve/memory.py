"""Memory: what came of earlier plans, kept, ranked and drawn by priority."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from threading import RLock
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, final, runtime_checkable

from agentic_diffusion.records import Outcome
from pydantic_core import to_json

from agentic_diffusion_evolve.evict import Entry, Evict

if TYPE_CHECKING:  # a memory opens without torch; only drawing from it needs that
    from agentic_diffusion.denoising.state import Rng

Q = TypeVar("Q")
V = TypeVar("V")

SHARPNESS = 0.7
"""The usual exponent of priorities (Schaul et al. 2016, arXiv:1511.05952)."""


@runtime_checkable
class Memory(Protocol[Q, V]):
    """Outcomes, each held once however often it is told."""

    def add(self, outcome: Outcome[Q, V]) -> bool:
        """Keep an outcome; returns False where its id is known."""
        ...

    def add_many(self, outcomes: Iterable[Outcome[Q, V]]) -> int:
        """Keep many outcomes, all or none; returns how many were new."""
        ...

    def sample(self, count: int, rng: Rng, *, sharpness: float = SHARPNESS) -> list[Outcome[Q, V]]:
        """Draw with replacement, the better and the more trusted the likelier; empty from an empty memory."""
        ...

    def best(self, count: int, *, trust: float = 0.0) -> list[Outcome[Q, V]]:
        """Return the highest rewards among what is trusted at least that far, best first."""
        ...

    def __contains__(self, name: object) -> bool:
        """Whether an outcome with this id is held."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Outcome[Q, V]]: ...


@final
class ListMemory(Generic[Q, V]):
    """A memory that lives and ends with the process; its threads may share it.

    Args:
        evict: What to let go; everything is kept when left out.
    """

    def __init__(self, *, evict: Evict | None = None) -> None:
        self.evict = evict
        self._held: dict[str, tuple[int, Outcome[Q, V]]] = {}
        self._order = 0
        self._fresh = 0
        self._lock = RLock()

    def add(self, outcome: Outcome[Q, V]) -> bool:
        """Keep an outcome; returns False where its id is known."""
        return self.add_many([outcome]) == 1

    def add_many(self, outcomes: Iterable[Outcome[Q, V]]) -> int:
        """Keep many outcomes; returns how many were new."""
        added = list(outcomes)
        with self._lock:
            before = self._order
            for outcome in added:
                if outcome.id not in self._held:
                    self._held[outcome.id] = (self._order, outcome)
                    self._order += 1
            new = self._order - before
            self._fresh += new
            if due(self._fresh, len(self._held)):
                self._settle()
        return new

    def sample(self, count: int, rng: Rng, *, sharpness: float = SHARPNESS) -> list[Outcome[Q, V]]:
        """Draw with replacement, the better and the more trusted the likelier."""
        from agentic_diffusion_evolve.draw import drawn

        with self._lock:
            self._settle()
            names = drawn(self._entries(), count, rng, sharpness=sharpness)
            return [self._held[name][1] for name in names]

    def best(self, count: int, *, trust: float = 0.0) -> list[Outcome[Q, V]]:
        """Return the highest rewards among what is trusted at least that far, best first."""
        known = [outcome for outcome in self if outcome.trust >= trust]
        return sorted(known, key=lambda outcome: -outcome.reward)[:count]

    def _entries(self) -> list[Entry]:
        return [
            Entry(name, task_key(outcome.request), outcome.reward, outcome.trust, order)
            for name, (order, outcome) in self._held.items()
        ]

    def _settle(self) -> None:
        """Let go of what eviction names, before anyone looks."""
        if self.evict is not None and self._fresh:
            for name in self.evict(self._entries()):
                del self._held[name]
        self._fresh = 0

    def __contains__(self, name: object) -> bool:
        with self._lock:
            self._settle()
            return name in self._held

    def __len__(self) -> int:
        with self._lock:
            self._settle()
            return len(self._held)

    def __iter__(self) -> Iterator[Outcome[Q, V]]:
        with self._lock:
            self._settle()
            snapshot = [outcome for _, outcome in self._held.values()]
        yield from snapshot


def due(fresh: int, held: int) -> bool:
    """Whether enough was added that eviction should run although nobody looks."""
    return fresh > max(256, held // 8)


def task_key(request: Any) -> str:
    """Return a short text that is equal for equal requests."""
    return hashlib.blake2b(to_json(request), digest_size=12).hexdigest()
