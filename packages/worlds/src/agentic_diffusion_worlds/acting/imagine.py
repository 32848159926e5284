"""Tickets that nobody had: what was odd in two or three of them, all at once, and what was left to do in each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count as counting

import numpy as np

from agentic_diffusion_worlds.acting.explore import Goal, Knowledge
from agentic_diffusion_worlds.acting.situation import Lesson, Situation

TRIES = 4
"""How often more is drawn than asked for, as some combinations are not believed."""


def imagined(
    lessons: Sequence[Lesson],
    known: Knowledge,
    *,
    count: int,
    rng: np.random.Generator,
    ending: Collection[str] = (),
) -> list[Lesson]:
    """Return lessons about combinations of what was met apart; nobody has tried them.

    The odd facts of one or two situations are laid over another one with the same goal, and what was left to do is
    put together. A combination in which something is odd that was odd in none of its parts is not believed.

    Args:
        lessons: What is combined.
        known: What is odd.
        count: Lessons for each goal, at most.
        rng: What is combined.
        ending: Calls that are the only one left to do wherever they are left to do.
    """
    groups: dict[Goal, list[Lesson]] = {}
    for lesson in lessons:
        groups.setdefault(lesson[0].goal, []).append(lesson)
    made = []
    for goal in sorted(groups):
        group, told = groups[goal], counting()
        if not known.knows(goal):
            continue
        kinds = _by_ending(group, ending)
        fresh = 0
        while fresh < count and next(told) < TRIES * count:
            parts = [_drawn(kinds, rng) for _ in range(int(rng.integers(2, 4)))]
            found = _together(parts, known, ending)
            if found is not None:
                made.append(found)
                fresh += 1
    return made


def _by_ending(group: Sequence[Lesson], ending: Collection[str]) -> list[list[Lesson]]:
    """Return the lessons that end and those that do not, apart, so that both are drawn often enough."""
    ends = [lesson for lesson in group if set(lesson[1]) & set(ending)]
    others = [lesson for lesson in group if not set(lesson[1]) & set(ending)]
    return [others, others, ends] if ends and others else [ends or others]


def _drawn(kinds: Sequence[Sequence[Lesson]], rng: np.random.Generator) -> Lesson:
    kind = kinds[int(rng.integers(len(kinds)))]
    return kind[int(rng.integers(len(kind)))]


def _together(parts: Sequence[Lesson], known: Knowledge, ending: Collection[str]) -> Lesson | None:
    """Return what is left to do where all of it is the case at once; None where that is not believed."""
    odd: set[str] = set()
    facts, tried = dict(parts[0][0].facts), dict(parts[0][0].tried)
    for situation, _ in parts:
        here = known.odd(situation)
        odd |= here
        facts |= {fact: situation.facts[fact] for fact in here}
        tried |= situation.tried
    calls = tuple(dict.fromkeys(call for _, left in parts for call in left))
    last = [call for call in calls if call in ending]
    combined = Situation(goal=parts[0][0].goal, facts=facts, tried=tried)
    return (combined, tuple(last[:1]) or calls) if known.odd(combined) <= odd else None
