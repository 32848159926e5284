"""Says a program of the intermediate form in Python."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.errors import UnsayableError

ATOM, POWER, UNARY, TIMES, PLUS, COMPARE, NOT, AND, OR, CHOICE = 14, 12, 11, 10, 9, 4, 3, 2, 1, 0
_INFIX = {
    "add": ("+", PLUS),
    "sub": ("-", PLUS),
    "concat": ("+", PLUS),
    "extend": ("+", PLUS),
    "mul": ("*", TIMES),
    "repeat": ("*", TIMES),
    "floordiv": ("//", TIMES),
    "mod": ("%", TIMES),
    "div": ("/", TIMES),
    "eq": ("==", COMPARE),
    "ne": ("!=", COMPARE),
    "lt": ("<", COMPARE),
    "le": ("<=", COMPARE),
    "gt": (">", COMPARE),
    "ge": (">=", COMPARE),
    "in_str": ("in", COMPARE),
    "in_list": ("in", COMPARE),
    "in_dict": ("in", COMPARE),
    "and": ("and", AND),
    "or": ("or", OR),
}
_FUNCTION = {
    "len_str": "len",
    "len_list": "len",
    "len_dict": "len",
    "max2": "max",
    "min2": "min",
    "trunc": "int",
    "sorted_keys": "sorted",
}
_PLAIN = frozenset(
    [
        "abs",
        "round",
        "float",
        "int",
        "str",
        "ord",
        "chr",
        "sum",
        "max",
        "min",
        "any",
        "all",
        "range",
        "sorted",
    ]
)
_METHOD = {"count_list": "count", "split_on": "split"}
_METHODS = frozenset(
    [
        "upper",
        "lower",
        "strip",
        "lstrip",
        "rstrip",
        "title",
        "capitalize",
        "swapcase",
        "replace",
        "split",
        "join",
        "startswith",
        "endswith",
        "removeprefix",
        "removesuffix",
        "find",
        "count",
        "isdigit",
        "isalpha",
        "isalnum",
        "isupper",
        "islower",
        "isspace",
        "zfill",
        "rjust",
        "ljust",
        "get",
        "index",
        "count_list",
        "split_on",
    ]
)
_PATTERNS = {
    "list": "[{0}]",
    "sorted_desc": "sorted({0}, reverse=True)",
    "sort_by": "sorted({0}, key={1})",
    "sort_by_desc": "sorted({0}, key={1}, reverse=True)",
    "max_by": "max({0}, key={1})",
    "min_by": "min({0}, key={1})",
    "unique": "list(dict.fromkeys({0}))",
    "values": "list({0}.values())",
}
_PLACES = {
    "at": "[{1}]",
    "at_str": "[{1}]",
    "lookup": "[{1}]",
    "last": "[-1]",
    "last_str": "[-1]",
    "take": "[:{1}]",
    "take_str": "[:{1}]",
    "drop": "[{1}:]",
    "drop_str": "[{1}:]",
    "slice": "[{1}:{2}]",
    "slice_str": "[{1}:{2}]",
    "every": "[::{1}]",
    "every_str": "[::{1}]",
    "reverse": "[::-1]",
    "reverse_str": "[::-1]",
}
_REDUCES = frozenset({"sum", "any", "all", "max", "min", "sorted", "join", "unique"})


def signature(function: ir.Function) -> str:
    """Return the line that begins a function."""
    params = ", ".join(f"{name}: {kind}" for name, kind in function.params)
    return f"def {function.name}({params}) -> {function.returns}:"


def render(program: ir.Program) -> str:
    """Return the Python of a program."""
    return "".join(_function(function) for function in program.functions)


def _function(function: ir.Function) -> str:
    lines = [signature(function)]
    if function.doc:
        lines.append(f'    """{function.doc}"""')
    lines += _body(function.body, 1)
    return "\n".join(lines) + "\n"


def _body(body: Sequence[ir.Stmt], depth: int) -> list[str]:
    lines: list[str] = []
    for statement in body:
        lines += _statement(statement, depth)
    return lines


def _statement(statement: ir.Stmt, depth: int) -> list[str]:  # noqa: C901  one branch for each kind of statement
    pad = "    " * depth
    if isinstance(statement, ir.Return):
        return [f"{pad}return {expr(statement.value)}"]
    if isinstance(statement, ir.Let):
        if isinstance(statement.value, ir.Lit) and statement.value.value is None:
            return [f"{pad}{statement.name}: {statement.value.type} = {expr(statement.value)}"]
        return [f"{pad}{statement.name} = {expr(statement.value)}"]
    if isinstance(statement, ir.Set):
        return [pad + _assign(statement.name, statement.value)]
    if isinstance(statement, ir.Put):
        return [f"{pad}{statement.name}[{expr(statement.key)}] = {expr(statement.value)}"]
    if isinstance(statement, ir.Push):
        if statement.key is None:
            return [f"{pad}{statement.name}.append({expr(statement.value)})"]
        return [
            f"{pad}{statement.name}.setdefault({expr(statement.key)}, []).append({expr(statement.value)})"
        ]
    if isinstance(statement, ir.For):
        head = f"{pad}for {statement.var} in {expr(statement.source)}:"
        return [head, *_body(statement.body, depth + 1)]
    if isinstance(statement, ir.While):
        return [f"{pad}while {expr(statement.test)}:", *_body(statement.body, depth + 1)]
    if isinstance(statement, ir.When):
        return _when(statement, depth)
    if isinstance(statement, ir.Fail):
        return [f"{pad}raise ValueError({json.dumps(statement.message)})"]
    return [f"{pad}break"]


def _when(statement: ir.When, depth: int) -> list[str]:
    pad = "    " * depth
    lines = [f"{pad}if {expr(statement.test)}:", *_body(statement.body, depth + 1)]
    other = statement.otherwise
    if len(other) == 1 and isinstance(other[0], ir.When):
        rest = _when(other[0], depth)
        return [*lines, rest[0].replace("if", "elif", 1), *rest[1:]]
    if other:
        lines += [f"{pad}else:", *_body(other, depth + 1)]
    return lines


def _assign(name: str, value: ir.Expr) -> str:
    if isinstance(value, ir.Call) and value.op in ("add", "sub", "mul", "floordiv", "concat"):
        first, second = value.args
        if isinstance(first, ir.Name) and first.name == name:
            return f"{name} {_INFIX[value.op][0]}= {expr(second)}"
    return f"{name} = {expr(value)}"


def expr(node: ir.Expr, need: int = CHOICE) -> str:
    """Return the Python of an expression, in brackets where it binds less than `need`."""
    text, level = _expr(node)
    return f"({text})" if level < need else text


def _expr(node: ir.Expr) -> tuple[str, int]:
    if isinstance(node, ir.Lit):
        return _literal(node)
    if isinstance(node, ir.Name):
        return node.name, ATOM
    if isinstance(node, ir.Choose):
        test, yes, no = expr(node.test, OR), expr(node.yes, OR), expr(node.no)
        return f"{yes} if {test} else {no}", CHOICE
    if isinstance(node, ir.Fn):
        return f"lambda {node.var}: {expr(node.body)}", CHOICE
    if isinstance(node, ir.Comp):
        if isinstance(node.element, ir.Name) and node.element.name == node.var and node.cond is None:
            return f"list({expr(node.source)})", ATOM
        return f"[{_loop(node)}]", ATOM
    return _call(node)


def _literal(node: ir.Lit) -> tuple[str, int]:
    if node.value is None:
        return ("{}" if node.type.startswith("dict") else "[]"), ATOM
    if isinstance(node.value, str):
        return json.dumps(node.value), ATOM
    negative = not isinstance(node.value, bool) and node.value < 0
    return repr(node.value), UNARY if negative else ATOM


def _loop(node: ir.Comp) -> str:
    text = f"{expr(node.element)} for {node.var} in {expr(node.source, OR)}"
    return text if node.cond is None else f"{text} if {expr(node.cond, OR)}"


def _call(node: ir.Call) -> tuple[str, int]:  # noqa: C901  one branch for each form
    op, args = node.op, node.args
    if op in _INFIX:
        sign, level = _INFIX[op]
        tight = level == COMPARE or op in ("sub", "floordiv", "mod", "div") or ir.divides(args[1])
        return f"{expr(args[0], level + (level == COMPARE))} {sign} {expr(args[1], level + tight)}", level
    if op == "not":
        return _negated(args[0])
    if op == "is_empty":
        return f"not {expr(args[0], NOT)}", NOT
    if op == "neg":
        return f"-{expr(args[0], UNARY)}", UNARY
    if op == "pow":
        return f"{expr(args[0], ATOM)} ** {expr(args[1], UNARY)}", POWER
    if op in _PLACES:
        rest = _PLACES[op].format("", *[expr(arg) for arg in args[1:]])
        return expr(args[0], ATOM) + rest, ATOM
    if op in _PATTERNS:
        if op == "list":
            return f"[{', '.join(expr(arg) for arg in args)}]", ATOM
        first = expr(args[0], ATOM) if op == "values" else _argument(op, args[0])
        return _PATTERNS[op].format(first, *[expr(arg) for arg in args[1:]]), ATOM
    if op in _METHODS:
        rest = ", ".join(_argument(op, arg) for arg in args[1:])
        return f"{expr(args[0], ATOM)}.{_METHOD.get(op, op)}({rest})", ATOM
    if op.startswith("fn:"):
        return f"{op[3:]}({', '.join(expr(arg) for arg in args)})", ATOM
    name = _FUNCTION.get(op, op)
    if op not in _FUNCTION and op not in _PLAIN:
        raise UnsayableError(op)
    return f"{name}({', '.join(_argument(op, arg) for arg in args)})", ATOM


def _argument(op: str, arg: ir.Expr) -> str:
    """Return an argument; a list that is only read through needs no brackets of its own."""
    plain = isinstance(arg, ir.Comp) and isinstance(arg.element, ir.Name) and arg.cond is None
    if isinstance(arg, ir.Comp) and op in _REDUCES and not (plain and _is_var(arg)):
        return _loop(arg)
    return expr(arg)


def _is_var(arg: ir.Comp) -> bool:
    return isinstance(arg.element, ir.Name) and arg.element.name == arg.var


def _negated(inner: ir.Expr) -> tuple[str, int]:
    if isinstance(inner, ir.Call) and inner.op.startswith("in_"):
        return f"{expr(inner.args[0], COMPARE + 1)} not in {expr(inner.args[1], COMPARE + 1)}", COMPARE
    return f"not {expr(inner, NOT)}", NOT
