"""Whether a program that was read means the same in every language: only what the renderers have proven passes.

The corpus is proven by running its programs. What a model writes may hold what no program of the corpus does, and a
renderer may then say something else without noticing. So operations are taken with the types that the corpus gives
them, names are read where all languages know them, and nothing is changed that two names could mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.ir import Call, Choose, Comp, Expr, Fn, Lit, Name, Stmt, Type

_MANY, _TABLES = ("list[int]", "list[str]"), ("dict[str, int]", "dict[int, int]")
_PROVEN: Mapping[tuple[Type, ...], str] = {
    ("int",): "abs chr neg range str",
    ("int", "int"): "add sub mul floordiv mod div pow eq ne lt le gt ge max2 min2 range",
    ("bool",): "not",
    ("bool", "bool"): "and or",
    ("list[bool]",): "all any",
    ("list[int]",): "sum",
    (
        "str",
    ): "capitalize int is_empty isalnum isalpha isdigit islower isspace isupper last_str len_str lower lstrip ord "
    "reverse_str rstrip split strip swapcase title upper",
    (
        "str",
        "str",
    ): "concat count endswith eq find ge gt in_str le lt ne removeprefix removesuffix split_on startswith",
    ("str", "int"): "at_str drop_str every_str repeat take_str zfill",
    ("str", "int", "int"): "slice_str",
    ("str", "int", "str"): "ljust rjust",
    ("str", "str", "str"): "replace",
    ("str", "list[str]"): "in_list join",
    ("int", "list[int]"): "in_list",
    ("list[int]", "int"): "count_list index",
    ("list[str]", "str"): "count_list index",
    ("str", "dict[str, int]"): "in_dict",
    ("int", "dict[int, int]"): "in_dict",
    ("dict[str, int]",): "sorted_keys values",
    ("dict[str, int]", "str"): "lookup",
    ("dict[int, int]", "int"): "lookup",
    ("dict[str, int]", "str", "int"): "get",
    ("dict[int, int]", "int", "int"): "get",
}
_OF_MANY: Mapping[int, str] = {
    1: "is_empty last len_list max min reverse sorted sorted_desc unique",
    2: "at drop every take",
    3: "slice",
}
"""What is proven of both lists, with so many arguments: the list, and numbers."""
_BY = frozenset({"sort_by", "sort_by_desc", "max_by", "min_by"})
_PLACES = frozenset(
    {"at", "at_str", "every", "every_str", "drop", "drop_str", "slice", "slice_str", "take", "take_str"}
)


def sound(function: ir.Function, functions: Mapping[str, ir.Function]) -> ir.Function:
    """Return a function in which each name is declared where it is first given a value.

    Args:
        function: What was read.
        functions: The helpers before it.

    Raises:
        ValueError: It holds something that languages say differently, or that no program of the corpus holds.
    """
    body = _scoped(function.body, {name for name, _ in function.params})
    _check(body, function.returns, functions)
    _check_changes(body, {name for name, _ in function.params})
    return replace(function, body=body)


def _scoped(body: Sequence[Stmt], known: set[str]) -> tuple[Stmt, ...]:
    """Declare names anew in each block that does not know them; a name that is read behind its block is refused."""
    known, found = set(known), list[Stmt]()
    for node in body:
        for expr in _exprs(node):
            _check_names(expr, known)
        if isinstance(node, ir.Let | ir.Set):
            node = (ir.Set if node.name in known else ir.Let)(node.name, node.value)
            known.add(node.name)
        elif isinstance(node, ir.Put | ir.Push) and node.name not in known:
            raise ValueError(f"{node.name} is changed where it is not known")
        elif isinstance(node, ir.For):
            if node.var in known:
                raise ValueError(f"a loop gives {node.var} other values")
            node = ir.For(node.var, node.source, _scoped(node.body, {*known, node.var}))
        elif isinstance(node, ir.While):
            node = ir.While(node.test, _scoped(node.body, known))
        elif isinstance(node, ir.When):
            node = ir.When(node.test, _scoped(node.body, known), _scoped(node.otherwise, known))
        found.append(node)
    return tuple(found)


def _exprs(node: Stmt) -> list[Expr]:
    """Return the expressions of a statement, without those of the blocks in it."""
    if isinstance(node, ir.Let | ir.Set | ir.Return):
        return [node.value]
    if isinstance(node, ir.Put | ir.Push):
        return [node.value, *([] if node.key is None else [node.key])]
    if isinstance(node, ir.For):
        return [node.source]
    return [node.test] if isinstance(node, ir.While | ir.When) else []


def _check_names(node: Expr, known: set[str]) -> None:
    if isinstance(node, Name) and node.name not in known:
        raise ValueError(f"{node.name} is read where not every language knows it")
    if isinstance(node, Comp):
        _check_names(node.source, known)
        for part in (node.element, node.cond):
            if part is not None:
                _check_names(part, {*known, node.var})
    elif isinstance(node, Fn):
        _check_names(node.body, {*known, node.var})
    else:
        for part in _parts(node):
            _check_names(part, known)


def _parts(node: Expr) -> tuple[Expr, ...]:
    if isinstance(node, Call):
        return node.args
    return (node.test, node.yes, node.no) if isinstance(node, Choose) else ()


def _check(body: Sequence[Stmt], returns: Type, functions: Mapping[str, ir.Function]) -> None:
    """Refuse operations, questions and answers of other types than the corpus has."""

    def note(expr: Expr) -> Expr:
        _check_expr(expr, functions)
        return expr

    ir.rebuild_body(tuple(body), note)
    for node in _all(body):
        if isinstance(node, ir.When | ir.While) and node.test.type != "bool":
            raise ValueError("a question that is not answered by true or false")
        if isinstance(node, ir.Return) and node.value.type != returns:
            raise ValueError(f"{node.value.type} is answered where {returns} was said")


def _check_expr(expr: Expr, functions: Mapping[str, ir.Function]) -> None:
    if isinstance(expr, Choose) and (expr.test.type != "bool" or expr.yes.type != expr.no.type):
        raise ValueError("a choice by no question, or between two types")
    if isinstance(expr, Comp) and expr.cond is not None and expr.cond.type != "bool":
        raise ValueError("a question that is not answered by true or false")
    if not isinstance(expr, Call):
        return
    types = tuple(arg.type for arg in expr.args)
    if expr.op.startswith("fn:"):
        proven = types == tuple(kind for _, kind in functions[expr.op[3:]].params)
    elif expr.op in _BY:
        proven = types[0] in _MANY and types[1] in ("int", "str")
    elif expr.op == "list":
        proven = len(set(types)) == 1 and types[0] in ("int", "str")
    else:
        proven = expr.op in _PROVEN.get(types, "").split() or _is_of_many(expr.op, types)
    if not proven:
        raise ValueError(f"{expr.op} of {', '.join(types)}")
    if expr.op in _PLACES and any(map(_is_negative, expr.args[1:])):
        raise ValueError("a place counted from the end")


def _is_of_many(op: str, types: tuple[Type, ...]) -> bool:
    if types and types[0] in _TABLES:
        return len(types) == 1 and op in ("is_empty", "len_dict")
    if len(types) == 2 and types[0] == types[1] and types[0] in _MANY:
        return op in ("extend", "eq")
    numbers = all(kind == "int" for kind in types[1:])
    return bool(types) and types[0] in _MANY and numbers and op in _OF_MANY.get(len(types), "").split()


def _is_negative(node: Expr) -> bool:
    if isinstance(node, Lit):
        return isinstance(node.value, int) and node.value < 0
    return isinstance(node, Call) and node.op == "neg"


def _all(body: Sequence[Stmt]) -> list[Stmt]:
    """Return statements with those of all blocks in them."""
    found: list[Stmt] = []
    for node in body:
        found.append(node)
        if isinstance(node, ir.For | ir.While | ir.When):
            found += _all(node.body)
        if isinstance(node, ir.When):
            found += _all(node.otherwise)
    return found


def _check_changes(body: Sequence[Stmt], params: set[str]) -> None:
    """Refuse changes of what two names mean, of what the caller gave, and of what a loop goes through."""
    shared = set(params)
    for node in _all(body):
        value = node.value if isinstance(node, ir.Let | ir.Set) else None
        same = value.source if isinstance(value, Comp) and _is_copy(value) else value
        if (
            isinstance(node, ir.Let | ir.Set)
            and isinstance(same, Name)
            and same.type.startswith(("list", "dict"))
        ):
            shared |= {node.name, same.name}
    for node in _all(body):
        if isinstance(node, ir.Put | ir.Push) and node.name in shared:
            raise ValueError(f"{node.name} is changed, and another name means it as well")
        if isinstance(node, ir.For):
            changed = {each.name for each in _all(node.body) if isinstance(each, ir.Set | ir.Put | ir.Push)}
            if node.var in changed or any(ir.uses(node.source, name) for name in changed):
                raise ValueError("a loop that changes what it goes through")


def _is_copy(node: Comp) -> bool:
    return isinstance(node.element, Name) and node.element.name == node.var and node.cond is None
