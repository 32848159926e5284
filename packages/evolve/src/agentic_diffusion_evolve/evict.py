"""Eviction: what a memory lets go when it has too much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias, final

from agentic_diffusion.errors import InvalidConfigError


@final
@dataclass(frozen=True)
class Entry:
    """What eviction and sampling may look at: an outcome without its request and value.

    Args:
        id: The outcome's id.
        task: The key of its request; equal requests have equal keys.
        reward: How well it went.
        trust: How far its source is believed, in [0, 1].
        order: Rises with each outcome that is added.
    """

    id: str
    task: str
    reward: float
    trust: float
    order: int


Evict: TypeAlias = Callable[[Sequence[Entry]], Collection[str]]
"""From all entries to the ids of those to let go."""


@final
@dataclass(frozen=True)
class KeepBest:
    """Keeps the best of every task, then the second best of every task, until `count` are kept.

    A task with easy rewards cannot push the others out. What is told with little trust is drawn towards the median
    of its task: worth = median + trust · (reward - median).

    Args:
        count: How many outcomes to keep.
    """

    count: int

    def __post_init__(self) -> None:
        _positive(self, self.count)

    def __call__(self, entries: Sequence[Entry]) -> Collection[str]:
        """Return the ids of what is beyond the count."""
        tasks: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            tasks[entry.task].append(entry)
        ranked: list[tuple[int, float, int, str]] = []
        for group in tasks.values():
            middle = median(entry.reward for entry in group)
            worth = sorted((-middle - e.trust * (e.reward - middle), -e.order, e.id) for e in group)
            ranked += [(rank, *row) for rank, row in enumerate(worth)]
        return [row[-1] for row in sorted(ranked)[self.count :]]


@final
@dataclass(frozen=True)
class Recent:
    """Keeps the `count` newest outcomes."""

    count: int

    def __post_init__(self) -> None:
        _positive(self, self.count)

    def __call__(self, entries: Sequence[Entry]) -> Collection[str]:
        """Return the ids of the oldest."""
        newest = sorted(entries, key=lambda entry: entry.order, reverse=True)
        return [entry.id for entry in newest[self.count :]]


@final
@dataclass(frozen=True)
class PerTask:
    """Keeps the `count` newest outcomes of each task."""

    count: int

    def __post_init__(self) -> None:
        _positive(self, self.count)

    def __call__(self, entries: Sequence[Entry]) -> Collection[str]:
        """Return the ids of the oldest of each task."""
        kept: dict[str, int] = defaultdict(int)
        gone = []
        for entry in sorted(entries, key=lambda entry: entry.order, reverse=True):
            kept[entry.task] += 1
            if kept[entry.task] > self.count:
                gone.append(entry.id)
        return gone


def _positive(rule: object, count: int) -> None:
    if count < 1:
        raise InvalidConfigError(repr(rule), "at least one outcome to keep", "Give a count of 1 or more.")
