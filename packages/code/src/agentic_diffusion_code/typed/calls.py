"""The types of calls: functions of the program, built-in ones, and methods."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from .reading import Expressions
from .shapes import Type, fits, join, one, written
from .trial import BUILTINS, called, has, method, walked

_OF_EACH = ("sorted", "min", "max")
_GROWING = {
    "append": "list",
    "add": "set",
    "appendleft": "",
    "insert": "list",
    "extend": "list",
    "update": "",
}
"""Methods that put something into what they belong to."""


@final
@dataclass(frozen=True)
class Signature:
    """What a function of the program takes and gives.

    Args:
        names: Of its parameters.
        takes: Their types.
        gives: What it returns.
        least: How many must be given.
    """

    names: tuple[str, ...]
    takes: tuple[Type, ...]
    gives: Type
    least: int


@final
@dataclass
class Calls(Expressions):
    """Reads expressions of one scope, calls among them.

    Args:
        functions: The functions of the program, each declared once.
    """

    functions: Mapping[str, Signature]

    def _call(self, node: ast.Call) -> Type:
        func, names = node.func, tuple(each.arg or "" for each in node.keywords)
        plain = not any(isinstance(each, ast.Starred) for each in node.args) and "" not in names
        if isinstance(func, ast.Name) and func.id in self.functions and func.id not in self.types:
            given = list(map(self.of, node.args))
            more = {each.arg: self.of(each.value) for each in node.keywords}
            return self._own(node, self.functions[func.id], given, more) if plain else None
        if isinstance(func, ast.Name) and func.id not in self.types and plain:
            return self._builtin(node, func.id, names)
        given = [self.of(each) for each in (*node.args, *(each.value for each in node.keywords))]
        if not isinstance(func, ast.Attribute):
            kind = self.of(func)
            if kind:
                self.report(node, f"`{ast.unparse(func)}`, {written(kind)}, is no function")
            return None
        return self._method(node, func, given, names) if plain else None

    def _own(
        self, node: ast.Call, own: Signature, given: Sequence[Type], more: Mapping[str | None, Type]
    ) -> Type:
        called_ = f"`{ast.unparse(node)}`"
        named = dict(zip(own.names, own.takes, strict=True))
        if len(given) > len(own.takes) or len(given) + len(more) < own.least or not set(more) <= set(named):
            self.report(node, f"{called_} is given {len(given) + len(more)} arguments")
        pairs = [
            *zip(given, own.takes, strict=False),
            *((kind, named.get(name or "")) for name, kind in more.items()),
        ]
        for kind, wanted in pairs:
            if not fits(kind, wanted):
                self.report(node, f"{called_} is given {written(kind)} where {written(wanted)} is declared")
        return own.gives

    def _builtin(self, node: ast.Call, name: str, names: tuple[str, ...]) -> Type:
        if name in ("map", "filter") and len(node.args) == 2:
            inside = self.of_each(node.args[1])
            found = self._applied(node.args[0], inside)
            return one("iter", found if name == "map" else inside)
        keys = [each.value for each in node.keywords if each.arg == "key"]
        if keys and name in _OF_EACH:
            items = [self.of_each(each) for each in node.args] if len(node.args) == 1 else []
            inside = join(*items) if items else join(*map(self.of, node.args))
            self._applied(keys[0], inside)
            others = [self.of(each.value) for each in node.keywords if each.arg == "default"]
            return one("list", inside) if name == "sorted" else join(inside, *others)
        given = [self.of(each) for each in (*node.args, *(each.value for each in node.keywords))]
        if name not in BUILTINS and name != "print":
            return None
        result = called(name, given, names)
        return self._sure(node, result, f"`{ast.unparse(node)}` is impossible for {_listed(given)}")

    def _applied(self, function: ast.expr, kind: Type) -> Type:
        """Return what a function gives that is handed over, of something of a type."""
        if isinstance(function, ast.Lambda):
            scope = replace(self, types=dict(self.types))
            names = [each.arg for each in function.args.args]
            scope.types.update(zip(names, [kind], strict=False) if len(names) == 1 else dict.fromkeys(names))
            return scope.of(function.body)
        if not isinstance(function, ast.Name) or function.id in self.types:
            return None
        if function.id in self.functions:
            call = ast.copy_location(ast.Call(function, [ast.Name("…")], []), function)
            return self._own(call, self.functions[function.id], [kind], {})
        if function.id not in BUILTINS:
            return None
        said = f"`{function.id}` is impossible for {written(kind)}"
        return self._sure(function, called(function.id, [kind], ()), said)

    def _method(
        self, node: ast.Call, func: ast.Attribute, given: Sequence[Type], names: tuple[str, ...]
    ) -> Type:
        owner = self.of(func.value)
        if not has(owner, func.attr):
            self.report(func, f"{written(owner)} has no `{func.attr}`")
            return None
        if func.attr in _GROWING:
            self._grown(func, owner, given)
        said = f"`{ast.unparse(node)}` is impossible for {written(owner)} and {_listed(given)}"
        return self._sure(node, method(func.attr, owner, given, names=names), said)

    def _grown(self, func: ast.Attribute, owner: Type, given: Sequence[Type]) -> None:
        holder, known = func.value, _GROWING[func.attr]
        if isinstance(holder, ast.Name):
            put = given[-1] if given else None
            if func.attr == "extend":
                inside = walked(put)
                put = None if isinstance(inside, str) else inside
            fitting = owner is not None and all(shape.name == known for shape in owner)
            self.grown(holder.id, one(known, put) if known and fitting else None, func)
            return
        while isinstance(holder, ast.Subscript | ast.Attribute | ast.Call):
            holder = holder.func if isinstance(holder, ast.Call) else holder.value
        if isinstance(holder, ast.Name):
            self.grown(holder.id, None, func)


def _listed(kinds: Sequence[Type]) -> str:
    return " and ".join(map(written, kinds)) or "nothing"
