"""Turns tasks of the corpus into training rows: prompts as users give them, programs with the spans of their syntax."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, final

from . import noise
from .model.rows import Row
from .tokens import Vocabulary
from .writes import Worded, prompt_of

GENERIC = ("f", "solve", "compute", "answer", "process", "task")
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_TYPED = re.compile(r"^def (\w+)\((.*)\)(?: -> .*)?:$", re.MULTILINE)


class Lesson(Protocol):
    """A task with a right answer, as far as a lesson needs it."""

    @property
    def description(self) -> str:
        """What is asked, in words."""
        ...

    @property
    def language(self) -> str:
        """The language of the answer."""
        ...

    @property
    def entry(self) -> str:
        """The name of the function."""
        ...

    @property
    def signature(self) -> str:
        """The line that declares it."""
        ...

    @property
    def source(self) -> str:
        """The answer."""
        ...


@final
@dataclass(frozen=True)
class Manner:
    """How often lessons differ from the corpus, so that users may write as they like.

    Args:
        bare: Share of Python tasks whose signature loses its types.
        renamed: Share of tasks whose function is called `f` or `solve` instead of by what it does.
        named: Share of tasks that give the name of the function alone.
        free: Share of tasks that give no name at all.
        pinned: Share of tasks whose program begins with its signature, given as a fixed part.
        trees: Whether whole nodes of the syntax tree may be hidden, instead of lines and what stands between brackets.
        longest: Tokens of the longest program; longer ones are left out.
        longest_prompt: Tokens of the longest prompt.
    """

    bare: float = 0.15
    renamed: float = 0.15
    named: float = 0.1
    free: float = 0.05
    pinned: float = 0.3
    trees: bool = False
    longest: int = 160
    longest_prompt: int = 112


def rows(
    lessons: Iterable[Lesson], tokens: Worded, *, seed: int, manner: Manner | None = None
) -> Iterator[Row]:
    """Yield one row for each lesson that is short enough."""
    how, rng = manner or Manner(), random.Random(seed)  # noqa: S311  chance that can be repeated
    for lesson in lessons:
        row = row_of(lesson, tokens, how, rng=rng)
        if row is not None:
            yield row


def row_of(lesson: Lesson, tokens: Worded, manner: Manner, *, rng: random.Random) -> Row | None:
    """Return one lesson as a row; None where it is too long."""
    said, signature, source, name = lesson.description, lesson.signature, lesson.source, lesson.entry
    if rng.random() < manner.renamed:
        other = rng.choice(GENERIC)
        if not re.search(rf"\b{other}\b", source + said):
            said, signature, source = (re.sub(rf"\b{name}\b", other, t) for t in (said, signature, source))
            name = other
    if lesson.language == "python" and rng.random() < manner.bare:
        signature, source = untyped(signature), untyped(source)
    given, chance = signature, rng.random()
    if chance < manner.free:
        given = ""
    elif chance < manner.free + manner.named:
        given = name
    code = [*tokens.encode(source, lesson.language), tokens.end]
    prompt = prompt_of(tokens, said, lesson.language, signature=given)
    if len(code) > manner.longest or len(prompt) > manner.longest_prompt:
        return None
    fixed = tokens.encode(signature, lesson.language)
    starts = given == signature and code[: len(fixed)] == fixed and rng.random() < manner.pinned
    if manner.trees and isinstance(tokens, Vocabulary):
        spans = tuple(noise.spans(code[:-1], lesson.language, tokens))
    else:
        spans = spans_of(source, tokens, lesson.language)
    return Row(prompt, tuple(code), len(fixed) if starts else 0, spans)


def untyped(source: str) -> str:
    """Return a Python program without the types of its parameters and results."""
    return _TYPED.sub(lambda found: f"def {found.group(1)}({_bare(found.group(2))}):", source)


def _bare(parameters: str) -> str:
    """Return parameters without their types: what stands between a colon and the next comma or equals sign."""
    kept, depth, typed = "", 0, False
    for sign in parameters:
        depth += (sign in _OPEN) - (sign in _CLOSE)
        if depth == 0 and sign in ",=":
            typed = False
        typed = typed or (depth == 0 and sign == ":")
        kept += "" if typed else sign
    return kept


def spans_of(source: str, tokens: Worded, language: str) -> tuple[tuple[int, int], ...]:
    """Return the tokens of each line, and of what stands between each pair of brackets."""
    ids = tokens.encode(source, language)
    text, places = tokens.layout(ids, language)
    spans: list[tuple[int, int]] = []
    lines = [text.count("\n", 0, start) for start, _ in places]
    spans += _runs(lines)
    stack: list[int] = []
    for index, (start, end) in enumerate(places):
        shown = text[start:end]
        if shown in _OPEN:
            stack.append(index + 1)
        elif shown in _CLOSE and stack:
            begun = stack.pop()
            if index > begun:
                spans.append((begun, index))
    return tuple(spans)


def _runs(lines: Sequence[int]) -> list[tuple[int, int]]:
    """Return where each line begins and ends."""
    cuts = [0, *(i for i in range(1, len(lines)) if lines[i] != lines[i - 1]), len(lines)]
    return [(a, b) for a, b in pairwise(cuts) if b > a]
