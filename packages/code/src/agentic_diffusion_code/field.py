"""A field of work that training never saw: programs in which a primitive of some group meets one it never met."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import final

from agentic_diffusion.errors import InvalidConfigError

from .corpus import Task, generate
from .corpus.catalogue import TABLES, names
from .domain import CodeRequest
from .questions import Question, question_of

SHOWN = 3
"""Cases that a question shows; all others are hidden."""


@final
@dataclass(frozen=True)
class Field:
    """Compositions of the split `composition` that are unseen because of one of these primitives.

    Args:
        primitives: Their names.
        languages: The languages of the programs.
    """

    primitives: frozenset[str]
    languages: tuple[str, ...] = ("python",)

    @classmethod
    def of(cls, words: Iterable[str], *, languages: Sequence[str] = ("python",)) -> Field:
        """Return the field of some primitives and tables of primitives.

        Raises:
            InvalidConfigError: A word is neither, or there is none.
        """
        known, found = names(), set[str]()
        for word in words:
            if word not in known and word not in TABLES:
                raise InvalidConfigError(
                    f"{word!r}", f"a primitive, or one of {', '.join(TABLES)}", "Correct the name."
                )
            found |= {word} if word in known else names(word)
        if not found:
            raise InvalidConfigError("a field without primitives", "at least one", "Name some, or a table.")
        return cls(frozenset(found), tuple(languages))

    def tasks(self, *, seed: int) -> Iterator[Task]:
        """Yield tasks of the field without end; the same seed gives the same tasks."""
        return generate(seed=seed, languages=self.languages, split="composition", among=self.primitives)


@final
@dataclass(frozen=True)
class Papers:
    """Questions of the field, and of what was known before, for the tests and for the exams.

    Args:
        tests: Those of the field that the result is measured with.
        known_tests: Those of what was known before.
        exams: Those of the field that a gate decides by.
        known_exams: Those of what was known before.
    """

    tests: list[Question]
    known_tests: list[Question]
    exams: list[Question]
    known_exams: list[Question]


@final
@dataclass(frozen=True)
class Ground:
    """What is practised in a field, and what practice is judged by; no task is in two of these.

    Args:
        field: Where.
        seed: Of all tasks.
        tests: Questions that the result is measured with, of the field and of what was known before.
        exams: Questions that a gate decides by, of both kinds.
    """

    field: Field
    seed: int = 0
    tests: tuple[int, int] = (60, 100)
    exams: tuple[int, int] = (60, 60)

    def questions(self) -> Papers:
        """Return the questions of tests and exams."""
        return self._questions(set[str]())

    def practice(self, number: int, count: int) -> list[CodeRequest]:
        """Return the requests of a round of practice, from 1; all cases of each are shown."""
        seen = set[str]()
        self._questions(seen)
        stream = apart(self.field.tasks(seed=_seed(self.seed, 0)), seen)
        chosen = islice(stream, (number - 1) * count, number * count)
        return [question_of(task, len(task.cases)).request for task in chosen]

    def _questions(self, seen: set[str]) -> Papers:
        found = []
        for place, (new, known) in enumerate((self.tests, self.exams)):
            streams = (
                self.field.tasks(seed=_seed(self.seed, 1 + place)),
                generate(seed=_seed(self.seed, 3 + place), languages=self.field.languages, split="valid"),
            )
            for stream, count in zip(streams, (new, known), strict=True):
                found.append([question_of(task, SHOWN) for task in islice(apart(stream, seen), count)])
        return Papers(*found)


def _seed(seed: int, place: int) -> int:
    return 500_000 + 10 * seed + place


def apart(tasks: Iterable[Task], seen: set[str]) -> Iterator[Task]:
    """Yield tasks that share neither request nor program with those seen, and count them as seen."""
    for task in tasks:
        marks = marks_of(task)
        if marks.isdisjoint(seen):
            seen |= marks
            yield task


def marks_of(task: Task) -> frozenset[str]:
    """Return request and program of a task, whatever the function is called."""
    name = re.compile(rf"\b{re.escape(task.entry)}\b")
    return frozenset(f"{task.language}\0{name.sub('f', text)}" for text in (task.description, task.source))
