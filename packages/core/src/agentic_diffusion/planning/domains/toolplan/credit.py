"""Credit: which calls an outcome tells of, whether it is that of one call or of a whole plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, final

from agentic_diffusion.records import Outcome, Q, V


@final
@dataclass(frozen=True)
class Call:
    """What an outcome says of one call: its name, so that it counts once, the tool, and how far it went well."""

    name: str
    tool: str
    worked: float
    failed: float

    @staticmethod
    def of(name: str, tool: str, reward: float, *, trust: float) -> Call:
        """Return a call of this reward, counting as far as it is trusted."""
        worked = min(1.0, max(0.0, reward))
        return Call(name, tool, trust * worked, trust * (1 - worked))


def calls_of(outcome: Outcome[Q, V]) -> Iterator[Call]:
    """Yield the calls that an outcome tells of."""
    steps: Any = outcome.evidence.get("steps")
    tool = getattr(outcome.value, "tool", None)
    if outcome.trust == 0:
        return
    if isinstance(tool, str):
        yield Call.of(outcome.id, tool, outcome.reward, trust=outcome.trust)
    elif isinstance(steps, list) and steps and all(_told(step) for step in steps):
        for number, step in enumerate(steps):
            name = step.get("outcome") or f"{outcome.id}/{number}"
            yield Call.of(name, step["tool"], step["reward"], trust=outcome.trust)
    else:
        yield from _spread(outcome)


def _told(step: Any) -> bool:
    fits = isinstance(step, dict) and isinstance(step.get("tool"), str)
    return fits and isinstance(step.get("reward"), int | float)


def _spread(outcome: Outcome[Q, V]) -> Iterator[Call]:
    """Yield the calls of a plan of which only the whole was judged; each failed for its share."""
    steps: Any = getattr(outcome.value, "ahead", None) or getattr(outcome.value, "steps", ())
    for number, step in enumerate(steps):
        call = Call.of(f"{outcome.id}/{number}", step.tool, outcome.reward, trust=outcome.trust)
        yield replace(call, failed=call.failed / len(steps))
