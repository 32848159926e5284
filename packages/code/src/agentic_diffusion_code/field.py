"""Fields of work that training never saw: pairs of primitives that never met, and words that were never said."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import final

from agentic_diffusion.errors import InvalidConfigError

from .corpus import Task, generate
from .corpus.catalogue import TABLES, jargon, names, plain_words
from .domain import CodeRequest
from .questions import Question, question_of

SHORT = (1.0, 1.0, 0.0, 0.0)
"""How deep programs of a field of words are: of one step or two."""
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
class Jargon:
    """Programs as training shows them, asked for in words of which it has none: the jargon of some users.

    Functions have names that say nothing, so that the words and the shown cases are all there is to go by.

    Args:
        words: What some primitives are called, by name; `{x}` stands for the input. Each task holds at least one.
        languages: The languages of the programs.
    """

    words: Mapping[str, str] = field(default_factory=jargon)
    languages: tuple[str, ...] = ("python",)

    def tasks(self, *, seed: int) -> Iterator[Task]:
        """Yield tasks of the field without end; the same seed gives the same tasks."""
        return generate(
            seed=seed, languages=self.languages, split="paraphrase", jargon=self.words, depths=SHORT
        )

    def plain(self) -> Jargon:
        """Return the same field in words that training says: the same seed gives the same programs and cases."""
        return Jargon({name: plain_words(name) for name in self.words}, self.languages)


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

    field: Field | Jargon
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

    def plain_tests(self) -> list[Question]:
        """Return the tests of a field of words in plain words, in their order; nothing for other fields."""
        if not isinstance(self.field, Jargon):
            return []
        wanted = [question.name for question in self.questions().tests]
        seed, found = _seed(self.seed, 1), dict[str, Question]()
        twins = zip(self.field.tasks(seed=seed), self.field.plain().tasks(seed=seed), strict=True)
        while len(found) < len(wanted):
            task, twin = next(twins)
            if task.id in wanted:
                found[task.id] = question_of(twin, SHOWN)
        return [found[name] for name in wanted]

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
    """Yield tasks that share neither request nor program, names aside, with those seen, and count them as seen."""
    for task in tasks:
        marks = marks_of(task)
        if marks.isdisjoint(seen):
            seen |= marks
            yield task


def marks_of(task: Task) -> frozenset[str]:
    """Return request and program of a task, whatever the function is called; in Python whatever anything is called."""
    name = re.compile(rf"\b{re.escape(task.entry)}\b")
    said = [name.sub("f", text) for text in (task.description, task.source)]
    if task.language == "python":
        said.append(_shape(task.source))
    return frozenset(f"{task.language}\0{text}" for text in said)


def _shape(source: str) -> str:
    """Return a Python program without docstrings and with plain names in the place of those that it binds itself."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            bound.setdefault(node.name, f"v{len(bound)}")
        elif isinstance(node, ast.arg):
            bound.setdefault(node.arg, f"v{len(bound)}")
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.setdefault(node.id, f"v{len(bound)}")
    return ast.unparse(_Renaming(bound).visit(tree))


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self.names[node.name]
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self.names[node.arg]
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.names.get(node.id, node.id)
        return node
