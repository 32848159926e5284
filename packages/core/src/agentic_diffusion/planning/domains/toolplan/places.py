"""Places: a name behind a preposition is a city or a country, where the same clause speaks of what the tool does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from agentic_diffusion.records import ToolSpec

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=1 << 14)
def named(name: str) -> tuple[str, ...]:
    """Return the words of a name or of a text in lower case: parted at underscores, humps and what is no letter."""
    return tuple(word.lower() for word in _WORD.findall(_HUMP.sub(" ", name)))


BEHIND: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(["city", "town", "location", "place", "country"], ("in", "near")),
    "destination": ("to",),
    "origin": ("from",),
}
"""The prepositions that such an argument stands behind, by the last word of its name."""

NO_PLACES = frozenset(
    named(
        "january february march april may june july august september october november december monday tuesday "
        "wednesday thursday friday saturday sunday spring summer autumn fall winter christmas easter english german "
        "french spanish italian portuguese dutch danish swedish norwegian finnish polish russian czech greek turkish "
        "arabic hebrew hindi chinese japanese korean latin celsius fahrenheit kelvin euro euros dollars pounds python "
        "java excel word outlook teams slack markdown mr mrs ms miss dr prof professor sir madam mum mom dad hotel inn "
        "park street avenue road square station airport museum university college hospital school church bridge tower "
        "office room hall building floor lake mount river island class business economy first second third private "
        "public person advance detail details general particular cash full part parts time total short case order "
        "fact addition response reply style mode format group team company department version section chapter table"
    )
)
"""What has a capital letter and stands behind the same prepositions, but is no place, or is none that is a city."""

_COUNTRIES = (
    "Argentina Australia Austria Bangladesh Belgium Brazil Bulgaria Canada Chile China Colombia Croatia Cuba Cyprus "
    "Denmark Egypt England Estonia Ethiopia Finland France Germany Ghana Greece Hungary Iceland India Indonesia Iran "
    "Iraq Ireland Israel Italy Jamaica Japan Jordan Kenya Latvia Lebanon Lithuania Malaysia Malta Mexico Morocco Nepal "
    "Netherlands Nigeria Norway Pakistan Peru Philippines Poland Portugal Romania Russia Scotland Serbia Slovakia "
    "Slovenia Spain Sweden Switzerland Taiwan Thailand Tunisia Turkey Uganda Ukraine Uruguay Venezuela Vietnam Wales"
)
COUNTRIES = frozenset(
    [*_COUNTRIES.split(), "United States", "United Kingdom", "New Zealand", "South Africa", "South Korea"]
)
_REGIONS = (
    "Africa America Asia Europe Oceania Scandinavia Bavaria Tuscany Provence Normandy Brittany Catalonia Andalusia "
    "Sicily Sardinia Crete Lombardy Saxony California Texas Florida Alaska Hawaii Nevada Arizona Oregon"
)
_LANDS = COUNTRIES | {*_REGIONS.split()}
"""What is no city or town."""

_DOING = frozenset(
    named("get check search find book send make create list look up show fetch query read buy the a of")
)
_MOVING = frozenset(named("fly flight flying travel trip train bus ferry drive journey route direction"))
_NAME = r"[A-ZÀ-Þ][a-zà-ÿ]+(?:-[A-Za-zÀ-ÿ]+)*"
_LINK = r"(?:(?:de|da|do|del|la|le|am|an) )?"
_FOUND = re.compile(
    rf"\b(in|near|to|from) ({_NAME}(?: {_LINK}{_NAME}){{0,3}})"
    rf"(?!['’\w-]| {_LINK}{_NAME}| (?:class|style|mode|format|her|his|their|who|or|office|hotel|street|sheet)\b)"
)
_MORE = re.compile(rf"(?:,| and| or|,? and| &) {_NAME}\b(?! (?:a|the)\b)")
_PAUSE = re.compile(
    r"[.;:!?\n]+\s|,\s+|\b(?:and|then|after|before|also|finally|next|while|but)\b", re.IGNORECASE
)


def places(goal: str, name: str, tool: ToolSpec) -> Sequence[tuple[str, int]]:
    """Return the one place that a goal names for this argument, and where it stands; nothing where it is in doubt.

    The clause must speak of the tool (a word of its name besides what is merely done), and name one place behind a
    fitting preposition: `check the weather in Oslo`; behind `to` and `from` only where somebody travels. Where it
    says `there` instead, it means the one place before.

    Args:
        goal: What is wanted, in plain words.
        name: The name of the argument.
        tool: The tool.
    """
    behind = BEHIND.get(named(name)[-1]) if named(name) else None
    if behind is None:
        return ()
    about = {word.removesuffix("s") for word in named(tool.name)}
    about = about - _DOING or about
    here: list[tuple[str, int]] = []
    there: list[tuple[str, int]] = []
    before: list[tuple[str, int]] = []
    for words, found in _clauses(goal):
        sure = [each for each in found if each[0] in ("in", "near") or _MOVING & words]
        mine = [(text, start) for how, text, start in sure if how in behind]
        if about & words:
            here += mine
            there += before if not mine and "there" in words else ()
        before += [(text, start) for _, text, start in found]
    told = [each for each in here or there if _is(each[0], named(name)[-1])]
    if len(told) < len(here or there):
        return ()
    return told[:1] if len({text for text, _ in told}) == 1 else ()


def _is(place: str, wanted: str) -> bool:
    """Whether a name may be what is wanted: no country is a city, and only a country is one."""
    return (
        place in COUNTRIES if wanted == "country" else wanted not in ("city", "town") or place not in _LANDS
    )


@lru_cache(maxsize=64)
def _clauses(goal: str) -> Sequence[tuple[frozenset[str], Sequence[tuple[str, str, int]]]]:
    """Return the stems of the words of each clause, and its places with what they stand behind.

    A place that others are listed beside stands twice, once with all of them: it is in doubt.
    """
    ends = [0, *(found.end() for found in _PAUSE.finditer(goal)), len(goal)]
    told = []
    for start, end in pairwise(ends):
        words = frozenset(word.removesuffix("s") for word in named(goal[start:end]))
        found: list[tuple[str, str, int]] = []
        for each in _FOUND.finditer(goal, start, end):
            if NO_PLACES & set(named(each.group(2))):
                continue
            found.append((each.group(1), each.group(2), each.start(2)))
            if more := _MORE.match(goal, each.end()):
                found.append((each.group(1), goal[each.start(2) : more.end()], each.start(2)))
        told.append((words, found))
    return told
