"""What typed languages with braces have in common: how statements, operators and templates of operations are said."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.canonical import canonical
from agentic_diffusion_code.corpus.errors import UnsayableError
from agentic_diffusion_code.corpus.lower import lower

ATOM, UNARY, TIMES, PLUS, COMPARE, EQUAL, AND, OR, CHOICE = 20, 15, 12, 11, 9, 8, 4, 3, 2
INFIX = {
    "add": ("+", PLUS),
    "sub": ("-", PLUS),
    "mul": ("*", TIMES),
    "lt": ("<", COMPARE),
    "le": ("<=", COMPARE),
    "gt": (">", COMPARE),
    "ge": (">=", COMPARE),
    "eq": ("==", EQUAL),
    "ne": ("!=", EQUAL),
    "and": ("&&", AND),
    "or": ("||", OR),
}
_SLOT = re.compile(r"\{(\d)\}|\[(\d)\]|<(\d)>|#(\d)")
_NEVER_NEGATIVE = frozenset({"abs", "len_str", "len_list", "len_dict", "ord", "count", "count_list"})
_COMPARES = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})


class Braced(ABC):
    """Says one program; a language gives its templates, types and the forms that are its own.

    In a template `{0}` is an argument before a point, `[0]` one between commas, `<0>` one that is only looked at, and
    `#0` one that is an index.
    """

    language: ClassVar[str] = ""
    templates: ClassVar[Mapping[str, tuple[str, int]]] = {}
    reserved: ClassVar[frozenset[str]] = frozenset()
    ternary: ClassVar[bool] = True
    end: ClassVar[str] = ";"
    unit: ClassVar[str] = "    "

    def __init__(self) -> None:
        self.extras: dict[str, str] = {}
        self.needs: set[str] = set()
        self.changed: set[str] = set()

    def render(self, program: ir.Program) -> str:
        """Return the text of a program.

        Raises:
            UnsayableError: When an operation has no plain form in the language.
        """
        lowered = lower(program, self.native, ternary=self.ternary)
        said = "".join(self.function(function) for function in lowered.functions)
        return canonical(self.file(said), self.language)

    @abstractmethod
    def file(self, said: str) -> str:
        """Return functions with what stands around them."""

    def native(self, node: ir.Call) -> bool:
        """Whether an operation is an expression of the language."""
        return node.op in self.templates or node.op in INFIX or node.op in ("concat", "not", "neg", "list")

    @abstractmethod
    def type_of(self, kind: ir.Type) -> str:
        """Return a type as the language writes it."""

    @abstractmethod
    def signature(self, function: ir.Function) -> str:
        """Return the line that begins a function."""

    def declared(self, function: ir.Function) -> str:
        """Return the line that begins a function, in its canonical form."""
        return canonical(self.signature(function), self.language).strip()

    def name(self, name: str) -> str:
        """Return a name as the language writes it."""
        return f"{name}_" if name in self.reserved else name

    def function(self, function: ir.Function) -> str:
        """Return one function."""
        self.changed = _changed(function.body)
        lines = [self.signature(function), *self.opening(function), *self.body(function.body, 1), "}"]
        return "\n".join(lines) + "\n"

    def opening(self, function: ir.Function) -> list[str]:
        """Return lines that come before the first statement."""
        return []

    def body(self, body: Sequence[ir.Stmt], depth: int) -> list[str]:
        """Return the lines of statements."""
        return [line for statement in body for line in self.statement(statement, depth)]

    def statement(self, node: ir.Stmt, depth: int) -> list[str]:
        """Return the lines of one statement."""
        pad = self.unit * depth
        if isinstance(node, ir.For):
            return self.loop(node, depth)
        if isinstance(node, ir.While):
            return [f"{pad}{self.turns(node.test)} {{", *self.body(node.body, depth + 1), f"{pad}}}"]
        if isinstance(node, ir.When):
            return self.when(node, depth)
        return [f"{pad}{self.simple(node)}{self.end}"]

    def simple(self, node: ir.Stmt) -> str:
        """Return a statement of one line, without its end."""
        if isinstance(node, ir.Return):
            return f"return {self.expr(node.value)}"
        if isinstance(node, ir.Let):
            return self.let(node)
        if isinstance(node, ir.Set):
            return self.assign(node)
        if isinstance(node, ir.Put):
            return self.put(node)
        if isinstance(node, ir.Push):
            return self.push(node)
        if isinstance(node, ir.Fail):
            return self.fail(node.message)
        return "break"

    def turns(self, test: ir.Expr) -> str:
        """Return the head of a loop while something holds."""
        return f"while ({self.expr(test)})"

    def test(self, test: ir.Expr) -> str:
        """Return the head of a branch."""
        return f"if ({self.expr(test)})"

    def when(self, node: ir.When, depth: int) -> list[str]:
        """Return a branch."""
        pad = self.unit * depth
        lines = [f"{pad}{self.test(node.test)} {{", *self.body(node.body, depth + 1)]
        other = node.otherwise
        if len(other) == 1 and isinstance(other[0], ir.When):
            rest = self.when(other[0], depth)
            return [*lines, f"{pad}}} else {rest[0].strip()}", *rest[1:]]
        if other:
            lines += [f"{pad}}} else {{", *self.body(other, depth + 1)]
        return [*lines, f"{pad}}}"]

    @abstractmethod
    def loop(self, node: ir.For, depth: int) -> list[str]:
        """Return a loop."""

    def let(self, node: ir.Let) -> str:
        """Return a new variable."""
        return f"{self.type_of(node.value.type)} {self.name(node.name)} = {self.expr(node.value)}"

    def assign(self, node: ir.Set) -> str:
        """Return a new value of a variable."""
        name, value = self.name(node.name), node.value
        if isinstance(value, ir.Call) and value.op in ("add", "sub", "mul"):
            first, second = value.args
            if isinstance(first, ir.Name) and first.name == node.name:
                return f"{name} {INFIX[value.op][0]}= {self.expr(second)}"
        return f"{name} = {self.expr(value)}"

    @abstractmethod
    def put(self, node: ir.Put) -> str:
        """Return a value that is put at a place."""

    @abstractmethod
    def push(self, node: ir.Push) -> str:
        """Return a value that is put at the end."""

    @abstractmethod
    def fail(self, message: str) -> str:
        """Return a refusal."""

    def expr(self, node: ir.Expr, need: int = 0) -> str:
        """Return an expression, in brackets where it binds less than `need`."""
        text, level = self.parts(node)
        return f"({text})" if level < need else text

    def parts(self, node: ir.Expr) -> tuple[str, int]:
        """Return an expression and how tightly it binds."""
        if isinstance(node, ir.Lit):
            return self.literal(node)
        if isinstance(node, ir.Name):
            return self.name(node.name), ATOM
        if isinstance(node, ir.Choose):
            return self.choice(node)
        if isinstance(node, ir.Call):
            return self.call(node)
        raise UnsayableError("a function outside an ordering")

    def choice(self, node: ir.Choose) -> tuple[str, int]:
        """Return one of two values."""
        test, yes, no = self.expr(node.test, OR), self.expr(node.yes, OR), self.expr(node.no, CHOICE)
        return f"{test} ? {yes} : {no}", CHOICE

    def literal(self, node: ir.Lit) -> tuple[str, int]:
        """Return a constant."""
        if isinstance(node.value, bool):
            return ("true" if node.value else "false"), ATOM
        if isinstance(node.value, str):
            return quoted(node.value), ATOM
        if node.value is None:
            return self.nothing(node.type), ATOM
        return repr(node.value), UNARY if node.value < 0 else ATOM

    @abstractmethod
    def nothing(self, kind: ir.Type) -> str:
        """Return an empty list or dictionary."""

    def call(self, node: ir.Call) -> tuple[str, int]:
        """Return an operation."""
        op, args = node.op, node.args
        if op in ("eq", "ne") and (even := _divides(args)) is not None:
            first, second = even
            sign, level = INFIX[op]
            return (
                f"{self.expr(first, TIMES)} % {self.expr(second, UNARY)} {sign} {self.expr(args[1])}",
                level,
            )
        if op in ("not", "neg"):
            return f"{'!' if op == 'not' else '-'}{self.expr(args[0], UNARY + (op == 'neg'))}", UNARY
        if op in ("concat", *_COMPARES) and (special := self.compared(node)) is not None:
            return special
        if op in INFIX:
            return self.infix(op, args)
        if op.startswith("fn:"):
            return f"{self.name(op[3:])}({', '.join(self.given(arg) for arg in args)})", ATOM
        template = self.templates.get(op)
        if template is None:
            raise UnsayableError(op)
        return self.filled(template[0], args), template[1]

    def compared(self, node: ir.Call) -> tuple[str, int] | None:
        """Return a comparison or a joining of texts where it is not an operator between two values."""
        return None

    def infix(self, op: str, args: Sequence[ir.Expr]) -> tuple[str, int]:
        """Return an operator between its arguments."""
        sign, level = INFIX[op]
        tight = op not in ("add", "mul", "and", "or") or (op == "mul" and ir.divides(args[1]))
        return f"{self.expr(args[0], level + (op == 'or'))} {sign} {self.expr(args[1], level + tight)}", level

    def filled(self, template: str, args: Sequence[ir.Expr]) -> str:
        """Return a template with its arguments."""

        def slot(found: re.Match[str]) -> str:
            dotted, plain, seen, index = found.groups()
            node = args[int(dotted or plain or seen or index)]
            if dotted:
                return self.dotted(node)
            if index:
                return self.index(node)
            return self.seen(node) if seen else self.given(node)

        return _SLOT.sub(slot, template)

    def dotted(self, node: ir.Expr) -> str:
        """Return an argument that a point follows."""
        return self.expr(node, ATOM)

    def given(self, node: ir.Expr) -> str:
        """Return an argument that is handed over."""
        return self.expr(node)

    def seen(self, node: ir.Expr) -> str:
        """Return an argument that is only looked at."""
        return self.expr(node)

    def index(self, node: ir.Expr) -> str:
        """Return an argument that says a place."""
        return self.expr(node)


def never_negative(node: ir.Expr) -> bool:
    """Whether a number cannot lie below zero, so that every language agrees on what remains of it."""
    return isinstance(node, ir.Call) and node.op in _NEVER_NEGATIVE


def _divides(args: Sequence[ir.Expr]) -> tuple[ir.Expr, ...] | None:
    """Return both sides of a remainder that is compared with nothing: there every language agrees."""
    first = args[0]
    if isinstance(first, ir.Call) and first.op == "mod" and args[1] == ir.Lit(0, "int"):
        return first.args
    return None


def quoted(text: str) -> str:
    """Return a text in quotes."""
    if "??" in text:
        raise UnsayableError("what C takes for another sign")
    if not text.isascii() or not all(letter.isprintable() or letter in "\n\t" for letter in text):
        raise UnsayableError("a text beyond ASCII")
    return json.dumps(text)


def pascal(name: str) -> str:
    """Return a name in one word that begins small: `is_even` becomes `isEven`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _changed(body: Sequence[ir.Stmt]) -> set[str]:
    found: set[str] = set()
    for node in body:
        if isinstance(node, ir.Set | ir.Put | ir.Push):
            found.add(node.name)
        if isinstance(node, ir.For | ir.While | ir.When):
            found |= _changed(node.body)
        if isinstance(node, ir.When):
            found |= _changed(node.otherwise)
    return found
