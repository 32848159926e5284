"""Says a program of the intermediate form in JavaScript, or with types in TypeScript."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import final

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.errors import UnsayableError

ATOM, UNARY, TIMES, PLUS, COMPARE, EQUAL, AND, OR, CHOICE = 20, 15, 12, 11, 9, 8, 4, 3, 2
_INFIX = {
    "add": ("+", PLUS),
    "sub": ("-", PLUS),
    "concat": ("+", PLUS),
    "mul": ("*", TIMES),
    "div": ("/", TIMES),
    "lt": ("<", COMPARE),
    "le": ("<=", COMPARE),
    "gt": (">", COMPARE),
    "ge": (">=", COMPARE),
    "eq": ("===", EQUAL),
    "ne": ("!==", EQUAL),
    "and": ("&&", AND),
    "or": ("||", OR),
}
# {0} stands before a point or an index, [0] inside brackets or between commas
_ATOMS = {
    "is_empty": "{0}.length === 0",
    "len_str": "{0}.length",
    "len_list": "{0}.length",
    "len_dict": "{0}.size",
    "pow": "Math.pow([0], [1])",
    "abs": "Math.abs([0])",
    "max2": "Math.max([0], [1])",
    "min2": "Math.min([0], [1])",
    "trunc": "Math.trunc([0])",
    "str": "String([0])",
    "int": "parseInt([0], 10)",
    "ord": "{0}.charCodeAt(0)",
    "chr": "String.fromCharCode([0])",
    "repeat": "{0}.repeat([1])",
    "extend": "{0}.concat([1])",
    "in_str": "{1}.includes([0])",
    "in_list": "{1}.includes([0])",
    "in_dict": "{1}.has([0])",
    "reverse": "{0}.slice().reverse()",
    "reverse_str": '{0}.split("").reverse().join("")',
    "unique": "Array.from(new Set([0]))",
    "values": "Array.from({0}.values())",
    "lookup": "{0}.get([1])",
    "at": "{0}[[1]]",
    "at_str": "{0}[[1]]",
    "take": "{0}.slice(0, [1])",
    "take_str": "{0}.slice(0, [1])",
    "drop": "{0}.slice([1])",
    "drop_str": "{0}.slice([1])",
    "slice": "{0}.slice([1], [2])",
    "slice_str": "{0}.slice([1], [2])",
    "every": "{0}.filter((_, i) => i % [1] === 0)",
    "every_str": '{0}.split("").filter((_, i) => i % [1] === 0).join("")',
    "index": "{0}.indexOf([1])",
    "upper": "{0}.toUpperCase()",
    "lower": "{0}.toLowerCase()",
    "strip": "{0}.trim()",
    "lstrip": "{0}.trimStart()",
    "rstrip": "{0}.trimEnd()",
    "replace": "{0}.split([1]).join([2])",
    "split_on": "{0}.split([1])",
    "split": '{0}.split(/[ \\t\\n]+/).filter((part) => part !== "")',
    "join": "{1}.join([0])",
    "startswith": "{0}.startsWith([1])",
    "endswith": "{0}.endsWith([1])",
    "find": "{0}.indexOf([1])",
    "isdigit": "/^[0-9]+$/.test([0])",
    "isalpha": "/^[A-Za-z]+$/.test([0])",
    "isalnum": "/^[A-Za-z0-9]+$/.test([0])",
    "isspace": "/^[ \\t\\n]+$/.test([0])",
    "islower": "/^[^A-Z]*[a-z][^A-Z]*$/.test([0])",
    "isupper": "/^[^a-z]*[A-Z][^a-z]*$/.test([0])",
    "zfill": '{0}.padStart([1], "0")',
    "rjust": "{0}.padStart([1], [2])",
    "ljust": "{0}.padEnd([1], [2])",
    "max": "Math.max(...[0])",
    "min": "Math.min(...[0])",
    "any": "{0}.some((each) => each)",
    "all": "{0}.every((each) => each)",
}
_SLOT = re.compile(r"\{(\d)\}|\[(\d)\]")
_TWICE = {
    "last": "{0}[{0}.length - 1]",
    "last_str": "{0}[{0}.length - 1]",
    "capitalize": "{0}.slice(0, 1).toUpperCase() + {0}.slice(1).toLowerCase()",
    "removeprefix": "{0}.startsWith([1]) ? {0}.slice({1}.length) : {0}",
    "removesuffix": "{0}.endsWith([1]) ? {0}.slice(0, {0}.length - {1}.length) : {0}",
}
_NEVER_NEGATIVE = frozenset({"abs", "len_str", "len_list", "len_dict", "sum_of", "count"})
_LEVELS = {"is_empty": EQUAL, "capitalize": PLUS, "removeprefix": CHOICE, "removesuffix": CHOICE}


@final
class Renderer:
    """Says programs in one of the two.

    Args:
        typed: Whether types are written: TypeScript.
    """

    def __init__(self, *, typed: bool) -> None:
        self._typed = typed

    def render(self, program: ir.Program) -> str:
        """Return the text of a program.

        Raises:
            UnsayableError: When an argument is a dictionary, which callers pass in more than one form, or
                when an operation has no plain form.
        """
        if any(kind.startswith("dict") for _, kind in program.entry.params):
            raise UnsayableError("a dictionary as an argument")
        return "".join(self._function(function) for function in program.functions)

    def signature(self, function: ir.Function) -> str:
        """Return the line that begins a function."""
        names = [
            camel(name) + (f": {type_of(kind)}" if self._typed else "") for name, kind in function.params
        ]
        returns = f": {type_of(function.returns)}" if self._typed else ""
        return f"function {camel(function.name)}({', '.join(names)}){returns} {{"

    def _function(self, function: ir.Function) -> str:
        changed = _changed(function.body)
        head = [self.signature(function)]
        lines = [*head, *self._body(function.body, 1, changed), "}"]
        return "\n".join(lines) + "\n"

    def _body(self, body: Sequence[ir.Stmt], depth: int, changed: set[str]) -> list[str]:
        return [line for statement in body for line in self._statement(statement, depth, changed)]

    def _statement(self, node: ir.Stmt, depth: int, changed: set[str]) -> list[str]:
        pad = "  " * depth
        if isinstance(node, ir.Return):
            return [f"{pad}return {self.expr(node.value)};"]
        if isinstance(node, ir.Let):
            word = "let" if node.name in changed else "const"
            kind = ""
            if self._typed and isinstance(node.value, ir.Lit) and node.value.value is None:
                kind = f": {type_of(node.value.type)}"
            return [f"{pad}{word} {camel(node.name)}{kind} = {self.expr(node.value)};"]
        if isinstance(node, ir.Set):
            return [f"{pad}{self._assign(node)};"]
        if isinstance(node, ir.Put):
            name, key, value = camel(node.name), self.expr(node.key), self.expr(node.value)
            return [
                f"{pad}{name}.set({key}, {value});"
                if node.type.startswith("dict")
                else f"{pad}{name}[{key}] = {value};"
            ]
        if isinstance(node, ir.Push):
            return self._push(node, pad)
        if isinstance(node, ir.Fail):
            return [f"{pad}throw new Error({json.dumps(node.message)});"]
        if isinstance(node, ir.Break):
            return [f"{pad}break;"]
        if isinstance(node, ir.When):
            return self._when(node, depth, changed)
        head = f"while ({self.expr(node.test)})" if isinstance(node, ir.While) else self._for(node)
        return [f"{pad}{head} {{", *self._body(node.body, depth + 1, changed), f"{pad}}}"]

    def _push(self, node: ir.Push, pad: str) -> list[str]:
        name, value = camel(node.name), self.expr(node.value)
        if node.key is None:
            return [f"{pad}{name}.push({value});"]
        key = self.expr(node.key)
        return [f"{pad}{name}.set({key}, ({name}.get({key}) ?? []).concat([{value}]));"]

    def _for(self, node: ir.For) -> str:
        var, source = camel(node.var), node.source
        if isinstance(source, ir.Call) and source.op == "range":
            first = self.expr(source.args[0]) if len(source.args) == 2 else "0"
            return f"for (let {var} = {first}; {var} < {self.expr(source.args[-1], PLUS)}; {var}++)"
        return f"for (const {var} of {self.expr(source)})"

    def _when(self, node: ir.When, depth: int, changed: set[str]) -> list[str]:
        pad = "  " * depth
        lines = [f"{pad}if ({self.expr(node.test)}) {{", *self._body(node.body, depth + 1, changed)]
        other = node.otherwise
        if len(other) == 1 and isinstance(other[0], ir.When):
            rest = self._when(other[0], depth, changed)
            return [*lines, f"{pad}}} else {rest[0].strip()}", *rest[1:]]
        if other:
            lines += [f"{pad}}} else {{", *self._body(other, depth + 1, changed)]
        return [*lines, f"{pad}}}"]

    def _assign(self, node: ir.Set) -> str:
        name, value = camel(node.name), node.value
        if isinstance(value, ir.Call) and value.op in ("add", "sub", "mul", "concat"):
            first, second = value.args
            if isinstance(first, ir.Name) and first.name == node.name:
                return f"{name} {_INFIX[value.op][0]}= {self.expr(second)}"
        return f"{name} = {self.expr(value)}"

    def expr(self, node: ir.Expr, need: int = 0) -> str:
        """Return an expression, in brackets where it binds less than `need`."""
        text, level = self._expr(node)
        return f"({text})" if level < need else text

    def _expr(self, node: ir.Expr) -> tuple[str, int]:
        if isinstance(node, ir.Lit):
            return _literal(node)
        if isinstance(node, ir.Name):
            return camel(node.name), ATOM
        if isinstance(node, ir.Choose):
            test, yes, no = self.expr(node.test, OR), self.expr(node.yes, OR), self.expr(node.no, CHOICE)
            return f"{test} ? {yes} : {no}", CHOICE
        if isinstance(node, ir.Comp):
            return self._comp(node), ATOM
        if isinstance(node, ir.Fn):
            raise UnsayableError("a function outside an ordering")
        return self._call(node)

    def _comp(self, node: ir.Comp) -> str:
        if node.source.type == "str":
            source = f'{self.expr(node.source, ATOM)}.split("")'
        else:
            source = self.expr(node.source, ATOM)
        var = camel(node.var)
        if node.cond is not None:
            source += f".filter(({var}) => {self.expr(node.cond)})"
        same = isinstance(node.element, ir.Name) and node.element.name == node.var
        return source if same else f"{source}.map(({var}) => {self.expr(node.element)})"

    def _call(self, node: ir.Call) -> tuple[str, int]:  # noqa: C901  one branch for each form
        op, args = node.op, node.args
        if op in ("eq", "ne") and args[0].type.startswith(("list", "dict")):
            return (
                f"JSON.stringify({self.expr(args[0])}) {_INFIX[op][0]} JSON.stringify({self.expr(args[1])})",
                EQUAL,
            )
        if op in _INFIX:
            sign, level = _INFIX[op]
            if op in ("eq", "ne") and _is_remainder(args[0]) and args[1] == ir.Lit(0, "int"):
                assert isinstance(args[0], ir.Call)
                first, second = args[0].args
                return f"{self.expr(first, TIMES)} % {self.expr(second, UNARY)} {sign} 0", level
            tight = op not in ("add", "concat", "mul", "and", "or") or ir.divides(args[1])
            return (
                f"{self.expr(args[0], level + (op == 'or'))} {sign} {self.expr(args[1], level + tight)}",
                level,
            )
        if op in ("mod", "floordiv"):
            return self._divided(op, args)
        if op in ("not", "neg"):
            return f"{'!' if op == 'not' else '-'}{self.expr(args[0], UNARY + (op == 'neg'))}", UNARY
        if op == "list":
            return f"[{', '.join(self.expr(arg) for arg in args)}]", ATOM
        if op in ("sum", "any", "all"):
            return self._reduced(op, args[0])
        if op.startswith("fn:"):
            return f"{camel(op[3:])}({', '.join(self.expr(arg) for arg in args)})", ATOM
        if op == "get":
            return f"{self.expr(args[0], ATOM)}.get({self.expr(args[1])}) ?? {self.expr(args[2], UNARY)}", 3
        if op == "lookup" and self._typed:
            return f"({self.expr(args[0], ATOM)}.get({self.expr(args[1])}) as {type_of(node.type)})", ATOM
        if op in ("range", "count", "count_list"):
            return self._counted(op, args), ATOM if op == "range" else PLUS
        if op.startswith(("sort", "max_by", "min_by")):
            return self._ordered(op, args), ATOM
        if op in ("max", "min") and node.type != "int":
            pick = ">" if op == "max" else "<"
            return f"{self.expr(args[0], ATOM)}.reduce((a, b) => (b {pick} a ? b : a))", ATOM
        if op == "is_empty" and args[0].type.startswith("dict"):
            return f"{self.expr(args[0], ATOM)}.size === 0", EQUAL
        return self._template(op, args)

    def _template(self, op: str, args: tuple[ir.Expr, ...]) -> tuple[str, int]:
        template = _ATOMS.get(op) or _TWICE.get(op)
        if op in ("last", "last_str") and not isinstance(args[0], ir.Name):
            return f"{self.expr(args[0], ATOM)}.slice(-1){'[0]' if op == 'last' else ''}", ATOM
        if template is None or (op in _TWICE and not isinstance(args[0], ir.Name)):
            raise UnsayableError(op)
        if op in ("every", "every_str"):
            _apart(args[1], "i")
        said = _SLOT.sub(lambda slot: self._slot(slot, args), template)
        return said, _LEVELS.get(op, ATOM)

    def _slot(self, slot: re.Match[str], args: tuple[ir.Expr, ...]) -> str:
        index = int(slot.group(1) or slot.group(2))
        return self.expr(args[index], ATOM if slot.group(1) else 0)

    def _divided(self, op: str, args: tuple[ir.Expr, ...]) -> tuple[str, int]:
        first, second = self.expr(args[0], TIMES), self.expr(args[1], UNARY)
        if op == "floordiv":
            return f"Math.floor({first} / {second})", ATOM
        if isinstance(args[0], ir.Call) and args[0].op in _NEVER_NEGATIVE:
            return f"{first} % {second}", TIMES
        return f"(({first} % {second}) + {second}) % {second}", TIMES

    def _reduced(self, op: str, arg: ir.Expr) -> tuple[str, int]:
        if op == "sum":
            one = isinstance(arg, ir.Comp) and arg.cond is not None and arg.element == ir.Lit(1, "int")
            if one and isinstance(arg, ir.Comp):
                only = ir.Comp(ir.Name(arg.var, "int"), arg.var, arg.source, arg.cond, arg.source.type)
                return f"{self._comp(only)}.length", ATOM
            return f"{self.expr(arg, ATOM)}.reduce((a, b) => a + b, 0)", ATOM
        if isinstance(arg, ir.Comp) and arg.cond is None:
            split = '.split("")' if arg.source.type == "str" else ""
            test = f"(({camel(arg.var)}) => {self.expr(arg.element)})"
            return f"{self.expr(arg.source, ATOM)}{split}.{'some' if op == 'any' else 'every'}{test}", ATOM
        return self._template(op, (arg,))

    def _counted(self, op: str, args: tuple[ir.Expr, ...]) -> str:
        first = self.expr(args[0], ATOM)
        if op == "count":
            return f"{first}.split({self.expr(args[1])}).length - 1"
        if op == "count_list":
            _apart(args[1], "other")
            return f"{first}.filter((other) => other === {self.expr(args[1], EQUAL)}).length"
        if len(args) == 1:
            return f"Array.from({{ length: Math.max(0, {self.expr(args[0])}) }}, (_, i) => i)"
        _apart(args[0], "i")
        start, stop = self.expr(args[0], PLUS), self.expr(args[1], PLUS)
        return f"Array.from({{ length: Math.max(0, {stop} - {self.expr(args[0], PLUS + 1)}) }}, (_, i) => i + {start})"

    def _ordered(self, op: str, args: tuple[ir.Expr, ...]) -> str:
        source = self.expr(args[0], ATOM)
        if op == "sorted_keys":
            return f"Array.from({source}.keys()).sort()"
        if op in ("sorted", "sorted_desc"):
            source += '.split("")' if args[0].type == "str" else ".slice()"
            return f"{source}.sort(({'b, a' if op == 'sorted_desc' else 'a, b'}) => {_compare(args[0].type)})"
        key = args[1]
        assert isinstance(key, ir.Fn)
        _apart(key.body, *({"a", "b"} - {key.var}))
        of = {name: ir.rebuild(key.body, _renaming(key.var, name, key.var_type)) for name in ("a", "b")}
        a, b = self.expr(of["a"], PLUS + 1), self.expr(of["b"], PLUS + 1)
        if op.startswith("sort_by"):
            less = f"{a} - {b}" if key.type == "int" else f"{a} < {b} ? -1 : {a} > {b} ? 1 : 0"
            swapped = f"{b} - {a}" if key.type == "int" else f"{a} > {b} ? -1 : {a} < {b} ? 1 : 0"
            return f"{source}.slice().sort((a, b) => {swapped if op.endswith('_desc') else less})"
        pick = ">" if op == "max_by" else "<"
        return f"{source}.reduce((a, b) => ({b} {pick} {a} ? b : a))"


def _is_remainder(node: ir.Expr) -> bool:
    return isinstance(node, ir.Call) and node.op == "mod"


def _compare(kind: ir.Type) -> str:
    return "a - b" if kind == "list[int]" else "a < b ? -1 : a > b ? 1 : 0"


def _apart(node: ir.Expr, *names: str) -> None:
    """Refuse names of the program where an arrow function has them for something else."""
    if any(ir.uses(node, name) for name in names):
        raise UnsayableError(f"the name {' or '.join(names)} inside an arrow function")


def _renaming(old: str, new: str, kind: ir.Type) -> ir.Change:
    if old == new:
        return lambda expr: expr
    return lambda expr: ir.Name(new, kind) if isinstance(expr, ir.Name) and expr.name == old else expr


def camel(name: str) -> str:
    """Return a name as these languages write it: `is_even` becomes `isEven`."""
    head, *rest = name.split("_")
    text = head + "".join(part.capitalize() for part in rest)
    return f"{text}_" if text in ("with", "new", "var", "function", "double", "case") else text


def type_of(kind: ir.Type) -> str:
    """Return a type as TypeScript writes it."""
    if kind.startswith("list["):
        return f"{type_of(ir.element_of(kind))}[]"
    if kind.startswith("dict["):
        return f"Map<{type_of(ir.element_of(kind))}, {type_of(ir.value_of(kind))}>"
    return {"int": "number", "float": "number", "str": "string", "bool": "boolean"}[kind]


def _literal(node: ir.Lit) -> tuple[str, int]:
    if node.value is None:
        return ("new Map()" if node.type.startswith("dict") else "[]"), ATOM
    if isinstance(node.value, bool | str):
        return json.dumps(node.value), ATOM
    return repr(node.value), UNARY if node.value < 0 else ATOM


def _changed(body: Sequence[ir.Stmt]) -> set[str]:
    found: set[str] = set()
    for node in body:
        if isinstance(node, ir.Set):
            found.add(node.name)
        if isinstance(node, ir.For | ir.While | ir.When):
            found |= _changed(node.body)
        if isinstance(node, ir.When):
            found |= _changed(node.otherwise)
    return found
