"""Says a program of the intermediate form in C, where numbers are answered and texts and lists are only read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.braced import (
    ATOM,
    COMPARE,
    EQUAL,
    PLUS,
    TIMES,
    UNARY,
    Braced,
    never_negative,
    quoted,
)
from agentic_diffusion_code.corpus.errors import UnsayableError

_HEADERS = {
    "stdbool.h": ("bool ", "true", "false"),
    "string.h": ("str",),
    "stdlib.h": ("labs(", "atol("),
    "math.h": ("floor(",),
}


@final
class C(Braced):
    """One C program."""

    language = "c"
    reserved = frozenset(
        [
            "double",
            "char",
            "long",
            "short",
            "int",
            "float",
            "case",
            "auto",
            "register",
            "index",
            "default",
            "main",
            "union",
        ]
    )
    templates: ClassVar[Mapping[str, tuple[str, int]]] = {
        "abs": ("labs([0])", ATOM),
        "trunc": ("(long) {0}", UNARY),
        "float": ("(double) {0}", UNARY),
        "int": ("atol([0])", ATOM),
        "len_str": ("(long) strlen([0])", UNARY),
        "in_str": ("strstr([1], [0]) != NULL", EQUAL),
        "startswith": ("strncmp([0], [1], strlen([1])) == 0", EQUAL),
        "at": ("{0}[[1]]", ATOM),
    }

    def native(self, node: ir.Call) -> bool:
        """Whether an operation is an expression of the language."""
        if node.op in ("abs", "concat", "list"):
            return node.op == "abs" and node.args[0].type == "int"
        return super().native(node) or node.op in (
            "div",
            "mod",
            "floordiv",
            "at_str",
            "len_list",
            "is_empty",
            "ord",
        )

    def file(self, said: str) -> str:
        """Return the file with what it includes."""
        names = [name for name, marks in _HEADERS.items() if any(mark in said for mark in marks)]
        return "\n".join([*(f"#include <{name}>" for name in sorted(names)), said])

    def type_of(self, kind: ir.Type) -> str:
        """Return a type as the language writes it."""
        plain = {"int": "long", "float": "double", "bool": "bool", "str": "const char *"}
        if kind not in plain:
            raise UnsayableError("a list or a dictionary that is made")
        return plain[kind]

    def signature(self, function: ir.Function) -> str:
        """Return the line that begins a function; a list comes with its length."""
        if function.returns not in ("int", "float", "bool"):
            raise UnsayableError("an answer that is no number")
        params: list[str] = []
        for name, kind in function.params:
            if kind.startswith("list["):
                inner = self.type_of(ir.element_of(kind))
                read_only = f"{inner} const *" if inner.endswith("*") else f"const {inner} *"
                params += [f"{read_only}{self.name(name)}", f"long {self.name(name)}_length"]
            elif kind == "str":
                params.append(f"const char *{self.name(name)}")
            else:
                params.append(f"{self.type_of(kind)} {self.name(name)}")
        return f"{self.type_of(function.returns)} {self.name(function.name)}({', '.join(params)}) {{"

    def nothing(self, kind: ir.Type) -> str:
        """Refuse: an empty list would have to live somewhere."""
        raise UnsayableError("a list or a dictionary that is made")

    def let(self, node: ir.Let) -> str:
        """Return a new variable; texts that are made have nowhere to live."""
        if node.value.type not in ("int", "float", "bool"):
            raise UnsayableError("a text or a list that is made")
        return super().let(node)

    def compared(self, node: ir.Call) -> tuple[str, int] | None:
        """Return a comparison of texts."""
        first, second = node.args
        if node.op == "concat":
            raise UnsayableError("a text that is made")
        if first.type != "str":
            if first.type.startswith(("list", "dict")):
                raise UnsayableError("a comparison of lists")
            return None
        sign = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}[node.op]
        level = EQUAL if node.op in ("eq", "ne") else COMPARE
        return f"strcmp({self.expr(first)}, {self.expr(second)}) {sign} 0", level

    def call(self, node: ir.Call) -> tuple[str, int]:  # noqa: C901  one branch for each form
        """Return an operation."""
        op, args = node.op, node.args
        if op in ("len_list", "is_empty") and args[0].type.startswith("list"):
            if not isinstance(args[0], ir.Name):
                raise UnsayableError("a list that is made")
            size = f"{self.name(args[0].name)}_length"
            return (f"{size} == 0", EQUAL) if op == "is_empty" else (size, ATOM)
        if op == "is_empty":
            return f"{self.expr(args[0], ATOM)}[0] == 0", EQUAL
        if op == "ord":
            return f"{self.expr(args[0], ATOM)}[0]", ATOM
        if op == "at_str":
            return f"(char[2]) {{{self.expr(args[0], ATOM)}[{self.expr(args[1])}], 0}}", UNARY
        if op == "div":
            return f"(double) {self.expr(args[0], UNARY)} / {self.expr(args[1], UNARY)}", TIMES
        if op == "floordiv":
            first, second = self.expr(args[0], UNARY), self.expr(args[1], UNARY)
            if never_negative(args[0]):
                return f"{self.expr(args[0], TIMES)} / {second}", TIMES
            return f"(long) floor((double) {first} / {second})", UNARY
        if op == "mod":
            first, second = self.expr(args[0], TIMES), self.expr(args[1], UNARY)
            if never_negative(args[0]):
                return f"{first} % {second}", TIMES
            return f"({first} % {second} + {second}) % {second}", TIMES
        if op.startswith("fn:"):
            return f"{self.name(op[3:])}({', '.join(self.both(arg) for arg in args)})", ATOM
        return super().call(node)

    def both(self, node: ir.Expr) -> str:
        """Return an argument of a function of the program: a list goes with its length."""
        if not node.type.startswith(("list", "dict")):
            return self.expr(node)
        if not isinstance(node, ir.Name):
            raise UnsayableError("a list that is made")
        return f"{self.name(node.name)}, {self.name(node.name)}_length"

    def loop(self, node: ir.For, depth: int) -> list[str]:
        """Return a loop."""
        pad, var, source = self.unit * depth, self.name(node.var), node.source
        more: list[str] = []
        if isinstance(source, ir.Call) and source.op == "range":
            first = self.expr(source.args[0]) if len(source.args) == 2 else "0"
            head = f"for (long {var} = {first}; {var} < {self.expr(source.args[-1], PLUS)}; {var}++) {{"
        elif not isinstance(source, ir.Name):
            raise UnsayableError("a list that is made")
        elif source.type == "str":
            text = self.name(source.name)
            head = f"for (long {var}_at = 0; {text}[{var}_at] != 0; {var}_at++) {{"
            more = [f"{pad}{self.unit}const char {var}[2] = {{{text}[{var}_at], 0}};"]
        elif source.type.startswith("list"):
            items, kind = self.name(source.name), ir.element_of(source.type)
            head = f"for (long {var}_at = 0; {var}_at < {items}_length; {var}_at++) {{"
            said = f"const char *{var}" if kind == "str" else f"{self.type_of(kind)} {var}"
            more = [f"{pad}{self.unit}{said} = {items}[{var}_at];"]
        else:
            raise UnsayableError("the order of a dictionary")
        return [f"{pad}{head}", *more, *self.body(node.body, depth + 1), f"{pad}}}"]

    def put(self, node: ir.Put) -> str:
        """Refuse: what is given is only read."""
        raise UnsayableError("a list that is changed")

    def push(self, node: ir.Push) -> str:
        """Refuse: what is given is only read."""
        raise UnsayableError("a list that is made")

    def fail(self, message: str) -> str:
        """Refuse: there is no way to refuse that callers agree on."""
        raise UnsayableError(f"a refusal ({quoted(message)})")
