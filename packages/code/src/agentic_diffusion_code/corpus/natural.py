"""Functions that people wrote: the documented ones of the standard library of the running Python.

They are read from the installation at run time and are not shipped. Their licence is the Python
Software Foundation License; weights trained on them should name it.
"""

from __future__ import annotations

import ast
import random
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

LICENCE = "PSF-2.0"
Lesson = TypeVar("Lesson")
MAX_LINES = 40
_LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "site-packages", "turtledemo", "__pycache__"}


class NaturalRow(BaseModel):
    """One documented function.

    Args:
        description: The first paragraph of its docstring.
        source: The function without its docstring.
        entry: Its name.
        module: The file it stands in, from the root of the library.
        licence: The licence of the text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    source: str
    entry: str
    module: str
    licence: str = LICENCE

    @property
    def language(self) -> str:
        """The language of all of them."""
        return "python"

    @property
    def signature(self) -> str:
        """The line that declares it."""
        return self.source.split("\n", 1)[0]


def natural(root: Path | None = None) -> Iterator[NaturalRow]:
    """Yield documented functions of at most 40 lines, in the order of their files.

    Args:
        root: The folder to read; the standard library by default.
    """
    folder = root or Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder)
        if _LEFT_OUT & set(inside.parts):
            continue
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):  # files that test the parser itself
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and (row := _row(node, inside.as_posix())) is not None:
                yield row


def _row(node: ast.FunctionDef, module: str) -> NaturalRow | None:
    text = ast.get_docstring(node)
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if not text or lines > MAX_LINES or len(node.body) < 2:
        return None
    bare = ast.FunctionDef(**{**dict(ast.iter_fields(node)), "body": node.body[1:], "decorator_list": []})
    source = ast.unparse(ast.copy_location(bare, node)) + "\n"
    description = " ".join(text.split("\n\n")[0].split())
    return NaturalRow(description=description, source=source, entry=node.name, module=module)


@cache
def written() -> tuple[NaturalRow, ...]:
    """Return all of them, read once."""
    return tuple(natural())


def mixed(tasks: Iterator[Lesson], others: Sequence[Lesson], *, share: float, seed: int) -> Iterator[Lesson]:
    """Yield tasks among which a share are others, drawn anew each time; their order follows from the seed."""
    rng = random.Random(seed)  # noqa: S311  chance that can be repeated
    for task in tasks:
        while rng.random() < share:
            yield rng.choice(others)
        yield task
