"""What is known before a plan is made, and what came of one call of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from agentic_diffusion.records import Record
from pydantic import Field

Calls: TypeAlias = tuple[str, ...]
"""A plan: the names of the calls, in the order in which they are made."""

Result: TypeAlias = Literal["ok", "failed", "refused"]
"""What a call reports: it was done, it broke down, or something it needs is not there."""


class Situation(Record):
    """All that a planner may know: what is wanted, what the reading tools said, and what was tried.

    Args:
        goal: What is wanted, in words of the world; all of it.
        facts: What is known, by name; what is not named is not known.
        tried: The last result of each call that was made for this task.
    """

    goal: tuple[str, ...]
    facts: Mapping[str, str] = Field(default_factory=dict)
    tried: Mapping[str, Result] = Field(default_factory=dict)

    def words(self) -> list[str]:
        """Return the situation as sorted words: facts such as `power=off`, and each with each part of the goal."""
        known = [f"{name}={value}" for name, value in self.facts.items()]
        wanted = [f"for {word}" for word in self.goal]
        both = [f"{fact} {word}" for fact in known for word in wanted]
        tried = [f"tried {name}={value}" for name, value in self.tried.items()]
        return sorted([*wanted, *known, *both, *tried])


class Call(Record):
    """What came of one call.

    Args:
        name: The tool, with its arguments where the world has any.
        result: What the tool reported.
        told: Facts that it returned.
        milliseconds: How long it took in the world's own time, which nobody waits for.
        cost: What it cost, in the unit of the world.
    """

    name: str
    result: Result
    told: Mapping[str, str] = Field(default_factory=dict)
    milliseconds: float = Field(default=0.0, ge=0.0)
    cost: float = Field(default=0.0, ge=0.0)


Lesson: TypeAlias = tuple[Situation, Calls]
"""What could be seen, and what was left to do."""
