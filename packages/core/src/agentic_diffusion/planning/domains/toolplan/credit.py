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
    """Yield the calls that an outcome tells of; those of a plan are trusted as far as each was."""
    tool = getattr(outcome.value, "tool", None)
    steps = _steps(outcome)
    if isinstance(tool, str):
        calls = [Call.of(outcome.id, tool, outcome.reward, trust=outcome.trust)]
    elif steps:
        calls = [
            Call.of(
                step.get("outcome") or f"{outcome.id}/{place}",
                step["tool"],
                step["reward"],
                trust=step.get("trust", outcome.trust),
            )
            for place, step in steps.items()
        ]
    else:
        calls = list(_spread(outcome))
    yield from (call for call in calls if call.worked or call.failed)


def _steps(outcome: Outcome[Q, V]) -> dict[int, dict[str, Any]]:
    """Return what was told of steps of the plan, by their place, each once; nothing where some of it makes no sense."""
    made: Any = getattr(outcome.value, "steps", ())
    told: Any = outcome.evidence.get("steps")
    if not isinstance(told, list) or not all(_fits(step, made) for step in told):
        return {}
    return {step["step"]: step for step in told}


def _fits(step: Any, made: Any) -> bool:
    """Whether this tells of a step with this tool, with a reward and, if any, a trust in [0, 1]."""
    if not isinstance(step, dict):
        return False
    place, reward, trust = step.get("step"), step.get("reward"), step.get("trust", 1.0)
    there = (
        isinstance(place, int)
        and 0 <= place < len(made)
        and step.get("tool") == getattr(made[place], "tool", "")
    )
    numbers = isinstance(reward, int | float) and isinstance(trust, int | float)
    return there and numbers and 0 <= trust <= 1


def _spread(outcome: Outcome[Q, V]) -> Iterator[Call]:
    """Yield the calls of a plan of which only the whole was judged; each failed for its share."""
    steps: Any = getattr(outcome.value, "ahead", None) or getattr(outcome.value, "steps", ())
    for number, step in enumerate(steps):
        call = Call.of(f"{outcome.id}/{number}", step.tool, outcome.reward, trust=outcome.trust)
        yield replace(call, failed=call.failed / len(steps))
