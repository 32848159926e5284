"""What an explorer knows from its own attempts: what calls change, and what was the case where a task went well."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias, final

import numpy as np

from agentic_diffusion_worlds.acting.rows import CHAIN, Rows
from agentic_diffusion_worlds.acting.situation import Situation

Goal: TypeAlias = tuple[str, ...]

RECENT = 12
"""Latest changes that are remembered of one call and one value, so that a tool that changes is noticed."""

UNKNOWN = 0.04
"""The chance that a call puts right an odd fact that it has never met."""

NEW = 0.75
"""How well a value is thought of that no good end had, as long as nothing was tried from there."""

HARM = 0.5
"""How many facts a call may be expected to put wrong and still be taken for harmless."""

REACH = 8
"""How many calls before a surprising one are suspected."""

SURE = 4
"""How often a call was seen before anything about it is a surprise."""

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
    rows: Rows = field(default_factory=Rows)
    begins: set[tuple[Goal, str, str]] = field(default_factory=set)
    ends: dict[Goal, list[Mapping[str, str]]] = field(default_factory=dict)
    _pairs: set[tuple[Goal, str, str, str]] = field(default_factory=set)
    _alone: dict[Goal, Counter[tuple[str, str]]] = field(default_factory=dict)
    _both: dict[Goal, Counter[tuple[str, str, str, str]]] = field(default_factory=dict)
    _calls: set[str] = field(default_factory=set)

    def saw(self, before: Situation, call: str, after: Situation) -> None:
        """Remember what a call changed; a row of calls is a call too, its names joined by `CHAIN`."""
        if CHAIN not in call:
            self._calls.add(call)
        for fact, value in before.facts.items():
            key = (call, fact, value)
            self.moves.setdefault(key, deque(maxlen=RECENT)).append(after.facts.get(fact, ""))
        if call in self.rows.suspected:
            self.rows.tried(call, before, after)

    def began(self, situation: Situation) -> None:
        """Remember how a task began."""
        self.begins.update((situation.goal, *told) for told in situation.facts.items())

    def new(self, before: Situation, after: Situation) -> bool:
        """Whether something has come about that no task with this goal began with."""
        return any(
            before.facts.get(fact) != value and (after.goal, fact, value) not in self.begins
            for fact, value in after.facts.items()
        )

    def went_wrong(self, end: Situation) -> None:
        """Remember the facts at an end that was none, so that they are not taken for something new again."""
        self.began(end)

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
        gone = {call, *self.rows.forget(call)}
        self.moves = {key: seen for key, seen in self.moves.items() if key[0] not in gone}
        self._pairs = {pair for pair in self._pairs if call not in pair[2:]}
        self._calls -= gone

    def credit(self, path: Sequence[tuple[Situation, str]], after: Situation) -> None:
        """Suspect earlier calls of an attempt where the last one changed what it was always seen to leave alone.

        Each of the latest calls before it that changed nothing odd may have prepared for it. A call that did something
        odd that it always does needs no explanation.

        Args:
            path: What was the case before each call of the attempt, and the call.
            after: What is the case now; not yet remembered by `saw`.
        """
        before, last = path[-1]
        odd, alone = self.odd(before), self._alone.get(before.goal, Counter())
        earlier = [*pairwise(path[-1 - REACH :])]
        if self.knows(before.goal):
            self._pairs.update((before.goal, f, call, last) for f in odd for (_, call), _ in earlier)
        self.rows.alone(before, last, after, made={call for _, call in path[:-1]})
        changed = self._changed(before, after, odd)
        seen = {key: self.moves.get((last, *key), ()) for key in changed}
        if any(seen[key] and key[1] not in seen[key] for key in changed):
            return
        helped = {
            key: new
            for key, new in changed.items()
            if set(seen[key]) == {key[1]} and (alone[key[0], new] or not self.knows(before.goal))
        }
        for (then, call), (later, _) in earlier if helped else ():
            if call != last and not self._changed(then, later, self.odd(then)):
                self._suspect(call, last, helped)

    def needed(self, states: Sequence[Situation], calls: Sequence[str]) -> None:
        """Make rows of calls that changed nothing odd, in a plan that does not go well without any of its calls.

        Each prepared for the next call that did change something odd.

        Args:
            states: What was the case before each call, and at the end.
            calls: The plan.
        """
        moved = [self._changed(then, later, self.odd(then)) for then, later in pairwise(states)]
        for place, call in enumerate(calls):
            after = next((p for p in range(place + 1, len(calls)) if moved[p]), None)
            if after is not None and not moved[place] and calls[after] != call:
                self._suspect(call, calls[after], moved[after])

    def _changed(self, then: Situation, later: Situation, facts: Iterable[str]) -> dict[tuple[str, str], str]:
        told = {(fact, then.facts[fact]): later.facts.get(fact, "") for fact in facts}
        return {key: new for key, new in told.items() if key[1] != new}

    def _suspect(self, first: str, second: str, helped: Mapping[tuple[str, str], str]) -> None:
        row = self.rows.suspect(first, second, helped)
        for key, new in helped.items() if row else ():
            self.moves.setdefault((str(row), *key), deque(maxlen=RECENT)).append(new)

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
                total += UNKNOWN * (
                    fact in odd and (call not in self.rows.suspected or call in self.rows.proven)
                )
                continue
            for new, chance in after.items():
                if new == value:
                    continue
                well = 1.0 if alone[fact, new] else self._promise(situation.goal, fact, new)
                total += chance * (well - float(fact not in odd))
        return total

    def _promise(self, goal: Goal, fact: str, value: str) -> float:
        """Return how well a value is thought of that no good end had: the better, the less was tried from there."""
        if (goal, fact, value) not in self.begins:
            return NEW
        tried = sum((call, fact, value) in self.moves for call in self._calls)
        return NEW * (1 - tried / max(1, len(self._calls)))

    def effects(self, call: str, *, least: int) -> dict[tuple[str, str], str]:
        """Return what a call always made of facts and their values where it was seen that often, changes only."""
        return {
            (fact, value): seen[0]
            for (name, fact, value), seen in self.moves.items()
            if name == call and len(seen) >= least and seen[0] != value and len(set(seen)) == 1
        }

    def surprise(self, before: Situation, call: str, after: Situation) -> int:
        """Return 1 where a call left alone all that it always changed, 2 where it changed something else instead.

        Where nothing is the case that it always changes, a fact that it always changed at another value counts, while
        too little is known about this value.
        """
        moving = {fact for fact, _ in self.effects(call, least=SURE)}
        known, unknown, instead = [], [], False
        for fact, value in before.facts.items():
            seen = self.moves.get((call, fact, value), ())
            moved = after.facts.get(fact, "") != value
            if fact in moving and len(seen) < SURE:
                unknown.append(not moved)
            elif fact in moving and value not in seen:
                known.append(not moved)
            instead = instead or (moved and len(seen) >= SURE and set(seen) == {value})
        left_alone = known or unknown
        return 1 + instead if left_alone and all(left_alone) else 0

    def choose(
        self,
        situation: Situation,
        calls: Iterable[str],
        *,
        rng: np.random.Generator,
        noise: float = 0.02,
        made: Sequence[str] = (),
        again: Sequence[str] = (),
        bold: bool = False,
    ) -> str | None:
        """Return the call that is worth most; where none is worth anything, one that is not known to do harm.

        Some calls only prepare for others and change nothing that is seen; the second rule is what finds them: it takes
        the call that never came soon after most of those made, while the same was odd. In which order calls are given,
        and whether twice, makes no difference.

        Args:
            situation: What is the case.
            calls: What may be called.
            rng: Draws among equals.
            noise: How far two calls may differ and count as equals.
            made: The calls made before, the latest last.
            again: Calls that have been made, and may be again where nothing is worth anything.
            bold: Whether harm is no objection where nothing is worth anything; what seems wrong may be right here.
        """
        odd = self.odd(situation)
        told = {call: self.worth(situation, call, odd) for call in sorted(set(calls))}
        drawn = {call: worth + noise * float(rng.random()) for call, worth in told.items()}
        best = max(drawn, key=lambda call: drawn[call], default=None)
        if best is None or told[best] > 0:
            return best
        told |= {call: self.worth(situation, call, odd) for call in sorted(set(again) - {*made[-1:]})}
        harmless = {
            call: self._untried(situation.goal, odd, made, call)
            for call in told
            if bold or told[call] > -HARM
        }
        newest = [call for call, count in harmless.items() if count == max(harmless.values())]
        return str(rng.choice(newest)) if newest else None

    def _untried(self, goal: Goal, odd: set[str], made: Sequence[str], call: str) -> int:
        """Count the calls made before that this one never came soon after while the same fact was odd."""
        return sum((goal, fact, one, call) not in self._pairs for fact in odd for one in set(made))
