"""Picking: which text of a goal an argument is, by its type and by the words around the text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from pydantic import JsonValue

from agentic_diffusion.planning.domains.toolplan.amounts import LITTLE, Figure, behind_it, figures, ordered
from agentic_diffusion.planning.domains.toolplan.claims import END, START, alone, belongs, role
from agentic_diffusion.planning.domains.toolplan.places import BEHIND, named, places
from agentic_diffusion.planning.domains.toolplan.schemas import Shape
from agentic_diffusion.records import Given, Quoted, ToolSpec

PATTERNS: Mapping[str, str] = {
    "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "uri": r"https?://[^\s<>\"']+(?<![.,;:!?)])",
    "date-time": r"\b\d{4}-\d{1,2}-\d{1,2}[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?",
    "date": r"(?<![\w-])\d{4}-\d{1,2}-\d{1,2}(?![\w-])",
    "time": r"(?<![\w:.+])\d{1,2}:\d{2}(?:\s?[ap]\.?m\b\.?)?(?![\w:])",
}
"""What a value of a format looks like in plain words."""

_QUOTES = re.compile(r"[\"“]([^\"”]{1,200})[\"”]|(?<!\w)'([^']{1,200})'(?!\w)")
_CODE = re.compile(r"(?<![\w.,:/@+$€£–-])(?=[\w-]*\d)\w(?:[\w-]*\w)?(?![\w@/%€$£–-]|[.,:]\w)")
_NO_CODE = re.compile(r"\d+[A-Za-z]+|\d+(?:-[A-Za-z]+)+|\d{4}-\d{1,2}-\d{1,2}")
_NOT = re.compile(
    r"\b(?:not|never|without|except|excluding|nor|neither|cannot|avoid|instead of|rather than|dont|no(?= [a-z]))\b"
    r"|\w+n['’]t\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.;:!?\n]+(?=\s|$)")
_PART = re.compile(r",\s|\b(?:and|then|but|or)\b", re.IGNORECASE)
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


@final
@dataclass(frozen=True)
class _Piece:
    """Text of the goal that an argument could be; of no value where it only stands in the way of others."""

    text: str
    start: int
    value: Quoted | Given | None
    figure: Figure | None = None


def picked(
    goal: str, tool: ToolSpec, wanted: Mapping[str, Shape], *, known: Mapping[str, Shape] | None = None
) -> dict[str, Quoted | Given]:
    """Return the arguments that stand in a goal beyond doubt; each piece of text is used once.

    Words around a piece of text tell whose it is (`3 nights`, `until 2026-03-05`); what they give to another argument,
    looked for or not, is not taken. What no word tells is bound only where one piece of its kind and one argument for
    it are left, and the words before it do not speak of something else. What a sentence says is not wanted is not read.

    Args:
        goal: What is wanted, in plain words.
        tool: The tool.
        wanted: What the arguments that are looked for may be, by their names.
        known: What its other arguments may be: they are bound, and text that words give to them is theirs.
    """
    seen = _seen(goal)
    found = _chosen(goal, seen, wanted)
    numbers = figures(goal, seen)
    shapes = {**(known or {}), **wanted}
    kinds = {name: _kind(name, may, tool) for name, may in shapes.items() if not _listed(may)}
    pieces = {
        name: list(_pieces(shapes[name], kind, goal=goal, seen=seen, numbers=numbers))
        for name, kind in kinds.items()
    }
    towns = {
        name: told for name in wanted if kinds.get(name) == "string" and (told := places(seen, name, tool))
    }
    for name, told in towns.items():
        if sum(each == told for each in towns.values()) == 1:
            found[name] = Quoted(text=told[0][0], start=told[0][1])
    _Claims(goal, tool, kinds, pieces, tuple(shapes)).settle(found, wanted)
    return found


@final
@dataclass(frozen=True)
class _Claims:
    goal: str
    tool: ToolSpec
    kinds: Mapping[str, str]
    pieces: Mapping[str, Sequence[_Piece]]
    names: Sequence[str]

    def settle(self, found: dict[str, Quoted | Given], wanted: Mapping[str, Shape]) -> None:
        """Bind what words tell, then what is left over without a rival."""
        sure = {
            name: [each for each in some if self._says(name, each) and not self._others(name, each)]
            for name, some in self.pieces.items()
            if name in wanted and name not in found
        }
        taken: set[int] = set()
        for name, some in sure.items():
            if len({each.text for each in some}) == 1 and some[0].value is not None:
                found[name] = some[0].value
                taken |= {each.start for each in some}
        doubted = {name for name, some in sure.items() if some and name not in found}
        left = {
            name: [
                each for each in self.pieces[name] if each.start not in taken and not self._others(name, each)
            ]
            for name in sure
            if name not in found and name not in doubted
        }
        for name, some in left.items():
            rivals = [other for other in left if other != name and self._rival(name, other, left)]
            piece = self._last(name, some, rivals)
            if piece is not None and piece.value is not None and self._alone(name, piece):
                found[name] = piece.value

    def _last(self, name: str, some: Sequence[_Piece], rivals: Sequence[str]) -> _Piece | None:
        """Return the one piece that is left for an argument; of two for both ends of a span of time, its own."""
        if len(some) == 1 and not rivals:
            return some[0]
        if len(rivals) != 1 or self.kinds[name] not in ("date", "time", "date-time"):
            return None
        ends = (role(name), role(rivals[0]))
        if len(some) == 1:
            return some[0] if ends == (START, END) else None
        if len(some) != 2 or set(ends) != {START, END} or _moment(some[0].text) >= _moment(some[1].text):
            return None
        return some[0] if ends[0] == START else some[1]

    def _rival(self, name: str, other: str, left: Mapping[str, Sequence[_Piece]]) -> bool:
        if self.kinds[other] == "email" and role(other) == START:
            return False
        mine = {each.start for each in left[name]}
        return any(each.start in mine and each.value is not None for each in left[other])

    def _says(self, name: str, piece: _Piece) -> bool | None:
        return belongs(
            name, self.kinds.get(name, "string"), self.goal, start=piece.start, figure=piece.figure
        )

    def _others(self, name: str, piece: _Piece) -> bool:
        """Whether words say that a piece of text is another argument, or that it is not this one."""
        if self._says(name, piece) is False:
            return True
        return any(
            self._says(other, piece)
            for other in self.names
            if other != name
            and (
                self.kinds.get(other, "string") == "string"
                or any(each.start == piece.start for each in self.pieces[other])
            )
        )

    def _alone(self, name: str, piece: _Piece) -> bool:
        if piece.figure is not None:
            return ordered(name, self.tool.name, piece.figure)
        kind = self.kinds[name]
        if kind == "string":
            return not named(name) or named(name)[-1] not in BEHIND
        end = piece.start + len(piece.text)
        return alone(kind, name, self.tool.name, goal=self.goal, start=piece.start, end=end)


def _moment(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))


def _seen(goal: str) -> str:
    """Return the goal with what is quoted, and what is said not to be wanted, blotted out."""
    seen = goal
    for found in _QUOTES.finditer(goal):
        inner = found.group(1) or found.group(2)
        if not any(re.fullmatch(pattern, inner) for pattern in PATTERNS.values()):
            seen = _blot(seen, found.start(), found.end())
    for found in list(_NOT.finditer(seen)):
        sentence = [each.end() for each in _SENTENCE.finditer(seen, 0, found.start())][-1:] or [0]
        start = [each.end() for each in _PART.finditer(seen, sentence[0], found.start())][-1:] or sentence
        end = _SENTENCE.search(seen, found.end())
        seen = _blot(seen, start[0], end.start() if end else len(seen))
    return seen


def _blot(text: str, start: int, end: int) -> str:
    return text[:start] + "\0" * (end - start) + text[end:]


def _listed(may: Shape) -> bool:
    return may.choices is not None and not _numbered(may)


def _numbered(may: Shape) -> bool:
    some = may.choices or ()
    return bool(some) and all(isinstance(each, int | float) and not isinstance(each, bool) for each in some)


def _chosen(goal: str, seen: str, wanted: Mapping[str, Shape]) -> dict[str, Quoted | Given]:
    """Return the arguments of whose listed values the goal names one; none that two arguments would take."""
    quoted = {found.group(1) or found.group(2) for found in _QUOTES.finditer(goal)}
    told: dict[str, JsonValue] = {}
    for name, may in wanted.items():
        some = [each for each in may.choices or () if _stands(each, seen) or each in quoted]
        if _listed(may) and len(some) == 1:
            told[name] = some[0]
    return {name: Given(value=value) for name, value in told.items() if [*told.values()].count(value) == 1}


def _stands(choice: JsonValue, goal: str) -> bool:
    """Whether a value stands in the goal as a word of its own."""
    return isinstance(choice, str) and bool(
        re.search(rf"(?<!\w){re.escape(choice)}(?!\w)", goal, re.IGNORECASE)
    )


def _pieces(may: Shape, kind: str, *, goal: str, seen: str, numbers: Sequence[Figure]) -> Iterator[_Piece]:
    """Yield text of the goal that could be this argument."""
    if kind in ("integer", "number"):
        for each in numbers:
            yield _Piece(each.text, each.start, _number(each, may, kind), each)
    elif (pattern := PATTERNS.get(kind)) is not None:
        for found in re.finditer(pattern, seen):
            yield _piece(found.group(), found.start())
    elif kind == "code":
        figure = {each.start: each for each in numbers}
        for found in _CODE.finditer(seen):
            if not _NO_CODE.fullmatch(found.group()):
                yield _code(found.group(), found.start(), goal, figure.get(found.start()))
    elif kind == "string":
        for found in _QUOTES.finditer(goal):
            group = 1 if found.group(1) is not None else 2
            yield _piece(found.group(group), found.start(group))


def _piece(text: str, start: int) -> _Piece:
    return _Piece(text, start, Quoted(text=text, start=start))


def _code(text: str, start: int, goal: str, figure: Figure | None) -> _Piece:
    """Return a code; a plain number that counts what stands behind it, or one of several, only stands in the way."""
    plain = text.isdigit()
    after = behind_it(goal, start + len(text)) if plain else ""
    told = figure.value is not None if figure else goal[max(0, start - 1) : start] == "#"
    sure = after in LITTLE | {""} and (told or not plain)
    return _Piece(text, start, Quoted(text=text, start=start) if sure else None)


def _number(figure: Figure, may: Shape, kind: str) -> Quoted | Given | None:
    value = figure.value
    if value is None or (kind == "integer" and not isinstance(value, int)):
        return None
    if may.choices is not None:
        return Given(value=value) if value in may.choices else None
    plain = figure.text == json.dumps(value) or "," not in figure.text
    return Quoted(text=figure.text, start=figure.start) if plain else Given(value=value)


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
    return "code" if kind == "string" and words and words[-1] in ("id", "code", "number", "no") else kind


def _about(name: str, tool: ToolSpec) -> str:
    """Return what is said of an argument and its tool."""
    properties: Any = tool.arguments.get("properties")
    told = properties.get(name) if isinstance(properties, Mapping) else None
    more = told.get("description", "") if isinstance(told, Mapping) else ""
    return f"{' '.join(named(tool.name))} {tool.description} {more}"
