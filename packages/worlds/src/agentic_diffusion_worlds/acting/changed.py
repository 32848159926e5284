"""Calls that do something else now: how that is noticed, and which call has taken whose place."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

from agentic_diffusion_worlds.acting.explore import Knowledge
from agentic_diffusion_worlds.acting.situation import Lesson, Situation

Effects: TypeAlias = Mapping[tuple[str, str], str]
"""What a call always makes of facts and their values."""

WINDOW = 5
"""Surprising uses of a call that are kept until it is clear what they mean."""


@final
@dataclass
class Changed:
    """Notices calls that do something else now, and keeps lessons until it is known which call does what they ask for.

    A use is a surprise where a call left alone all that it was always seen to change, and changed what it was always
    seen to leave alone. A call that merely does nothing is not taken for changed: it may have been refused, and that
    is knowledge like any other.

    A lesson asks for effects; names of calls only stand for them. When a call has changed, its lessons are laid aside,
    and come back under the name of the changed call that has these effects now, once one is seen to have them.

    Args:
        known: What calls do; told what surprised as soon as it is clear what it means.
        flagged: Surprises of a call, with no use between them that surprised nobody, after which it has changed; at
            most `WINDOW`.
    """

    known: Knowledge
    flagged: int = 3

    def __post_init__(self) -> None:
        self.calls: list[str] = []
        self._aside: list[Lesson] = []
        self._asked: dict[str, Effects] = {}
        self._uses: dict[str, deque[tuple[Situation, Situation, int]]] = {}

    def used(self, before: Situation, call: str, after: Situation) -> bool:
        """Remember a use of a call and what it did; return whether the call counts as changed from now on."""
        uses = self._uses.setdefault(call, deque(maxlen=WINDOW))
        strange = self.known.surprise(before, call, after)
        if not strange:
            self._told(call, uses)
            self.known.saw(before, call, after)
            return False
        uses.append((before, after, strange))
        if sum(kind == 2 for _, _, kind in uses) >= self.flagged:
            self.calls.append(call)
            self._asked[f"{call} before change {len(self.calls)}"] = self.known.effects(call, least=3)
            self.known.forget(call)
            self._told(call, uses)
            return True
        if len(uses) == WINDOW:
            self._told(call, uses)
        return False

    def _told(self, call: str, uses: deque[tuple[Situation, Situation, int]]) -> None:
        for before, after, _ in uses:
            self.known.saw(before, call, after)
        uses.clear()

    def laid_aside(self, lessons: Sequence[Lesson]) -> list[Lesson]:
        """Return the lessons that do not ask for the call that changed last; the others wait."""
        call, asked = self.calls[-1], list(self._asked)[-1]
        now = [renamed(lesson, {call: asked}) for lesson in [*self._aside, *lessons]]
        self._aside = [lesson for lesson in now if self._waits(lesson)]
        return [lesson for lesson in now if not self._waits(lesson)]

    def back(self) -> list[Lesson]:
        """Return the lessons that can be read again, under the names of the calls that do now what they ask for."""
        found = {asked: call for asked in self._asked if (call := self._does(self._asked[asked]))}
        now = [renamed(lesson, found) for lesson in self._aside]
        self._aside = [lesson for lesson in now if self._waits(lesson)]
        return [lesson for lesson in now if not self._waits(lesson)]

    @property
    def waiting(self) -> int:
        """How many lessons are laid aside."""
        return len(self._aside)

    def _waits(self, lesson: Lesson) -> bool:
        return any(call in self._asked for call in lesson[1])

    def _does(self, asked: Effects) -> str | None:
        """Return the changed call whose effects, as they are now, agree best with those that are asked for."""
        agreed: Counter[str] = Counter()
        for call in set(self.calls):
            now = self.known.effects(call, least=2)
            shared = [now[key] == new for key, new in asked.items() if key in now]
            agreed[call] = 2 * sum(shared) - len(shared)
        best = max(sorted(agreed), key=lambda call: agreed[call], default=None)
        return best if best is not None and agreed[best] > 0 else None


def renamed(lesson: Lesson, names: Mapping[str, str]) -> Lesson:
    """Return a lesson with other names for some calls."""
    situation, calls = lesson
    if not names or not (set(names) & {*calls, *situation.tried}):
        return lesson
    tried = {names.get(call, call): result for call, result in situation.tried.items()}
    return situation.model_copy(update={"tried": tried}), tuple(names.get(call, call) for call in calls)
