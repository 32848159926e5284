"""Puts primitives into one program: names, helpers, guards, and the expressions between them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import final

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.ir import Call, Expr, Lit, Name, Stmt, Type
from agentic_diffusion_code.corpus.pieces import Prim

SUBJECTS: Mapping[Type, tuple[str, ...]] = {
    "int": ("number", "value", "num", "amount"),
    "str": ("text", "message", "string", "phrase"),
    "list[int]": ("numbers", "values", "nums", "items", "data"),
    "list[str]": ("words", "names", "texts", "strings", "items"),
    "dict[str, int]": ("scores", "prices", "table", "stock"),
}
_BOUND: Mapping[Type, str] = {"int": "result", "str": "piece", "list[int]": "found", "list[str]": "parts"}
_ELEMENT: Mapping[Type, tuple[str, ...]] = {
    "int": ("n", "number", "value", "each"),
    "str": ("word", "item", "w", "each"),
}
_PARAMETER = {
    "k": ("k", "limit", "count"),
    "m": ("m", "upper"),
    "s": ("part", "mark"),
    "r": ("other",),
    "t": ("closing",),
}


def names_in(body: Sequence[Stmt]) -> set[str]:
    """Return every name that statements bind or read."""
    found: set[str] = set()

    def note(expr: Expr) -> Expr:
        if isinstance(expr, Name):
            found.add(expr.name)
        elif isinstance(expr, ir.Comp | ir.Fn):
            found.add(expr.var)
        return expr

    def visit(statements: Sequence[Stmt]) -> None:
        for statement in statements:
            if isinstance(statement, ir.For):
                found.add(statement.var)
            if isinstance(statement, ir.Let | ir.Set | ir.Put | ir.Push):
                found.add(statement.name)
            if isinstance(statement, ir.For | ir.While | ir.When):
                visit(statement.body)
            if isinstance(statement, ir.When):
                visit(statement.otherwise)

    ir.rebuild_body(tuple(body), note)
    visit(body)
    return found


def substituted(values: Mapping[str, Expr]) -> Callable[[Expr], Expr]:
    """Return the change that puts expressions in the place of names."""

    def change(expr: Expr) -> Expr:
        return values.get(expr.name, expr) if isinstance(expr, Name) else expr

    return change


def default_of(kind: Type) -> Lit:
    """Return what stands for nothing in a type."""
    plain: Mapping[Type, ir.Value] = {"int": 0, "str": "", "bool": False, "float": 0.0}
    return Lit(plain.get(kind), kind)


@final
class Builder:
    """Collects the parts of one program.

    Args:
        subject: The type of the first argument.
        rng: Where names come from.
    """

    def __init__(self, subject: Type, rng: random.Random) -> None:
        self.rng = rng
        self.taken: set[str] = set()
        self.helpers: dict[str, ir.Function] = {}
        self.body: list[Stmt] = []
        self.extra: list[tuple[str, Type, Lit]] = []
        self.subject = Name(self.pick(SUBJECTS[subject]), subject)

    def pick(self, names: Sequence[str]) -> str:
        """Return a name that is still free, and take it."""
        free = [name for name in names if name not in self.taken]
        name = (
            self.rng.choice(free)
            if free
            else next(f"{names[0]}{i}" for i in range(2, 99) if f"{names[0]}{i}" not in self.taken)
        )
        self.taken.add(name)
        return name

    def bound(self, expr: Expr) -> Expr:
        """Return an expression that may be read twice: what is more than a name gets one."""
        if isinstance(expr, Name | Lit):
            return expr
        name = self.pick((_BOUND.get(expr.type, "result"),))
        self.body.append(ir.Let(name, expr))
        return Name(name, expr.type)

    def element(self, kind: Type, avoid: Sequence[Expr] = ()) -> Name:
        """Return a variable for one element, unlike every name in some expressions."""
        busy = names_in([ir.Return(expr) for expr in avoid]) | self.taken
        names = _ELEMENT.get(kind, ("row", "each"))
        free = [name for name in names if name not in busy] or [f"{names[0]}{len(busy)}"]
        return Name(free[0], kind)

    def constants(self, prim: Prim) -> dict[str, Lit]:
        """Draw the constants of a primitive."""
        drawn: dict[str, Lit] = {}
        for each in prim.constants:
            value = Lit(self.rng.choice(each.choices), each.type)
            drawn[each.name] = value
        return drawn

    def parameter(self, name: str, value: Lit) -> Name:
        """Make a constant an argument of the program."""
        found = Name(self.pick(_PARAMETER[name]), value.type)
        self.extra.append((found.name, value.type, value))
        return found

    def apply(self, prim: Prim, value: Expr, constants: Mapping[str, Expr]) -> Expr:
        """Return a primitive applied to an expression; one with statements becomes a helper."""
        if prim.is_expression:
            body = prim.expression()
            if ir.uses(body, "x") > 1:
                value = self.bound(value)
            return ir.rebuild(body, substituted({"x": value, **constants}))
        extra = [(name, expr) for name, expr in constants.items() if isinstance(expr, Name)]
        inside = {name: expr for name, expr in constants.items() if isinstance(expr, Lit)}
        statements = ir.rebuild_body(prim.statements(), substituted(inside))
        name = prim.name
        while name in self.taken or (name in self.helpers and self.helpers[name].body != statements):
            name += "_of"
        params = (("x", prim.source), *((each, expr.type) for each, expr in extra))
        self.helpers[name] = renamed(ir.Function(name, params, prim.target, statements))
        return Call(f"fn:{name}", (value, *(expr for _, expr in extra)), prim.target)

    def function(self, name: str, value: Expr, doc: str) -> ir.Program:
        """Return the program that answers an expression.

        A program that only hands its arguments to one helper becomes that helper.
        """
        params = ((self.subject.name, self.subject.type), *((each, kind) for each, kind, _ in self.extra))
        body = (*self.body, ir.Return(value))
        alone = (
            isinstance(value, Call)
            and value.op.startswith("fn:")
            and len(body) == 1
            and len(self.helpers) == 1
        )
        if alone and isinstance(value, Call) and all(isinstance(arg, Name) for arg in value.args):
            (helper,) = self.helpers.values()
            own = names_in(helper.body) - {each for each, _ in helper.params}
            if not own & {each for each, _ in params}:
                change = {
                    old: Name(new, kind) for (old, kind), (new, _) in zip(helper.params, params, strict=True)
                }
                same = ir.rebuild_body(helper.body, substituted(change))
                return ir.Program((ir.Function(name, params, helper.returns, same, doc),))
        while name in self.helpers:
            name += "_all"
        return ir.Program((*self.helpers.values(), ir.Function(name, params, value.type, body, doc)))


def renamed(function: ir.Function) -> ir.Function:
    """Return a helper whose first argument has a name that says its type."""
    busy = names_in(function.body)
    short = {"int": ("number", "value", "num", "amount")}.get(function.params[0][1], ())
    names = [*short, *SUBJECTS.get(function.params[0][1], ("given",)), "given", "argument"]
    new = next(name for name in names if name not in busy)
    kind = function.params[0][1]
    body = ir.rebuild_body(function.body, substituted({"x": Name(new, kind)}))
    return ir.Function(function.name, ((new, kind), *function.params[1:]), function.returns, body)
