"""What stands before a program that is written: the prefix that was given, and imports that its declaration needs."""

from __future__ import annotations

import ast
import builtins
import collections.abc
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import final

from .declaring import BODY, parsed
from .domain import CodeRequest
from .prefix import unbound

_FUTURE = "from __future__ import annotations"


@final
@dataclass(frozen=True)
class Front:
    """Lines that are put before a program and taken away from it.

    Args:
        prefix: What was given.
        signature: The declaration in Python whose types are to be known.
    """

    prefix: str = ""
    signature: str = ""

    @classmethod
    def of(cls, request: CodeRequest) -> Front:
        """Return what stands before the programs of a request."""
        return cls(request.prefix, request.signature if request.language == "python" else "")

    @cached_property
    def text(self) -> str:
        """All of it."""
        needed = _needed(self.prefix, self.signature)
        return "\n".join(part for part in (*needed, self.prefix.strip("\n")) if part.strip())

    def before(self, body: str) -> str:
        """Return a program with these lines before it, and no import twice."""
        if not self.text:
            return body
        known = set(self.text.split("\n"))
        lines = body.split("\n")
        while lines and (not lines[0].strip() or (lines[0] in known and _imports(lines[0]))):
            del lines[0]
        gap = "\n" if lines and _imports(lines[0]) else "\n\n\n"
        return self.text + gap + "\n".join(lines)

    def without(self, source: str, change: Callable[[str], str] = str) -> str:
        """Return a program without these lines, but for the imports that it needs.

        Args:
            source: The program.
            change: What is made of all but these lines, before it is asked what it needs.
        """
        if not self.text or not source.startswith(self.text):
            return change(source)
        body = change(source[len(self.text) :].lstrip("\n"))
        missing = unbound(body)
        needed = [line for line in self.text.split("\n") if _imports(line) and _bound(line) & missing]
        return "\n".join((*needed, body))

    def instead(self, other: Front, source: str) -> str:
        """Return a program of another front with this one, and with the other too where it needs what that binds."""
        body = other.without(source)
        return self.before(source if unbound(body) - _bound(self.text) else body)


def _imports(line: str) -> bool:
    return line.startswith(("import ", "from ")) and not line.startswith("from __future__")


def _bound(text: str) -> set[str]:
    """Return the names that the statements of a text bind."""
    tree = parsed(text)
    found: set[str] = set()
    for each in tree.body if tree is not None else ():
        match each:
            case ast.Import(names=several) | ast.ImportFrom(names=several):
                found |= {alias.asname or alias.name.split(".")[0] for alias in several}
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Assign(targets=targets):
                found |= {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
    return found


@lru_cache(maxsize=64)
def _needed(prefix: str, signature: str) -> tuple[str, ...]:
    """Return imports that the types in a declaration need; where nobody knows them, they are not looked up at all."""
    tree = parsed(signature + BODY) if signature else None
    if tree is None or not tree.body or "from __future__ import annotations" in prefix:
        return ()
    function = tree.body[0]
    if not isinstance(function, ast.FunctionDef):
        return ()
    notes = [
        a.annotation for a in ast.walk(function.args) if isinstance(a, ast.arg) and a.annotation is not None
    ]
    notes += [function.returns] if function.returns is not None else []
    used = {n.id for note in notes for n in ast.walk(note) if isinstance(n, ast.Name)}
    missing = {name for name in used if not hasattr(builtins, name)} - _bound(prefix)
    if "*" in _bound(prefix):
        return ()
    abstract = sorted(missing & set(collections.abc.__all__))
    typed = sorted(missing & set(typing.__all__) - set(abstract))
    if missing - {*abstract, *typed}:
        return (_FUTURE,)
    return tuple(
        f"from {module} import {', '.join(some)}"
        for module, some in (("collections.abc", abstract), ("typing", typed))
        if some
    )
