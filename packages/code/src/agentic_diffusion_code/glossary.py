"""Guesses what unknown words mean: asks again in words of training, and keeps what the shown cases proved.

A coder that reads `the tonnage of `x`` for the first time cannot write the program, but it knows what else stands in
such a place: the sum, the product, the largest number. Each is a guess that the cases of the request judge.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias, final

from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.store import write_atomically
from pydantic import TypeAdapter, ValidationError

from .corpus.catalogue import everything
from .corpus.pieces import Prim
from .corpus.split import phrase_is_held
from .corpus.wording import plural
from .domain import CodeRequest

Place: TypeAlias = Literal["of", "after", "is"]
"""Where a phrase stands: before its input, after it, or as what is said of it."""

_TOKEN = re.compile(r"`[^`]*`|'[^']*'|\w+")
_NUMBER = r"(?:\d+|`[^`]*`)"
_LEAD = re.compile(r"(?:\b(?:with|from|in|by|its|the|an?) )+$")
_BEFORE = re.compile(rf"(?P<number>{_NUMBER}) $")
_AFTER = re.compile(rf" (?:by|to|of) (?P<number>{_NUMBER})")
_INPUT = re.compile(r"(?:the (?:[a-z]+ ){1,3})?`[^`]*`|what you got|the result|that\b|it\b|each [a-z]+")
_VERB = re.compile(r"\b(?:is|are) $")
_TYPES = re.compile(r"\w+: ([\w\[\], ]+?)(?:,|\)).*-> ([\w\[\], ]+):")
GAP = 1
"""Known words that may stand between two unknown ones of a phrase: `masthead to keel`."""


@final
@dataclass(frozen=True)
class Phrase:
    """A phrase of training.

    Args:
        place: Where it stands.
        text: It, without its input where that follows or goes before; `{x}` is an input, `{k}` a number that is said.
        source: The type of the input.
        target: The type of what it gives.
    """

    place: Place
    text: str
    source: str
    target: str


@final
@dataclass(frozen=True)
class Slot:
    """Unknown words in a description, and what belongs to them.

    Args:
        start: Where that begins.
        end: Where it ends.
        place: Where it stands.
        said: The unknown words, and what is known between them.
        number: The number that is said with them; empty where there is none.
        given: The input that follows, where its end can be told.
        many: Whether it is said of many.
    """

    start: int
    end: int
    place: Place
    said: str
    number: str = ""
    given: str = ""
    many: bool = False

    def takes(self, text: str) -> bool:
        """Say whether a phrase can be said here."""
        return (self.given != "" or "{x}" not in text) and ("{k}" in text) == bool(self.number)

    def into(self, description: str, text: str) -> str:
        """Return a description with a phrase in this place."""
        end = self.end + len(self.given) * ("{x}" in text)
        return description[: self.start] + self._filled(text) + description[end:]

    def _filled(self, text: str) -> str:
        if self.place == "is" and self.many:
            verb, _, rest = text.partition(" ")
            text = f"{plural(verb)} {rest}"
        return text.replace("{k}", self.number).replace("{x}", self.given)


@final
@dataclass(frozen=True)
class Guess:
    """A request in known words.

    Args:
        request: It.
        meant: What each unknown phrase is taken for.
    """

    request: CodeRequest
    meant: tuple[tuple[str, str], ...]


@final
@dataclass
class Glossary:
    """What unknown words were proven to mean, and guesses about those that nothing is known of.

    Args:
        known: Words of training, in lower case.
        most: Guesses for one request at most.
        path: A file to keep it in; nothing is kept on disk where left out.
        sure: Proofs of one meaning after which guessing ends, and vain searches after which it ends too.
        learns: Whether proofs are taken in.

    Raises:
        InvalidStateError: The file holds something else.
    """

    known: frozenset[str]
    most: int = 48
    path: Path | None = None
    sure: int = 2
    learns: bool = True
    _meant: dict[str, Counter[str]] = field(default_factory=dict)
    _vain: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.known = self.known | _said()
        if self.path is not None and self.path.is_file():
            self._meant = _kept(self.path)

    def fixed(self) -> Glossary:
        """Return a copy that looks up what was proven, guesses nothing more, and takes in nothing."""
        meant = {said: Counter(proofs) for said, proofs in self._meant.items()}
        return replace(self, most=0, path=None, learns=False, _meant=meant, _vain=Counter(self._vain))

    def meaning(self, said: str) -> str | None:
        """Return what some unknown words were proven to mean most often; None where nothing was proven."""
        proofs = self._meant.get(said)
        return proofs.most_common(1)[0][0] if proofs else None

    def learn(self, guess: Guess) -> None:
        """Take in that a guess was right, unless nothing is to be learned."""
        if not self.learns:
            return
        for said, text in guess.meant:
            self._meant.setdefault(said, Counter())[text] += 1
        if self.path is not None:
            write_atomically(self.path, json.dumps(self._meant, indent=1).encode())

    def guesses(self, request: CodeRequest) -> Iterator[Guess]:
        """Yield the request in known words, the likeliest guess first; nothing where it has none unknown.

        Nothing is guessed where more than one phrase is unknown and nothing was proven about any of two.
        """
        slots = self.slots(request.description)
        open_ = [slot for slot in slots if self.meaning(slot.said) is None]
        if not slots or len(open_) > 1:
            return
        if not open_:
            yield from self._guess(request, slots, {})
            unsure = [slot for slot in slots if max(self._meant[slot.said].values()) < self.sure]
            open_ = unsure[:1]
        for slot in open_:
            if self._vain[slot.said] >= self.sure:
                return
            ranked = _ranked(slot, request.signature)
            texts = [text for text in ranked if text != self.meaning(slot.said)]
            for text in texts[: self.most]:
                yield from self._guess(request, slots, {slot.said: text})
            self._vain[slot.said] += 1

    def _guess(self, request: CodeRequest, slots: Sequence[Slot], meant: dict[str, str]) -> Iterator[Guess]:
        """Yield one guess; nothing where a phrase cannot be said in its place."""
        told, description = [], request.description
        for slot in reversed(slots):
            text = meant.get(slot.said) or self.meaning(slot.said)
            if text is None or not slot.takes(text):
                return
            told.append((slot.said, text))
            description = slot.into(description, text)
        yield Guess(request.model_copy(update={"description": description}), tuple(told))

    def slots(self, description: str) -> list[Slot]:
        """Return the unknown phrases of a description, in order."""
        runs: list[tuple[int, int]] = []
        gap = GAP + 1
        for found in _TOKEN.finditer(description):
            word = found.group()
            if not word[0].isalpha() or word.lower() in self.known:
                gap = gap + 1 if word[0].isalpha() else GAP + 1
                continue
            if runs and gap <= GAP and not set(description[runs[-1][1] : found.start()]) & set(".,;?!"):
                runs[-1] = (runs[-1][0], found.end())
            else:
                runs.append(found.span())
            gap = 0
        slots = [_slot(description, *run) for run in runs]
        ends = [*(slot.start for slot in slots), len(description)][1:]
        # an input that reaches into the next unknown phrase cannot be put elsewhere as it is
        whole = [slot.end + len(slot.given) <= end for slot, end in zip(slots, ends, strict=True)]
        return [slot if ok else replace(slot, given="") for slot, ok in zip(slots, whole, strict=True)]


def _kept(path: Path) -> dict[str, Counter[str]]:
    """Return the proofs in a file."""
    try:
        told = TypeAdapter(dict[str, dict[str, int]]).validate_json(path.read_bytes(), strict=True)
    except ValidationError as error:
        raise InvalidStateError(
            f"what {path} holds ({error.error_count()} mistakes)",
            "for each unknown phrase its meanings, and how often each was proven",
            "Delete the file; practice finds the words again.",
        ) from error
    return {said: Counter(proofs) for said, proofs in told.items()}


def _slot(text: str, start: int, end: int) -> Slot:
    """Return unknown words with the verb, the number and the small words that belong to them."""
    said = text[start:end].lower()
    before, after = text[:start], text[end:]
    counted = _BEFORE.search(before)
    if after.startswith(" of ") and not (_AFTER.match(after) and _VERB.search(before)):
        number = counted["number"] if counted else ""
        begun = counted.start() if counted else start
        begun -= 4 if text[:begun].endswith("the ") else 0
        given = _INPUT.match(text, end + 4)
        return Slot(begun, end + 4, "of", said, number, given=given.group() if given else "")
    more = _AFTER.match(after)
    number, end = (more["number"], end + more.end()) if more else ("", end)
    verb = _VERB.search(before)
    if verb:
        return Slot(verb.start(), end, "is", said, number, many=verb.group() == "are ")
    lead = _LEAD.search(before)
    return Slot(lead.start() if lead else start, end, "after", said, number)


def _ranked(slot: Slot, signature: str) -> list[str]:
    """Return the phrases that may stand in a place: those first whose types are those of the function."""
    fits = [p for p in phrases() if p.place == slot.place and slot.takes(p.text)]
    types = _TYPES.search(signature)
    if types is None:
        return list(dict.fromkeys(p.text for p in fits))
    first, last = types.groups()
    inside = {f"list[{kind}]": kind for kind in ("int", "str")}

    def far(phrase: Phrase) -> int:
        ends = (phrase.source == first) + (phrase.target == last)
        near = (phrase.source == inside.get(first)) + (phrase.target == inside.get(last))
        return -2 * ends - near

    return list(dict.fromkeys(p.text for p in sorted(fits, key=far)))


@cache
def phrases() -> tuple[Phrase, ...]:
    """Return what training says of primitives, one phrase for each place in which it is said."""
    found: dict[tuple[str, str, str, bool], Phrase] = {}
    for prim in everything():
        for phrase in _phrases_of(prim):
            whole = "{x}" in phrase.text
            if not whole or (prim.name, prim.source, "of", False) not in found:
                found.setdefault((prim.name, prim.source, phrase.place, whole), phrase)
    return tuple(found.values())


def _phrases_of(prim: Prim) -> Iterator[Phrase]:
    if {each.name for each in prim.constants} - {"k"}:
        return
    count = len(prim.phrases)
    for index, text in enumerate(prim.phrases):
        before, _, after = text.partition("{x}")
        if phrase_is_held(prim.name, index, count):
            continue
        if prim.is_predicate:
            if text.startswith("is "):
                yield Phrase("is", text, prim.source, prim.target)
        elif before and not after:
            yield Phrase("of", before, prim.source, prim.target)
        else:
            yield Phrase("of", text, prim.source, prim.target)
            if not before:
                yield Phrase("after", after.strip(), prim.source, prim.target)


@cache
def _said() -> frozenset[str]:
    texts: Iterable[str] = (text for prim in everything() for text in prim.phrases)
    return frozenset(word for text in texts for word in re.findall(r"[a-z]+", text.lower()))
