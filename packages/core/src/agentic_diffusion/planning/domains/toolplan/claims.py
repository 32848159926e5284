"""Claims: whose a piece of text of a goal is, by the words before it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from agentic_diffusion.planning.domains.toolplan.amounts import (
    LITTLE,
    Figure,
    before_it,
    behind_it,
    counts,
    own,
)
from agentic_diffusion.planning.domains.toolplan.places import named

START, END = "start", "end"
_ROLES: Mapping[str, str] = {
    **dict.fromkeys(
        named("start begin beginning from since after departure depart checkin sender origin"), START
    ),
    **dict.fromkeys(named("end ending until till to through before return checkout recipient receiver"), END),
}
"""Which end of a span of time or of a message an argument is, by a word of its name."""

_SAID: Mapping[str, str] = {
    **dict.fromkeys(
        named("from since starting start starts begin begins beginning between after departing"), START
    ),
    **dict.fromkeys([*named("to until till through ending end ends returning return before"), "–", "-"], END),
}
"""Which end a value is, by the word before it."""

_TIMES = ("date", "time", "date-time")
_BESIDE = frozenset(named("on the at is my your our his her their"))
_WEAK = frozenset(named("id code number no nr num date time email address is"))
_LEADS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        _TIMES, frozenset([*named("on at for this by departing starting"), ",", ":", "(", "–", "-"])
    ),
    "email": frozenset([*named("to for with email mail"), ":", "("]),
    "code": frozenset([":", "("]),
}
"""What stands before a value that no word gives to an argument, and does not speak of something else."""

_PAST = frozenset(named("made paid born bought sent sold written"))


@lru_cache(maxsize=1 << 14)
def role(name: str) -> str:
    """Return which end of a span of time or of a message an argument is; empty where its name does not say."""
    words = named(name)
    joined = ["".join(words[place : place + 2]) for place in range(len(words))]
    return next((_ROLES[word] for word in (*joined, *words) if word in _ROLES), "")


def belongs(name: str, kind: str, goal: str, *, start: int, figure: Figure | None) -> bool | None:
    """Whether the words around a piece of text say that it is this argument, or that it is not; None otherwise.

    Args:
        name: The name of the argument.
        kind: What text of it looks like: a format, a type or `code`.
        goal: What is wanted.
        start: Where the text stands.
        figure: The text as a number, where it is one.

    What is merely before or after a time of day is not at it.
    """
    if figure is not None and kind in ("integer", "number"):
        return True if counts(name, figure) else None
    before = list(before_it(goal, start))
    if before[-1:] in (["cc"], ["bcc"]):
        return before[-1] in named(name)
    mine = own(name).difference(_ROLES)
    ends = kind in (*_TIMES, "email", "code") or figure is not None
    said = _said(before, mine) if ends else ""
    if kind in ("time", "date-time") and before[-1:] in (["after"], ["before"]):
        return before[-1] in named(name)
    if role(name) and said:
        return role(name) == said
    while before and (before[-1] in _WEAK or before[-1] in (":", "=")) and before[-1] not in mine:
        before.pop()
    return True if before and (before[-1] in mine or before[-1] == name.lower()) else None


def _said(before: list[str], mine: frozenset[str]) -> str:
    """Return which end of a span the words before a value say that it is."""
    words = list(before)
    while words and (words[-1] in _BESIDE or words[-1] in _WEAK or words[-1] in mine):
        words.pop()
    if words[-1:] == ["and"] and "between" in words[-12:]:
        return END
    return _SAID.get(words[-1], "") if words else ""


def alone(kind: str, name: str, tool: str, *, goal: str, start: int, end: int) -> bool:
    """Whether a value that no word gives to an argument may be it: what stands before speaks of nothing else.

    Args:
        kind: What the text looks like: a format, or `code`.
        name: The name of the argument.
        tool: The name of the tool.
        goal: What is wanted.
        start: Where the text begins.
        end: Where it ends.
    """
    if kind not in _LEADS:
        return True
    before = before_it(goal, start)
    if kind == "email":
        return role(name) != START and (len(before) <= 1 or before[-1] in _LEADS[kind])
    if kind == "code":
        plain = goal[start:end].isdigit()
        if plain and (end - start < 3 or behind_it(goal, end) not in LITTLE | {""}):
            return False
        return not before or (before[-1] in _LEADS[kind] and not plain) or before[-1] in named(tool)
    if not role(name) and _said(list(before), frozenset()) and before[-1] not in ("departing", "starting"):
        return False
    past = before[-2:-1]
    if past and before[-1] in ("on", "at") and (past[0] in _PAST or past[0].endswith("ed")):
        return False
    return not before or before[-1] in _LEADS[kind] or before[-1] in named(tool)
