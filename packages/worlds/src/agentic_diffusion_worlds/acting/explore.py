"""What an explorer knows from its own attempts: what calls change, and what was the case where a task went well."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, final

import numpy as np

from agentic_diffusion_worlds.acting.situation import Situation

Goal: TypeAlias = tuple[str, ...]

RECENT = 12
"""Latest changes that are remembered of one call and one value, so that a tool that changes is noticed."""

UNKNOWN = 0.04
"""The chance that a call puts right an odd fact that it has never met."""

NEW = 0.75
"""How well a value is thought of that is new, neither of a beginning nor of a good end."""

HARM = 0.5
"""How many facts a call may be expected to put wrong and still be taken for harmless."""

CHAIN = " > "
"""Stands between the calls of a row."""

REACH = 4
"""How many calls before a surprising one are suspected."""

APART = 3.0
"""How often two values should have been met together, had they nothing to do with each other, until their never having
been met is taken for a reason."""


@final
@dataclass
class Knowledge:
    """Changes that calls were seen to make, and the values that facts had at the ends of tasks that went well.

    A fact is odd where its value, alone or beside the value of another fact, was the case at beginnings and never at a
    good end. Nothing is known beforehand, of no call and of no fact.

    Args:
        begins: What was the case where tasks began: (goal, fact, value).
        moves: For each (call, fact, value), the latest values that the fact had after the call.
        rows: Rows of calls that may do together what the last of them does not do alone.
        ends: For each goal, the facts at good ends.
    """

    moves: dict[tuple[str, str, str], deque[str]] = field(default_factory=dict)
    rows: set[str] = field(default_factory=set)
    begins: set[tuple[Goal, str, str]] = field(default_factory=set)
    ends: dict[Goal, list[Mapping[str, str]]] = field(default_factory=dict)
    _alone: dict[Goal, Counter[tuple[str, str]]] = field(default_factory=dict)
    _both: dict[Goal, Counter[tuple[str, str, str, str]]] = field(default_factory=dict)

    def saw(self, before: Situation, call: str, after: Situation) -> None:
        """Remember what a call changed; a row of calls is a call too, its names joined by `CHAIN`."""
        for fact, value in before.facts.items():
            key = (call, fact, value)
            self.moves.setdefault(key, deque(maxlen=RECENT)).append(after.facts.get(fact, ""))

    def began(self, situation: Situation) -> None:
        """Remember how a task began."""
        self.begins.update((situation.goal, *told) for told in situation.facts.items())

    def new(self, before: Situation, after: Situation) -> bool:
        """Whether something has come about that no task with this goal began with."""
        return any(
            before.facts.get(fact) != value and (after.goal, fact, value) not in self.begins
            for fact, value in after.facts.items()
        )

    def went_well(self, end: Situation) -> None:
        """Remember the facts at a good end."""
        facts = dict(end.facts)
        self.ends.setdefault(end.goal, []).append(facts)
        alone = self._alone.setdefault(end.goal, Counter())
        both = self._both.setdefault(end.goal, Counter())
        alone.update(facts.items())
        both.update((f, v, g, w) for f, v in facts.items() for g, w in facts.items() if f != g)

    def forget(self, call: str) -> None:
        """Forget what a call changes, and every row of calls with it."""
        self.moves = {key: seen for key, seen in self.moves.items() if call not in key[0].split(CHAIN)}
        self.rows = {row for row in self.rows if call not in row.split(CHAIN)}

    def credit(self, path: Sequence[tuple[Situation, str]], after: Situation) -> None:
        """Suspect earlier calls of an attempt where the last one changed what it was always seen to leave alone.

        With each of the latest calls before it, it becomes a row, to be tried as one and to prove itself.

        Args:
            path: What was the case before each call of the attempt, and the call.
            after: What is the case now; not yet remembered by `saw`.
        """
        before, last = path[-1]
        odd, alone = self.odd(before), self._alone.get(before.goal, Counter())
        for fact, value in before.facts.items():
            seen, new = self.moves.get((last, fact, value), ()), after.facts.get(fact, "")
            helps = fact in odd and (alone[fact, new] or not self.knows(before.goal))
            if new != value and helps and len(seen) >= 3 and set(seen) == {value}:
                break
        else:
            return
        for _, earlier in path[-1 - REACH : -1]:
            row = CHAIN.join((earlier, last))
            if earlier != last:
                self.rows.add(row)

    def knows(self, goal: Goal) -> bool:
        """Whether a task with this goal has ever gone well."""
        return goal in self.ends

    def odd(self, situation: Situation) -> set[str]:
        """Return the facts that speak against a good end; all of them where none is known."""
        facts = situation.facts
        if not self.knows(situation.goal):
            return set(facts)
        alone, count = self._alone[situation.goal], len(self.ends[situation.goal])
        both = self._both[situation.goal]
        goal = situation.goal
        found = {f for f, value in facts.items() if not alone[f, value] and (goal, f, value) in self.begins}
        known = [(fact, value, alone[fact, value]) for fact, value in facts.items() if fact not in found]
        for fact, value, often in known:
            if any(
                often * more / count >= APART and not both[fact, value, other, told]
                for other, told, more in known
                if other != fact
            ):
                found.add(fact)
        return found

    def becomes(self, call: str, fact: str, value: str) -> Mapping[str, float] | None:
        """Return how likely each value is after a call, by what was seen; None where nothing was."""
        seen = self.moves.get((call, fact, value))
        return None if not seen else {new: n / len(seen) for new, n in Counter(seen).items()}

    def worth(self, situation: Situation, call: str, odd: set[str]) -> float:
        """Return how many facts a call should put right, less how many it should put wrong."""
        alone = self._alone.get(situation.goal, Counter())
        total = 0.0
        for fact, value in situation.facts.items():
            after = self.becomes(call, fact, value)
            if after is None:
                total += UNKNOWN * (fact in odd)
                continue
            for new, chance in after.items():
                if new == value:
                    continue
                well = 1.0 if alone[fact, new] else 0.0 if (situation.goal, fact, new) in self.begins else NEW
                total += chance * (well - float(fact not in odd))
        return total

    def surprised(self, before: Situation, call: str, after: Situation) -> bool:
        """Whether a call left alone what it was always seen to change, whatever else was the case."""
        told = [
            (self.becomes(call, fact, value), value, after.facts.get(fact, ""))
            for fact, value in before.facts.items()
            if len(self.moves.get((call, fact, value), ())) >= 4
        ]
        return any(seen is not None and value not in seen and new == value for seen, value, new in told)

    def choose(
        self, situation: Situation, calls: Iterable[str], *, rng: np.random.Generator, noise: float = 0.02
    ) -> str | None:
        """Return the call that is worth most; where none is worth anything, any that is not known to do harm.

        Some calls only prepare for others and change nothing that is seen; the second rule is what finds them. In which
        order calls are given, and whether twice, makes no difference.

        Args:
            situation: What is the case.
            calls: What may be called.
            rng: Draws among equals.
            noise: How far two calls may differ and count as equals.
        """
        odd = self.odd(situation)
        told = {call: self.worth(situation, call, odd) for call in sorted(set(calls))}
        drawn = {call: worth + noise * float(rng.random()) for call, worth in told.items()}
        best = max(drawn, key=lambda call: drawn[call], default=None)
        if best is None or told[best] > 0:
            return best
        harmless = [call for call, worth in told.items() if worth > -HARM]
        return str(rng.choice(harmless)) if harmless else None
