"""The types of expressions, and what in them is impossible."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

from .shapes import BOOL, INT, NONE, NOTHING, STR, Type, fits, join, of_value, one, written
from .trial import COMPARED, UNARY, binary, has, indexed, tried, walked

Report: TypeAlias = Callable[[ast.AST, str], None]
Grown: TypeAlias = Callable[[str, Type, ast.AST], None]


@dataclass
class Expressions:
    """Reads expressions of one scope; calls are read by `Calls`.

    Args:
        types: What is known of names.
        report: Is told of what is impossible.
        grown: The type that a name has besides, for what was put into it.
    """

    types: dict[str, Type]
    report: Report
    grown: Grown

    def of(self, node: ast.expr | None) -> Type:
        """Return the type of an expression."""
        if node is None:
            return NONE
        reader = getattr(self, f"_{type(node).__name__.lower()}", None)
        found: Type = reader(node) if reader is not None else self._other(node)
        return found

    def _sure(self, node: ast.AST, found: Type | str, said: str) -> Type:
        if isinstance(found, str):
            self.report(node, said)
            return NOTHING
        return found

    def _other(self, node: ast.expr) -> Type:
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.expr):
                self.of(each)
        return None

    def _constant(self, node: ast.Constant) -> Type:
        return of_value(node.value)

    def _joinedstr(self, node: ast.JoinedStr) -> Type:
        self._other(node)
        return STR

    def _name(self, node: ast.Name) -> Type:
        return self.types.get(node.id)

    def _namedexpr(self, node: ast.NamedExpr) -> Type:
        found = self.of(node.value)
        self.grown(node.target.id, found, node)
        return found

    def _items(self, nodes: Sequence[ast.expr]) -> Type:
        inside = [
            self.of_each(each.value) if isinstance(each, ast.Starred) else self.of(each) for each in nodes
        ]
        return join(*inside)

    def _list(self, node: ast.List) -> Type:
        return one("list", self._items(node.elts))

    def _set(self, node: ast.Set) -> Type:
        return one("set", self._items(node.elts))

    def _tuple(self, node: ast.Tuple) -> Type:
        if any(isinstance(each, ast.Starred) for each in node.elts):
            return one("tuple*", self._items(node.elts))
        return one("tuple", *map(self.of, node.elts))

    def _dict(self, node: ast.Dict) -> Type:
        if None in node.keys:
            self._other(node)
            return one("dict", None, None)
        return one("dict", self._items([each for each in node.keys if each]), self._items(node.values))

    def _binop(self, node: ast.BinOp) -> Type:
        left, right, sign = self.of(node.left), self.of(node.right), type(node.op).__name__
        exponent = node.right.value if isinstance(node.right, ast.Constant) else -1
        if sign == "Pow" and left == right == INT and isinstance(exponent, int) and exponent >= 0:
            return INT
        return self._sure(node, binary(sign, left, right), _apart(node, left, right))

    def _unaryop(self, node: ast.UnaryOp) -> Type:
        inside, sign = self.of(node.operand), type(node.op).__name__
        if sign == "Not":
            return BOOL
        found = tried(UNARY[sign], inside)
        return self._sure(node, found, f"`{ast.unparse(node)}` is impossible for {written(inside)}")

    def _boolop(self, node: ast.BoolOp) -> Type:
        return join(*map(self.of, node.values))

    def _ifexp(self, node: ast.IfExp) -> Type:
        self.of(node.test)
        return join(self.of(node.body), self.of(node.orelse))

    def _compare(self, node: ast.Compare) -> Type:
        kinds = list(map(self.of, [node.left, *node.comparators]))
        for sign, left, right in zip(node.ops, kinds, kinds[1:], strict=False):
            how = COMPARED.get(type(sign).__name__)
            if how is not None:
                self._sure(node, tried(how, left, right), _apart(node, left, right))
        return BOOL if None not in kinds else None

    def _subscript(self, node: ast.Subscript) -> Type:
        base = self.of(node.value)
        sliced = isinstance(node.slice, ast.Slice)
        key = self.of(node.slice) if not sliced else INT
        if isinstance(node.slice, ast.Slice):
            self._bounds(node.slice)
        said = f"`{ast.unparse(node)}` is impossible for {written(base)}" + f" and {written(key)}" * (
            not sliced
        )
        return self._sure(node, indexed(base, key, sliced=sliced), said)

    def _bounds(self, node: ast.Slice) -> None:
        for each in (node.lower, node.upper, node.step):
            kind = self.of(each)
            if not fits(kind, join(INT, NONE)):
                self.report(node, f"`{ast.unparse(node)}` cuts at {written(kind)}")

    def _attribute(self, node: ast.Attribute) -> Type:
        base = self.of(node.value)
        if not has(base, node.attr):
            self.report(node, f"{written(base)} has no `{node.attr}`")
        return None

    def of_each(self, node: ast.expr) -> Type:
        """Return the type of what an expression holds, one after the other."""
        kind = self.of(node)
        return self._sure(
            node, walked(kind), f"`{ast.unparse(node)}`, {written(kind)}, holds nothing to go through"
        )

    def inside(self, generators: Sequence[ast.comprehension]) -> Self:
        """Return a reader of what a comprehension is made of."""
        scope = replace(self, types=dict(self.types))
        for each in generators:
            scope.bind(each.target, scope.of_each(each.iter) if not each.is_async else None)
            for test in each.ifs:
                scope.of(test)
        return scope

    def bind(self, target: ast.expr, kind: Type) -> None:
        """Give names of a target a type in this scope, and forget what they were."""
        for name, found in unpacked(target, kind):
            self.types[name] = found

    def _listcomp(self, node: ast.ListComp) -> Type:
        return one("list", self.inside(node.generators).of(node.elt))

    def _setcomp(self, node: ast.SetComp) -> Type:
        return one("set", self.inside(node.generators).of(node.elt))

    def _generatorexp(self, node: ast.GeneratorExp) -> Type:
        return one("iter", self.inside(node.generators).of(node.elt))

    def _dictcomp(self, node: ast.DictComp) -> Type:
        scope = self.inside(node.generators)
        return one("dict", scope.of(node.key), scope.of(node.value))

    def _lambda(self, node: ast.Lambda) -> Type:
        return None  # what it is given tells what it does: see `_applied`


def unpacked(target: ast.expr, kind: Type) -> list[tuple[str, Type]]:
    """Return the names of a target with their types."""
    if isinstance(target, ast.Name):
        return [(target.id, kind)]
    if isinstance(target, ast.Starred):
        return unpacked(target.value, None)
    if not isinstance(target, ast.Tuple | ast.List):
        return []
    parts: list[Type] = [None] * len(target.elts)
    starred = any(isinstance(each, ast.Starred) for each in target.elts)
    if kind is not None and not kind:
        parts = [NOTHING] * len(target.elts)
    elif kind is not None and not starred:
        rows = [_parts(shape.name, shape.inside, len(target.elts)) for shape in kind]
        parts = [join(*column) for column in zip(*rows, strict=True)]
    return [pair for each, part in zip(target.elts, parts, strict=True) for pair in unpacked(each, part)]


def _parts(name: str, inside: Sequence[Type], count: int) -> Sequence[Type]:
    if name == "tuple" and len(inside) == count:
        return inside
    if name in ("list", "tuple*", "set", "iter", "view"):
        return [inside[0]] * count
    return [STR if name == "str" else None] * count


def _apart(node: ast.expr, left: Type, right: Type) -> str:
    return f"`{ast.unparse(node)}`: {written(left)} and {written(right)} do not go together"
