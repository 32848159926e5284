"""How a request is put to a model that knows only the names of its corpus: another name stands in for a strange one.

A name that training never showed is cut into pieces that mean nothing there, and is then copied wrongly or leads
astray. The corpus calls some of its functions `solve` or `compute`, whatever they do; so may the model, and what it
writes gets the name back that was asked for. What the examples say about types is put into words as well.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any, final

from .cases import Case, Raises
from .corpus.compose import calls_so
from .domain import CodeRequest, named
from .lessons import GENERIC
from .telling import outside

_USUAL: Mapping[str, tuple[str, ...]] = {
    "int": ("number", "k", "m"),
    "float": ("value",),
    "str": ("text", "part"),
    "bool": ("flag",),
    "list[int]": ("numbers",),
    "list[str]": ("words",),
    "dict[str, int]": ("scores",),
}
"""What the corpus calls parameters of a type, the first one first."""
_MADE = frozenset(
    f"dict[{key}, {value}]" for key in ("int", "str") for value in ("int", "str", "list[int]", "list[str]")
)
"""Dictionaries that functions of the corpus answer."""


@final
@dataclass(frozen=True)
class StandIn:
    """A name that stands in for another one.

    Args:
        name: What the function is to be called.
        other: What the model calls it.
    """

    name: str
    other: str

    def there(self, source: str) -> str:
        """Return a program in which the function has the other name where it is declared or called.

        Variables and methods called so keep theirs; a function that is handed over as a value is not followed.
        """
        return _called(self.name, self.other, source)

    def back(self, source: str) -> str:
        """Return a program in which the function has the name that was asked for."""
        return _called(self.other, self.name, source)

    def told(self, prose: str) -> str:
        """Return a description with the other name, where it speaks of the function and not of what a word means."""
        if re.fullmatch(r"[a-z]+|[A-Z][a-z]*", self.name):
            return outside(prose, self._spoken)
        return outside(prose, lambda text: re.sub(rf"\b{re.escape(self.name)}\b", self.other, text))

    def _spoken(self, text: str) -> str:
        marked = text.replace(f"`{self.name}`", f"`{self.other}`")
        return re.sub(rf"(?<![\w.]){re.escape(self.name)}(?=\()", self.other, marked)


def _called(old: str, new: str, text: str) -> str:
    """Return a program in which what is declared or called by one name has another."""
    return re.sub(rf"(?<![\w.]){re.escape(old)}(?=\s*\()", new, text)


def stand_in(request: CodeRequest) -> StandIn | None:
    """Return what stands in for the name of a function; None where the corpus would call one so, or nothing is free."""
    name = request.entry or named(request.signature)
    if name is None or name in GENERIC or calls_so(name):
        return None
    said = "\n".join((request.description, request.signature, request.prefix, request.suffix, request.draft))
    free = [other for other in GENERIC[1:] if not re.search(rf"\b{other}\b", said)]
    return StandIn(name, free[0]) if free else None


def signature_of(request: CodeRequest) -> str:
    """Return the signature of a request: the one given, else what its examples say of it, else the name alone."""
    if request.signature or request.entry is None:
        return request.signature
    shown = shown_kinds(request)
    if request.language != "python" or shown is None:
        return request.entry
    *types, returns = shown
    names = _names(types, request)
    if names is None or returns is None:
        return request.entry
    told = ", ".join(f"{name}: {kind}" for name, kind in zip(names, types, strict=True))
    return f"def {request.entry}({told}) -> {returns}:"


def shown_kinds(request: CodeRequest) -> list[str | None] | None:
    """Return the types of arguments that examples tell, and last that of the answer; None where there are none."""
    cases = [test for test in request.tests if isinstance(test, Case)]
    rows = [case.arguments for case in cases]
    if not rows or len({len(row) for row in rows}) > 1:
        return None
    returns = kind_of_all([case.expected for case in cases if not isinstance(case.expected, Raises)])
    return [*(kind_of_all(column) for column in zip(*rows, strict=True)), returns]


def _names(types: Sequence[str | None], request: CodeRequest) -> list[str] | None:
    """Return names of parameters: those that the description sets in backticks, else the usual ones of each type."""
    if None in types:
        return None
    marked = dict.fromkeys(re.findall(r"`([a-z_][a-z0-9_]*)`", request.description))
    marked = dict.fromkeys(
        n for n in marked if n != request.entry and not iskeyword(n) and not hasattr(builtins, n)
    )
    if len(marked) == len(types):
        return list(marked)
    names: list[str] = []
    for kind in types:
        free = [name for name in _USUAL.get(kind or "", ()) if name not in names]
        if not free:
            return None
        names.append(free[0])
    return names


def kind_of_all(values: Sequence[Any]) -> str | None:
    """Return the type of all these values; None where there is none, or the corpus does not know it."""
    kinds = {_kind(value) for value in values}
    for empty, full in (("list", "list["), ("dict", "dict[")):
        if any(kind.startswith(full) for kind in kinds):
            kinds.discard(empty)
    kind = kinds.pop() if len(kinds) == 1 else ""
    return kind if kind in _USUAL or kind in _MADE else None


def _kind(value: Any) -> str:
    if isinstance(value, list) and value:
        return f"list[{'/'.join(sorted({_kind(each) for each in value}))}]"
    if isinstance(value, dict) and value:
        return f"dict[{_kind(next(iter(value)))}, {_kind(next(iter(value.values())))}]"
    return type(value).__name__
