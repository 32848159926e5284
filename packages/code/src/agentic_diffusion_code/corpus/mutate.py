"""Makes wrong programs from right ones: one small change each."""

from __future__ import annotations

import random
from collections.abc import Mapping

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.ir import Call, Expr, Lit

SWAPS: Mapping[str, str] = {
    "add": "sub",
    "sub": "add",
    "mul": "add",
    "floordiv": "mul",
    "mod": "floordiv",
    "lt": "ge",
    "le": "lt",
    "gt": "le",
    "ge": "gt",
    "eq": "ne",
    "ne": "eq",
    "and": "or",
    "or": "and",
    "any": "all",
    "all": "any",
    "max": "min",
    "min": "max",
    "max2": "min2",
    "min2": "max2",
    "take": "drop",
    "drop": "take",
    "take_str": "drop_str",
    "drop_str": "take_str",
    "last": "first",
    "upper": "lower",
    "lower": "upper",
    "sorted": "sorted_desc",
    "sorted_desc": "sorted",
    "sort_by": "sort_by_desc",
    "sort_by_desc": "sort_by",
    "max_by": "min_by",
    "min_by": "max_by",
    "startswith": "endswith",
    "endswith": "startswith",
    "isupper": "islower",
    "islower": "isupper",
    "sum": "max",
    "len_list": "",
}
_DROPS = frozenset(
    {
        "reverse",
        "reverse_str",
        "unique",
        "abs",
        "strip",
        "lstrip",
        "rstrip",
        "neg",
        "not",
        "capitalize",
        "title",
    }
)


def _change(expr: Expr) -> Expr | None:
    """Return an expression that differs in its outermost part, where one is known."""
    if isinstance(expr, Lit):
        if isinstance(expr.value, bool):
            return Lit(not expr.value, expr.type)
        if isinstance(expr.value, int):
            return Lit(expr.value + 1, expr.type)
        return Lit(expr.value + "z", expr.type) if isinstance(expr.value, str) else None
    if isinstance(expr, Call):
        if expr.op in _DROPS:
            return expr.args[0]
        swapped = SWAPS.get(expr.op, "")
        if swapped == "first":
            return Call("at", (*expr.args, Lit(0, "int")), expr.type)
        return Call(swapped, expr.args, expr.type) if swapped else None
    if isinstance(expr, ir.Comp) and expr.cond is not None:
        return ir.Comp(expr.element, expr.var, expr.source, None, expr.type)
    return ir.Choose(expr.test, expr.no, expr.yes, expr.type) if isinstance(expr, ir.Choose) else None


def sites(program: ir.Program) -> int:
    """Return in how many places a program can be changed."""
    count = 0

    def look(expr: Expr) -> Expr:
        nonlocal count
        count += _change(expr) is not None
        return expr

    for function in program.functions:
        ir.rebuild_body(function.body, look)
    return count


def mutant(program: ir.Program, site: int) -> ir.Program:
    """Return the program with one of its places changed."""
    seen = -1

    def edit(expr: Expr) -> Expr:
        nonlocal seen
        changed = _change(expr)
        seen += changed is not None
        return changed if changed is not None and seen == site else expr

    functions = []
    for each in program.functions:
        body = ir.rebuild_body(each.body, edit)
        functions.append(ir.Function(each.name, each.params, each.returns, body, each.doc))
    return ir.Program(tuple(functions))


def mutants(program: ir.Program, count: int, rng: random.Random) -> list[ir.Program]:
    """Return some wrong variants, each changed in another place."""
    places = range(sites(program))
    return [mutant(program, site) for site in rng.sample(places, min(count, len(places)))]
