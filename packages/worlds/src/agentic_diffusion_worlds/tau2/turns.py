"""Which ticket is worked on next: kinds and numbers of issues in balance, more where the planner fails."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np

from agentic_diffusion_worlds.tau2.tickets import Office

LATELY = 20
"""Latest attempts of a kind that its share of the practice depends on."""

AT_LEAST = 0.3
"""How much a kind is practised that the planner always solves, where one that it never solves is practised 1.3."""


PATIENCE = 12
"""Visits in vain after which an unsolved ticket is drawn no sooner than a solved one."""


@final
@dataclass
class Turns:
    """Draws tickets: a kind, then a number of issues, then the unsolved ticket that has been visited least.

    A kind is drawn the more often the more of its latest attempts by the planner failed. Half of the time the fewest
    issues are drawn with which tickets are unsolved, as what is missing shows best there; otherwise each number of
    issues that the solved tickets allow is as likely as the next. Names of tickets say the kind and the issues.

    Args:
        ids: The tickets.
        level: Solved tickets of a kind for each further issue that its next tickets may combine.
    """

    ids: Sequence[str]
    level: int
    solved: set[str] = field(default_factory=set)
    visits: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lately: dict[str, deque[bool]] = {}
        self._strata: dict[str, dict[int, list[str]]] = {}
        for name in self.ids:
            self._strata.setdefault(kind_of(name), {}).setdefault(issues_in(name), []).append(name)
            self._lately.setdefault(kind_of(name), deque(maxlen=LATELY))

    def attempted(self, name: str, success: bool) -> None:
        """Remember how an attempt of the planner went."""
        self._lately[kind_of(name)].append(success)

    @property
    def skill(self) -> float:
        """The share of the planner's latest attempts that solved their ticket, the mean over kinds."""
        return sum(sum(lately) / LATELY for lately in self._lately.values()) / len(self._lately)

    def next(self, rng: np.random.Generator) -> str:
        """Return the next ticket."""
        kinds = sorted(self._strata)
        wanted = [1 + AT_LEAST - sum(self._lately[kind]) / LATELY for kind in kinds]
        kind = kinds[int(rng.choice(len(kinds), p=np.divide(wanted, sum(wanted))))]
        most = 1 + sum(kind_of(name) == kind for name in self.solved) // self.level
        counts = sorted(self._strata[kind])
        ready = [count for count in counts if count <= most] or counts[:1]
        puzzling = [count for count in ready if any(map(self._open, self._strata[kind][count]))]
        even = not puzzling or rng.random() < 0.5
        count = ready[int(rng.integers(len(ready)))] if even else puzzling[0]
        mine = self._strata[kind][count]
        ranks = [self.visits[name] + PATIENCE * (not self._open(name)) + 2 * rng.random() for name in mine]
        return mine[int(np.argmin(ranks))]

    def hope(self) -> None:
        """Forget visits in vain: something has been found out that may help."""
        for name in self.ids:
            if name not in self.solved:
                self.visits[name] = 0

    def _open(self, name: str) -> bool:
        """Whether a ticket is unsolved, and has not been visited in vain too often."""
        return name not in self.solved and self.visits[name] < PATIENCE


def issues_in(name: str) -> int:
    """Return how many issues a ticket combines, by its name."""
    return name.count("|") + 1


def kind_of(name: str) -> str:
    """Return the kind of a ticket, by its name."""
    return name.split("]")[0]


def practice(office: Office) -> tuple[str, ...]:
    """Return the published tickets that are not among the 114 of `base`, which are for examinations."""
    base = set(office.splits["base"])
    return tuple(name for name in office.splits["full"] if name not in base)
