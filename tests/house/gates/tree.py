"""What the gates look at: the Python files of a workspace, where they belong, and their syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MEMBERS = ("packages", "integrations")


@dataclass(frozen=True)
class Module:
    """One source file of a member.

    Args:
        root: The workspace.
        path: The file.
        member: The folder of the member, such as `core`.
        dotted: The name it is imported by.
    """

    root: Path
    path: Path
    member: str
    dotted: str

    @property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return parse(self.path)

    @property
    def is_face(self) -> bool:
        """Whether it is the `__init__.py` of a package."""
        return self.path.name == "__init__.py"

    def at(self, line: int) -> str:
        """Return `path:line`, from the root of the workspace."""
        return f"{self.path.relative_to(self.root)}:{line}"


@cache
def _parse(path: Path, stamp: int) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def parse(path: Path) -> ast.Module:
    """Return the syntax tree of a file, remembered until the file changes."""
    return _parse(path, path.stat().st_mtime_ns)


def modules(root: Path) -> Iterator[Module]:
    """Yield every source file of every member."""
    for group in MEMBERS:
        for source in sorted(root.glob(f"{group}/*/src")):
            for path in sorted(source.rglob("*.py")):
                parts = path.relative_to(source).with_suffix("").parts
                dotted = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                yield Module(root, path, source.parent.name, dotted)


def scripts(root: Path) -> Iterator[Path]:
    """Yield the Python files that belong to no member: tests, examples and the workshop's own."""
    for folder in ("tests", "examples", ".ci"):
        yield from sorted((root / folder).rglob("*.py"))
