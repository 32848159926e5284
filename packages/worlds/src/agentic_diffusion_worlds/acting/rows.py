"""Rows of two calls of which the first prepares for the second: suspected, tried, proven, refuted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import final

from agentic_diffusion_worlds.acting.situation import Situation

CHAIN = " > "
"""Stands between the calls of a row."""

TRIALS = 2
"""Trials in vain, for each success and one more, after which a row is given up."""

Helped = Mapping[tuple[str, str], str]
"""What facts and values became."""


def parts(call: str) -> list[str]:
    """Return the calls of a row, or the call itself."""
    return call.split(CHAIN)


@final
@dataclass
class Rows:
    """Which calls may prepare for which, although they change nothing that is seen.

    A row is suspected of what its second call was seen to do after the first. It is given up when it mostly failed in
    all of that, and refuted where the second call did it without the first.

    Args:
        suspected: For each row, what it may do.
        proven: Rows that did it again.
    """

    suspected: dict[str, dict[tuple[str, str], str]] = field(default_factory=dict)
    proven: set[str] = field(default_factory=set)
    _refuted: set[tuple[str, str, str]] = field(default_factory=set)
    _done: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _failed: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def suspect(self, first: str, second: str, helped: Helped) -> str | None:
        """Return a row that may do something, or None where that is refuted."""
        row = CHAIN.join((first, second))
        left = {told: new for told, new in helped.items() if (row, *told) not in self._refuted}
        if not left:
            return None
        self.suspected.setdefault(row, {}).update(left)
        return row

    def tried(self, row: str, before: Situation, after: Situation) -> None:
        """Learn from a trial of a row."""
        told = self.suspected.get(row, {})
        for (fact, value), new in told.items():
            if before.facts.get(fact) == value:
                count = self._done if after.facts.get(fact) == new else self._failed
                count[row, fact, value] += 1
        if any(self._done[row, *key] for key in told):
            self.proven.add(row)
        if all(self._failed[row, *key] >= TRIALS * (1 + self._done[row, *key]) for key in told):
            self.drop({row})

    def alone(self, before: Situation, call: str, after: Situation, *, made: Collection[str]) -> None:
        """Learn from what a call did, of the rows whose first call was not made before."""
        for row, told in list(self.suspected.items()):
            first, second = parts(row)
            if second != call or first in made:
                continue
            wrong = [
                key
                for key, new in told.items()
                if before.facts.get(key[0]) == key[1] and after.facts.get(key[0]) == new
            ]
            for key in wrong:
                self._refuted.add((row, *key))
                del told[key]
            if not told:
                self.drop({row})

    def prepared(self, made: Collection[str], call: str) -> str:
        """Return the proven row that a call completes after those that were made; else the call itself."""
        rows = sorted(row for row in self.proven if parts(row)[1] == call and parts(row)[0] in made)
        return rows[0] if rows else call

    def drop(self, rows: Collection[str]) -> None:
        """Give up rows."""
        for row in rows:
            self.suspected.pop(row, None)
            self.proven.discard(row)

    def forget(self, call: str) -> set[str]:
        """Give up the rows of a call that has changed, and all that was learned of them; return the rows."""
        gone = {row for row in self.suspected if call in parts(row)}
        self.drop(gone)
        self._refuted = {each for each in self._refuted if call not in parts(each[0])}
        for counted in (self._done, self._failed):
            for key in [key for key in counted if call in parts(key[0])]:
                del counted[key]
        return gone
