"""The typed intermediate form: programs small enough to be said in seven languages.

Types are short texts, written as Python writes them: `int`, `float`, `bool`, `str`, `list[int]`,
`dict[str, int]`. Expressions know their type; operations are named, and each renderer says each
name in its own way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

Type: TypeAlias = str
Value: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Lit:
    """A constant, or an empty list or dictionary (value None)."""

    value: Value
    type: Type


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Call:
    """An operation, or a function of the program (`fn:` and its name), with its arguments."""

    op: str
    args: tuple[Expr, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Fn:
    """A function of one element, for sorting by it."""

    var: str
    var_type: Type
    body: Expr
    type: Type


@dataclass(frozen=True, slots=True)
class Comp:
    """The list of `element` for each `var` in `source` for which `cond` holds."""

    element: Expr
    var: str
    source: Expr
    cond: Expr | None
    type: Type


@dataclass(frozen=True, slots=True)
class Choose:
    """One of two values."""

    test: Expr
    yes: Expr
    no: Expr
    type: Type


Expr: TypeAlias = Lit | Name | Call | Fn | Comp | Choose


Change: TypeAlias = Callable[[Expr], Expr]
"""What is done to each part of an expression."""


@dataclass(frozen=True, slots=True)
class Let:
    """A new variable."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Set:
    """A new value for a variable."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Put:
    """A value at a place of a list or under a key of a dictionary."""

    name: str
    type: Type
    key: Expr
    value: Expr


@dataclass(frozen=True, slots=True)
class Push:
    """A value at the end of a list; `key` names the list inside a dictionary of lists."""

    name: str
    type: Type
    value: Expr
    key: Expr | None = None


@dataclass(frozen=True, slots=True)
class For:
    """A loop over the elements of a list, the characters of a text, or a range."""

    var: str
    source: Expr
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class While:
    """A loop while something holds."""

    test: Expr
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class When:
    """A branch."""

    test: Expr
    body: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...] = ()


@dataclass(frozen=True, slots=True)
class Return:
    """The answer."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Fail:
    """A refusal: a ValueError in Python, and what is usual elsewhere."""

    message: str


@dataclass(frozen=True, slots=True)
class Break:
    """The end of the innermost loop."""


Stmt: TypeAlias = Let | Set | Put | Push | For | While | When | Return | Fail | Break


@dataclass(frozen=True, slots=True)
class Function:
    """One function."""

    name: str
    params: tuple[tuple[str, Type], ...]
    returns: Type
    body: tuple[Stmt, ...]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """Helpers, and last the function that is asked for."""

    functions: tuple[Function, ...]

    @property
    def entry(self) -> Function:
        """The function that is asked for."""
        return self.functions[-1]


@cache
def element_of(kind: Type) -> Type:
    """Return the type of what is inside a list, a text, or the keys of a dictionary."""
    if kind == "str":
        return "str"
    if kind.startswith("list["):
        return kind[5:-1]
    return kind[5:-1].split(", ", 1)[0]


@cache
def value_of(kind: Type) -> Type:
    """Return the type of the values of a dictionary."""
    return kind[5:-1].split(", ", 1)[1]


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Return an expression with every part of it, inside first, passed through `change`."""
    if isinstance(expr, Call):
        args = tuple(rebuild(arg, change) for arg in expr.args)
        expr = Call(expr.op, args, expr.type)
    elif isinstance(expr, Fn):
        expr = Fn(expr.var, expr.var_type, rebuild(expr.body, change), expr.type)
    elif isinstance(expr, Comp):
        cond = None if expr.cond is None else rebuild(expr.cond, change)
        source = rebuild(expr.source, change)
        expr = Comp(rebuild(expr.element, change), expr.var, source, cond, expr.type)
    elif isinstance(expr, Choose):
        test, yes, no = (rebuild(part, change) for part in (expr.test, expr.yes, expr.no))
        expr = Choose(test, yes, no, expr.type)
    return change(expr)


def rebuild_body(body: tuple[Stmt, ...], change: Callable[[Expr], Expr]) -> tuple[Stmt, ...]:
    """Return statements with every expression in them passed through `change`."""
    return tuple(_rebuild_statement(statement, change) for statement in body)


def _rebuild_statement(statement: Stmt, change: Callable[[Expr], Expr]) -> Stmt:
    def of(expr: Expr) -> Expr:
        return rebuild(expr, change)

    if isinstance(statement, Let | Set):
        return type(statement)(statement.name, of(statement.value))
    if isinstance(statement, Put):
        return Put(statement.name, statement.type, of(statement.key), of(statement.value))
    if isinstance(statement, Push):
        key = None if statement.key is None else of(statement.key)
        return Push(statement.name, statement.type, of(statement.value), key)
    if isinstance(statement, For):
        return For(statement.var, of(statement.source), rebuild_body(statement.body, change))
    if isinstance(statement, While):
        return While(of(statement.test), rebuild_body(statement.body, change))
    if isinstance(statement, When):
        yes, no = (rebuild_body(part, change) for part in (statement.body, statement.otherwise))
        return When(of(statement.test), yes, no)
    if isinstance(statement, Return):
        return Return(of(statement.value))
    return statement


def uses(expr: Expr, name: str) -> int:
    """Return how often a variable is read in an expression; a loop over it counts twice."""
    if isinstance(expr, Name):
        return int(expr.name == name)
    if isinstance(expr, Call):
        return sum(uses(arg, name) for arg in expr.args)
    if isinstance(expr, Fn):
        return 2 * uses(expr.body, name)
    if isinstance(expr, Comp):
        inside = uses(expr.element, name) + (uses(expr.cond, name) if expr.cond else 0)
        return uses(expr.source, name) + 2 * inside
    if isinstance(expr, Choose):
        return uses(expr.test, name) + uses(expr.yes, name) + uses(expr.no, name)
    return 0


def divides(expr: Expr) -> bool:
    """Say whether an expression divides first, so that it needs brackets behind a product: `a * (b // c * d)`."""
    if not isinstance(expr, Call):
        return False
    return expr.op in ("floordiv", "mod", "div", "repeat") or (expr.op == "mul" and divides(expr.args[0]))
