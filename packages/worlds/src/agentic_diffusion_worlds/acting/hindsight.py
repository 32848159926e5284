"""Hindsight: what should have been done, seen from the end of a pursuit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from agentic_diffusion.records import Outcome

from agentic_diffusion_worlds.acting.pursue import Pursuit
from agentic_diffusion_worlds.acting.situation import Call, Calls, Situation

Tried: TypeAlias = Outcome[Situation, Calls]


def calls_of(outcome: Tried) -> list[Call]:
    """Return what each call of an outcome reported, from the entry `calls` of its evidence."""
    told = outcome.evidence.get("calls", [])
    assert isinstance(told, list)
    return [Call.model_validate(call) for call in told]


def hindsight(pursuit: Pursuit[Situation, Calls], *, enough: float = 0.5) -> list[Tried]:
    """Return, for each situation of a pursuit that went well, the calls that worked from there to the end.

    A pursuit that did not go well teaches nothing here; what its calls reported is for `Trust`.

    Args:
        pursuit: A whole episode.
        enough: The reward from which on it went well.
    """
    if pursuit.reward < enough:
        return []
    lessons, after = list[Tried](), Calls()
    for round in reversed(pursuit.rounds):
        worked = tuple(call.name for call in calls_of(round.outcome) if call.result == "ok")
        after = _once((*worked, *after))
        lessons.append(
            round.outcome.model_copy(
                update={
                    "value": after,
                    "reward": pursuit.reward,
                    "id": f"{round.outcome.id}/hindsight",
                    "evidence": {},
                }
            )
        )
    return lessons[::-1]


def _once(calls: Iterable[str]) -> Calls:
    """Return the calls, each at the last place where it was made."""
    return tuple(dict.fromkeys(reversed(tuple(calls))))[::-1]
