"""Measures infilling: right programs of the corpus with a hole, filled with and without examples to choose by."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, final

from .bench import Row, share, summary
from .coder import Coder
from .corpus import Task, generate
from .corpus.compose import DEPTH_WEIGHTS
from .corpus.split import Split
from .evaluate import OURS
from .model.reading import Marks, Reading, Reads
from .questions import Question, question_of
from .sandbox.base import Sandbox
from .verify import verify
from .writer import HOLE, TokenWriter

KINDS = ("line", "expression", "two expressions")
ONCE = "all at once"
"""The way of a model that cannot look back: the whole program as one block, its lengths found by the first look."""
Tell: TypeAlias = Callable[[str, int, int], None]
_HOLLOW = (ast.Call, ast.BinOp, ast.Compare, ast.Subscript, ast.ListComp, ast.IfExp)


@final
@dataclass(frozen=True)
class Gap:
    """A program with holes, and what it will be judged by."""

    question: Question
    sketch: str


@final
@dataclass(frozen=True)
class Ahead:
    """A model that cannot look back, for comparison."""

    model: Reads

    @property
    def marks(self) -> Marks:
        """The tokens that a decoder must know."""
        return self.model.marks

    def open(self, prompt: Sequence[int]) -> Reading:
        """Read a prompt."""
        return self.model.open(prompt)


def gaps(kind: str, *, seed: int, count: int, split: Split = "valid", shown: int = 3) -> list[Gap]:
    """Return right programs with holes: a line, an expression, or two in different lines."""
    rng, found = random.Random(seed), list[Gap]()  # noqa: S311 - no secret
    for task in generate(seed=seed, languages=("python",), split=split, depths=DEPTH_WEIGHTS):
        sketch = _hollowed(task, kind, rng)
        if sketch is not None:
            found.append(Gap(question_of(task, shown), sketch))
        if len(found) == count:
            break
    return found


def _hollowed(task: Task, kind: str, rng: random.Random) -> str | None:
    lines = task.source.rstrip("\n").split("\n")
    if kind == "line":
        inside = [i for i, line in enumerate(lines) if line.startswith(" ") and '"""' not in line]
        index = rng.choice(inside)
        lines[index] = lines[index][: len(lines[index]) - len(lines[index].lstrip())] + HOLE
        return "\n".join(lines) + "\n"
    nodes = [
        node
        for node in ast.walk(ast.parse(task.source))
        if isinstance(node, _HOLLOW) and node.lineno == node.end_lineno
    ]
    chosen: dict[int, Any] = {}
    for node in rng.sample(nodes, len(nodes)):
        if len(chosen) < (2 if kind == KINDS[2] else 1):
            chosen.setdefault(node.lineno, node)
    if len(chosen) < (2 if kind == KINDS[2] else 1):
        return None
    for number, node in chosen.items():
        line = lines[number - 1].encode()
        lines[number - 1] = (line[: node.col_offset] + HOLE.encode() + line[node.end_col_offset :]).decode()
    return "\n".join(lines) + "\n"


def measure(
    coder: Coder, *, seed: int, count: int, sandbox: Sandbox, split: Split = "valid", tell: Tell | None = None
) -> Iterator[Row]:
    """Yield a row for each kind of hole and way: `passed` with the likeliest filling, `chosen` by the shown examples.

    The way `all at once` is what a model does that cannot look back. Gains are paired by program.

    Args:
        coder: The coder, whose count says how many fillings examples choose among.
        seed: Where programs are drawn.
        count: Programs of each kind.
        sandbox: Where tests run.
        split: What is unseen about the programs.
        tell: Told what is at work, and how far it is.
    """
    writer = coder.writer
    assert isinstance(writer, TokenWriter)
    ways = {ONCE: replace(writer, model=Ahead(writer.model)), OURS: writer}
    for kind in KINDS:
        asked = gaps(kind, seed=seed, count=count, split=split)
        told: dict[str, list[tuple[bool, bool, bool, int]]] = {name: [] for name in ways}
        for index, gap in enumerate(asked):
            for name, way in ways.items():
                told[name].append(_filled(way, gap, coder.count, sandbox))
            if tell is not None:
                tell(kind, index + 1, len(asked))
        for name, answers in told.items():
            yield _row(name, kind, answers, told[ONCE] if name == OURS else None)


def _filled(writer: TokenWriter, gap: Gap, count: int, sandbox: Sandbox) -> tuple[bool, bool, bool, int]:
    """Return whether the likeliest filling is right, whether one is chosen, whether that is right, and the calls."""
    request, hidden = gap.question.request, gap.question.hidden
    whole = hidden.model_copy(update={"tests": (*request.tests, *hidden.tests)})
    *_, sketch = writer.infill(request, gap.sketch, count=count)
    rights = [verify(source, whole, sandbox=sandbox).passed for source in sketch.sources[:1]]
    shown = (s for s in sketch.sources if verify(s, request.task(), sandbox=sandbox).passed)
    chosen = next(shown, None)
    right = chosen is not None and verify(chosen, whole, sandbox=sandbox).passed
    return any(rights), chosen is not None, right, sketch.forwards


def _row(
    name: str,
    kind: str,
    answers: Sequence[tuple[bool, bool, bool, int]],
    others: Sequence[tuple[bool, bool, bool, int]] | None,
) -> Row:
    passed, chosen, right, calls = zip(*answers, strict=True)
    row: Row = {
        "name": name,
        "hole": kind,
        "passed": share(sum(passed), len(answers)),
        "chosen": share(sum(right), len(answers)),
        "right_if_chosen": share(sum(right), sum(chosen)),
        "forwards": summary(list(map(float, calls))),
    }
    if others is None:
        return row
    gains: Mapping[str, int] = {"passed": 0, "chosen": 2}
    return row | {
        f"{key}_gain": summary([float(a[at]) - float(b[at]) for a, b in zip(answers, others, strict=True)])
        for key, at in gains.items()
    }
