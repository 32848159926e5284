"""Executed plans, and which of their calls are known to be needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from agentic_diffusion_worlds.acting.explore import Knowledge
from agentic_diffusion_worlds.acting.situation import Calls, Lesson, Situation

ENOUGH = 4
"""Lessons that are asked whether a call is needed."""


@final
@dataclass(frozen=True)
class Attempt:
    """One executed plan: what was the case before each call and at the end, and the official judgement."""

    calls: Calls
    states: tuple[Situation, ...]
    success: bool


def certain(found: Attempt, place: int, *, lessons: Iterable[Lesson], known: Knowledge) -> bool:
    """Whether something odd that a call put right never went well without it, in several lessons."""
    call, before, after = found.calls[place], found.states[place], found.states[place + 1]
    fixed = {
        (fact, before.facts[fact])
        for fact in known.odd(before)
        if fact in before.facts and after.facts.get(fact) != before.facts[fact]
    }
    told = [(situation.facts, left) for situation, left in lessons if situation.goal == before.goal]
    for fact, value in fixed:
        needed = [call in left for facts, left in told if facts.get(fact) == value]
        if len(needed) >= ENOUGH and all(needed):
            return True
    return False
