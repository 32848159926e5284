"""Amounts: the numbers of a goal, what they are worth, and what the words around them say they count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import final

from agentic_diffusion.planning.domains.toolplan.places import named

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_MOMENT = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d{1,2}:\d{2}\S*)?|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th|\.)?(?: of)? {_MONTH}(?:,? \d{{4}}\b)?"
    rf"|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}}\b)?"
    r"|\b\d{1,2}(?:[:.]\d{2})?\s?(?:[ap]\.?m\b\.?|o['’]clock)|\b\d{1,2}:\d{2}(?::\d{2})?\b",
    re.IGNORECASE,
)
"""Dates and times of day: their numbers count nothing."""

_FIGURE = re.compile(r"(?<![\w.,:/'’#\u2013-])-?\d(?:[\d.,:/'’\u2013-]*\d)?")
_PLAIN = re.compile(r"-?(?:0|[1-9]\d*)")
_BROKEN = re.compile(r"-?(?:0\.\d+|[1-9]\d*\.(?!\d{3}$)\d+)")
_GROUPED = re.compile(r"-?[1-9]\d{0,2}(?:(?:,\d{3})+\.\d{1,2}|(?:,\d{3}){2,})")
_LARGER = frozenset(
    named(
        "k m mn mio million millions thousand thousands billion billions hundred hundreds dozen dozens bn percent pct "
        "per each cents half third quarter quarters point"
    )
)
"""What makes a number behind which it stands another one."""

_ABOUT = frozenset(
    named(
        "about around approximately roughly almost nearly over under above below than least most minus every "
        "another additional no without or"
    )
)
"""What makes a number another one, or none, in front of which it stands."""

_BESIDE_BEFORE = re.compile(r"(?:\d|\b(?:two|three|four|five|six)) ?(?:to|or|and|&|x|[-\u2013/+*])? ?$")
_BESIDE_AFTER = re.compile(
    r" ?(?:to|or|and|&|x|[-\u2013/+*])? ?#?\d(?!\d* ?[:.-]\d)|, ?\d+\W*(?:$|(?:and|or)\b)"
)

MONEY = frozenset(named("amount price cost sum budget fee payment total money deposit salary fare"))
CURRENCIES = frozenset(named("euro euros eur dollar dollars usd pounds gbp")) | {"€", "$", "£"}
_WARMTH = frozenset(named("degrees celsius"))
_PERSONS = frozenset(named("guests passengers people persons travelers travellers"))
_SEVERAL = frozenset(named("people children men women"))
_WEAK = frozenset(
    named(
        "of in the a per for by to from at on with is number num no nr count id code date time email address value"
    )
)
LITTLE = frozenset(
    named(
        "to for from on in at and of with by as until till please now today tonight tomorrow then again thanks via "
        "into onto before after because if when is are so but here there off"
    )
)
"""Words that count nothing behind a number."""

_PAYING = frozenset(named("pay transfer refund send charge withdraw deposit give donate"))
_SETTING = frozenset(named("set change adjust raise lower heat cool"))
_POLITE = frozenset(named("please can could would you then now and i want need to like"))


@final
@dataclass(frozen=True)
class Figure:
    """A number that stands in a goal.

    Args:
        text: How it is written.
        start: Where it stands.
        value: What it is worth; None where that is in doubt.
        before: The words before it in its sentence, the nearest last; marks between them are words too.
        after: The word or the sign of a unit behind it; empty where a mark or nothing follows.
    """

    text: str
    start: int
    value: int | float | None
    before: tuple[str, ...]
    after: str


def moments(goal: str) -> Sequence[re.Match[str]]:
    """Return the dates and times of day in a goal."""
    return list(_MOMENT.finditer(goal))


def figures(goal: str, seen: str) -> Sequence[Figure]:
    """Return the numbers of a goal that are no dates, times or parts of names.

    Args:
        goal: What is wanted.
        seen: The same with what is not looked at blotted out.
    """
    for found in moments(seen):
        seen = seen[: found.start()] + "\0" * len(found.group()) + seen[found.end() :]
    told = []
    for found in _FIGURE.finditer(seen):
        before = before_it(goal, found.start())
        after = behind_it(goal, found.end())
        told.append(Figure(found.group(), found.start(), _worth(found, goal, before, after), before, after))
    return told


@lru_cache(maxsize=1 << 12)
def before_it(goal: str, start: int) -> tuple[str, ...]:
    """Return the words and marks before a place in a goal, from the start of its sentence on."""
    text = re.sub(r"\be-mail", "email", goal[max(0, start - 300) : start].lower())
    words = re.findall(r"[^\W_]+|[,:(=–$€£-]|[.;!?\n](?=\s|$)", text)
    ends = [place for place, word in enumerate(words) if word in (".", ";", "!", "?", "\n")]
    return tuple(words[ends[-1] + 1 :] if ends else words)


def behind_it(goal: str, end: int) -> str:
    """Return the word or the sign of a unit behind a place in a goal; empty where there is none."""
    found = re.match(r"\s*([^\W\d_]+|[%‰€$£°])", goal[end : end + 40].lower())
    return found.group(1) if found else ""


def _worth(found: re.Match[str], goal: str, before: Sequence[str], after: str) -> int | float | None:
    """Return what a number is worth; None where it is a part of something, or a word changes it."""
    rest, text = goal[found.end() :], found.group()
    if re.match(r"[\w%‰#]|[-\u2013/'’*+]\S|\s*[%‰(]|\s*per cent", rest) or _BESIDE_AFTER.match(rest.lower()):
        return None
    if (
        after in _LARGER
        or before[-2:] == ("of", "the")
        or after == "of"
        or rest[:10].lower().startswith(" and a ")
    ):
        return None
    if re.match(
        r"\s*(?:°|degrees?)?\s*(?:f|fahrenheit|k|kelvin)\b|\s*\w+ (?:each|per|more|less|extra)\b", rest, re.I
    ):
        return None
    if (
        before[-2:] == ("up", "to")
        or (before and before[-1] in _ABOUT)
        or _BESIDE_BEFORE.search(goal[: found.start()].lower())
    ):
        return None
    if _PLAIN.fullmatch(text):
        return int(text)
    if _BROKEN.fullmatch(text):
        return float(text)
    return float(text.replace(",", "")) if _GROUPED.fullmatch(text) else None


def own(name: str) -> frozenset[str]:
    """Return the words of a name that say what it is, those such as `number` or `of` left out where others are left."""
    words = frozenset(named(name))
    return words - _WEAK or words


def counts(name: str, figure: Figure) -> bool:
    """Whether the words beside a number say that it is this argument: `3 nights`, `guests: 4`, `an amount of 80`."""
    words = own(name)
    several = {word for word in words if word.endswith("s") or word in _SEVERAL}
    if figure.after and several & {figure.after, figure.after + "s"}:
        return True
    if figure.after in ("people", "persons") and words & _PERSONS:
        return True
    before = list(figure.before)
    while before and before[-1] in (":", "=", "of", "to", "is", "at", *CURRENCIES):
        before.pop()
    if not before or before[-1] not in words:
        return False
    return not figure.after or figure.after in LITTLE or measures(name, figure)


def measures(name: str, figure: Figure) -> bool:
    """Whether a number has the unit of an argument: money for an amount or a price, degrees for a temperature."""
    words = frozenset(named(name))
    unit = figure.after if figure.after and figure.after not in LITTLE else "".join(figure.before[-1:])
    if unit in CURRENCIES:
        return bool(words & MONEY) and not words & (CURRENCIES | {"cents", "cent"}) - {unit}
    return figure.after in (_WARMTH | {"°"}) and bool(words & {"temperature", "degrees"})


def ordered(name: str, tool: str, figure: Figure) -> bool:
    """Whether a number is what the tool is told to do: `pay 25`, `set the thermostat to 19`.

    Args:
        name: The name of the argument.
        tool: The name of the tool.
        figure: The number.
    """
    measured = measures(name, figure)
    if figure.after and not measured and figure.after not in LITTLE:
        return False
    before = list(figure.before)
    while before and before[-1] in CURRENCIES:
        before.pop()
    marks = [place for place, word in enumerate(before) if word in (",", ":", "and", "then")]
    clause = before[marks[-1] + 1 if marks else 0 :]
    while clause and clause[0] in _POLITE:
        clause.pop(0)
    doing, *about = named(tool) or ("",)
    if not clause or (
        clause[0] != doing and not (measured and clause[0] in _PAYING and doing not in _PAYING)
    ):
        return False
    if len(clause) == 1:
        return True
    return clause[-1] == "to" and doing in _SETTING and bool(set(clause) & {*about, *own(name)})
