"""The statements of one function: what its names may hold, then what is impossible with it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import final

from agentic_diffusion.records import Record

from .calls import Calls, Signature
from .names import BARRIERS, Function, yields
from .reading import unpacked
from .shapes import NONE, NOTHING, Type, declared, fits, join, one, written
from .trial import binary

_TURNS = 8
"""How often a function is read until its names hold what they hold."""
_CAUGHT = frozenset(["TypeError", "AttributeError", "Exception", "BaseException"])


@final
class Misfit(Record):
    """A place where types cannot fit.

    Args:
        line: Where, counted from 1.
        message: What is impossible there.
    """

    line: int
    message: str


class Body:
    """The statements of one function."""

    def __init__(
        self,
        node: Function,
        functions: Mapping[str, Signature],
        start: dict[str, Type],
        *,
        unknown: set[str],
        hidden: frozenset[str],
    ) -> None:
        self._node = node
        self._hidden = hidden
        self._types: dict[str, Type] = {**start, **dict.fromkeys(unknown)}
        self._functions = functions
        self._found: list[Misfit] = []
        self._telling = self._deaf = False
        self._returns = None if node.returns is None or yields(node) else declared(node.returns, hidden)
        self._promised = _promised(node, hidden)
        self._read = Calls(self._types, self._report, self._give, functions)

    def misfits(self) -> Sequence[Misfit]:
        """Return what is impossible in the body."""
        for _ in range(_TURNS):
            before = dict(self._types)
            self._all(self._node.body)
            if before == self._types:
                break
        else:
            return ()
        self._telling = True
        self._all(self._node.body)
        if not fits(NONE, self._returns) and _gives_nothing(self._node):
            self._report(self._node, f"returns nothing where {written(self._returns)} is declared")
        return self._found

    def _report(self, node: ast.AST, said: str) -> None:
        if self._telling and not self._deaf:
            self._found.append(Misfit(line=getattr(node, "lineno", self._node.lineno), message=said[:200]))

    def _give(self, name: str, kind: Type, node: ast.AST) -> None:
        promised = self._promised.get(name)
        if not fits(kind, promised):
            self._report(
                node, f"{written(kind)} is put into {name}, which is declared as {written(promised)}"
            )
        elif name in self._types:
            self._types[name] = join(self._types[name], kind)

    def _all(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            reader: Callable[[ast.stmt], None] | None = getattr(
                self, f"_{type(statement).__name__.lower()}", None
            )
            if reader is not None:
                reader(statement)
            elif not isinstance(statement, BARRIERS):
                self._parts(statement)

    def _parts(self, node: ast.AST) -> None:
        """Read what is inside of a statement that says nothing about types."""
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.stmt):
                self._all([each])
            elif isinstance(each, ast.expr):
                self._read.of(each)
            elif not isinstance(each, BARRIERS):
                self._parts(each)

    def _assign(self, node: ast.Assign) -> None:
        kind = self._read.of(node.value)
        for target in node.targets:
            self._target(target, kind)

    def _annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._target(node.target, self._read.of(node.value))
        self._target(node.target, declared(node.annotation, self._hidden, given=True))

    def _augassign(self, node: ast.AugAssign) -> None:
        load = ast.copy_location(_loaded(node.target), node.target)
        left, right = self._read.of(load), self._read.of(node.value)
        found = binary(type(node.op).__name__, left, right, changing=True)
        if isinstance(found, str):
            self._report(
                node, f"`{ast.unparse(node)}`: {written(left)} and {written(right)} do not go together"
            )
            found = NOTHING
        self._target(node.target, found)

    def _target(self, target: ast.expr, kind: Type) -> None:
        for name, found in unpacked(target, kind):
            self._give(name, found, target)
        if isinstance(target, ast.Subscript):
            self._put(target, kind)

    def _put(self, target: ast.Subscript, kind: Type) -> None:
        base, key = self._read.of(target.value), self._read.of(target.slice)
        if base and all(shape.name in ("str", "int", "float", "bool", "tuple", "None") for shape in base):
            self._report(target, f"nothing can be put into {written(base)}")
            return
        holder = target.value
        if isinstance(holder, ast.Name):
            sole = {shape.name for shape in base} if base else set()
            plain = not isinstance(target.slice, ast.Slice)
            more = (
                one("list", kind)
                if sole == {"list"}
                else one("dict", key, kind)
                if sole == {"dict"}
                else None
            )
            if base is None or base:
                self._give(holder.id, more if plain else None, target)
            return
        while isinstance(holder, ast.Subscript | ast.Attribute | ast.Call):
            holder = holder.func if isinstance(holder, ast.Call) else holder.value
        if isinstance(holder, ast.Name):
            self._give(holder.id, None, target)

    def _for(self, node: ast.For) -> None:
        self._target(node.target, self._read.of_each(node.iter))
        self._all([*node.body, *node.orelse])

    def _with(self, node: ast.With) -> None:
        for each in node.items:
            self._read.of(each.context_expr)
        self._all(node.body)

    def _try(self, node: ast.Try) -> None:
        was = self._deaf
        self._deaf = was or any(_catches(each) for each in node.handlers)
        self._all(node.body)
        self._deaf = was
        for each in node.handlers:
            self._all(each.body)
        self._all([*node.orelse, *node.finalbody])

    def _return(self, node: ast.Return) -> None:
        kind = self._read.of(node.value)
        if self._node.returns is not None and not fits(kind, self._returns):
            self._report(node, f"returns {written(kind)} where {written(self._returns)} is declared")

    def _match(self, node: ast.Match) -> None:
        self._read.of(node.subject)
        for case in node.cases:
            self._all(case.body)


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(
        isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in _CAUGHT
        for node in ast.walk(handler.type)
    )


def _promised(node: Function, hidden: frozenset[str]) -> Mapping[str, Type]:
    """Return the types that names are declared to have, each once."""
    said = [
        (each.target.id, declared(each.annotation, hidden))
        for each in ast.walk(node)
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    ]
    names = [name for name, _ in said]
    return {name: kind for name, kind in said if names.count(name) == 1}


def _gives_nothing(node: Function) -> bool:
    """Return whether a function does something, comes to its end and returns nothing anywhere."""
    last = node.body[-1]
    inside = [
        each for each in ast.walk(node) if isinstance(each, ast.Return | ast.Raise | ast.While | ast.Assert)
    ]
    stub = isinstance(last, ast.Pass) or (isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant))
    return not inside and not stub and not node.decorator_list


def _loaded(target: ast.expr) -> ast.expr:
    found: ast.expr = ast.parse(ast.unparse(target), mode="eval").body
    return found
