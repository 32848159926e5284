"""Picking: which text of a goal an argument is, by its type and by the words around the text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import JsonValue

from agentic_diffusion.planning.domains.toolplan.places import named, places
from agentic_diffusion.planning.domains.toolplan.schemas import Shape
from agentic_diffusion.records import Given, Quoted, ToolSpec

PATTERNS: Mapping[str, str] = {
    "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "uri": r"https?://[^\s<>\"']+",
    "date-time": r"\b\d{4}-\d{1,2}-\d{1,2}[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?",
    "date": r"\b\d{4}-\d{1,2}-\d{1,2}\b",
    "time": r"\b\d{1,2}:\d{2}(?:\s?[ap]\.?m\.?)?",
    "integer": r"(?<![\w.:-])-?\d+(?![\w:-]|\.\d)",
    "number": r"(?<![\w.:-])-?\d+(?:\.\d+)?(?![\w:-])",
}
"""What a value of a format or type looks like in plain words."""

_QUOTES = re.compile(r"[\"“]([^\"”]{1,200})[\"”]|(?<!\w)'([^']{1,200})'(?!\w)")
_CODE = re.compile(r"\b(?=[\w-]*\d)[\w-]{3,40}\b")
_NO_DATES = {
    "update",
    "candidate",
    "mandate",
    "validate",
    "runtime",
    "sometime",
    "lifetime",
    "uptime",
    "downtime",
}
_ADDRESSEES = {"address", "recipient", "receiver", "sender", "to", "from", "cc", "bcc"}

START, END = "start", "end"
_ROLES: Mapping[str, str] = {
    **dict.fromkeys(
        ["start", "begin", "beginning", "from", "since", "after", "departure", "depart", "checkin"], START
    ),
    **dict.fromkeys(["end", "ending", "until", "till", "to", "through", "before", "return", "checkout"], END),
}
"""Which end of a span of time an argument is, by a word of its name."""

_SAID: Mapping[str, str] = {
    **dict.fromkeys(
        ["from", "since", "starting", "start", "beginning", "between", "after", "departing"], START
    ),
    **dict.fromkeys(
        ["to", "until", "till", "through", "ending", "end", "returning", "before", "–", "-"], END
    ),
}
"""Which end of a span of time a value is, by the word before it."""

Span = tuple[str, int]


def picked(goal: str, tool: ToolSpec, wanted: Mapping[str, Shape]) -> dict[str, Quoted | Given]:
    """Return the arguments that stand in a goal; each piece of text is used once.

    Words around a piece of text tell whose it is (`3 nights`, `until 2026-03-05`), before the order in which they stand
    does; what the words give to another argument is not taken.

    Args:
        goal: What is wanted, in plain words.
        tool: The tool.
        wanted: What the arguments that are looked for may be, by their names.
    """
    found: dict[str, Quoted | Given] = {}
    spans: dict[str, Sequence[Span]] = {}
    for name, may in wanted.items():
        if may.choices is None:
            spans[name] = list(_spans(name, may, goal, tool=tool))
            continue
        told = [choice for choice in may.choices if _stands(choice, goal)]
        if len(told) == 1:
            found[name] = Given(value=told[0])
    taken: set[int] = set()
    roles = {name: _role(name) for name in spans}
    order = sorted(spans, key=lambda name: (roles[name] == END) - (roles[name] == START))
    for sure in (True, False):
        for name in order:
            if name in found:
                continue
            fits = (span for span in spans[name] if span[1] not in taken)
            for text, start in fits:
                says = _belongs(name, roles[name], goal, start=start, end=start + len(text))
                if says if sure else says is not False:
                    found[name] = Quoted(text=text, start=start)
                    taken.add(start)
                    break
    return found


def _stands(choice: JsonValue, goal: str) -> bool:
    """Whether a value stands in the goal as a word or a number of its own."""
    if isinstance(choice, bool) or not isinstance(choice, str | int | float):
        return False
    if isinstance(choice, str):
        return re.search(rf"(?<!\w){re.escape(choice)}(?!\w)", goal, re.IGNORECASE) is not None
    number = re.escape(json.dumps(choice))
    return re.search(rf"(?<![\w.:-]){number}(?![\w:-]|\.\d)", goal) is not None


def _spans(name: str, may: Shape, goal: str, *, tool: ToolSpec) -> Iterator[Span]:
    """Yield text of the goal that could be this argument, likeliest first."""
    kind = _kind(name, may, tool)
    if (pattern := PATTERNS.get(kind)) is not None:
        yield from ((found.group(), found.start()) for found in re.finditer(pattern, goal))
    elif kind == "string" and re.search(r"(?:^|_)(?:id|code|number|no)$", name.lower()):
        yield from ((found.group(), found.start()) for found in _CODE.finditer(goal))
    elif kind == "string":
        yield from places(goal, name, tool)
        for found in _QUOTES.finditer(goal):
            group = 1 if found.group(1) is not None else 2
            yield found.group(group), found.start(group)


def _kind(name: str, may: Shape, tool: ToolSpec) -> str:
    """Return what text of this argument looks like: a format or a type."""
    words = named(name)
    if set(may.kinds) == {"integer", "number"}:
        return "number"
    kind = may.format or ("" if may.kind == "any" else may.kind)
    if kind not in ("string", "") or len(may.kinds) > 1:
        return kind
    if "url" in name.lower():
        return "uri"
    if any(word.endswith("datetime") for word in words) or {"date", "time"} <= set(words):
        return "date-time"
    for ending in ("email", "date", "time"):
        if any(word.endswith(ending) and word not in _NO_DATES for word in words):
            return ending
    if _ADDRESSEES & set(words) and re.search(r"\be-?mails?\b", _about(name, tool), re.IGNORECASE):
        return "email"
    return kind


def _about(name: str, tool: ToolSpec) -> str:
    """Return what is said of an argument and its tool."""
    properties: Any = tool.arguments.get("properties")
    told = properties.get(name) if isinstance(properties, Mapping) else None
    more = told.get("description", "") if isinstance(told, Mapping) else ""
    return f"{' '.join(named(tool.name))} {tool.description} {more}"


@lru_cache(maxsize=1 << 14)
def _role(name: str) -> str:
    """Return which end of a span of time an argument is; empty where its name does not say."""
    words = named(name)
    joined = ["".join(words[place : place + 2]) for place in range(len(words))]
    return next((_ROLES[word] for word in (*joined, *words) if word in _ROLES), "")


def _belongs(name: str, role: str, goal: str, *, start: int, end: int) -> bool | None:
    """Whether the words around a piece of text say that it is this argument, or say that it is not; None otherwise."""
    before = re.findall(r"[^\W_]+|[–-]", goal[max(0, start - 80) : start].lower())
    after = re.match(r"\W*([^\W_]+)", goal[end : end + 40].lower())
    around = {_stem(word) for word in (*before[-1:], after.group(1) if after else "") if word}
    while before and before[-1] in ("on", "the", "at"):
        before.pop()
    said = _SAID.get(before[-1], "") if before else ""
    if before[-1:] == ["and"] and "between" in before[-8:]:
        said = END
    if role and said:
        return role == said
    stems = {_stem(word) for word in named(name) if word not in _ROLES}
    return True if stems & around else None


def _stem(word: str) -> str:
    return word.removesuffix("s")
