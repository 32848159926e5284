"""The stages of a pipeline: a primitive on the whole value, or on each element in one of many ways."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import final

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.build import Builder
from agentic_diffusion_code.corpus.ir import Call, Comp, Expr, Fn, Lit, Name, Type
from agentic_diffusion_code.corpus.pieces import Prim


@final
@dataclass(frozen=True)
class Pattern:
    """A way to use primitives on the elements of a list, or two of them on one value.

    Args:
        name: How it is called.
        takes: What its primitives are: `is` for a predicate, `of` for a function, in order.
        phrases: What it gives, in words: `{x}` the input, `{things}` and `{thing}` its elements,
            `{are}` and `{is}` the predicate, `{each}` the function of each element, `{it}` of it.
        on_list: Whether it goes through a list.
    """

    name: str
    takes: tuple[str, ...]
    phrases: tuple[str, ...]
    on_list: bool = True


@cache
def patterns() -> Mapping[str, Pattern]:
    """Return the patterns by name, read from their table."""
    text = (
        files("agentic_diffusion_code.corpus").joinpath("tables", "patterns.toml").read_text(encoding="utf-8")
    )
    return {
        name: Pattern(name, tuple(entry["takes"]), tuple(entry["phrases"]), entry.get("on_list", True))
        for name, entry in tomllib.loads(text).items()
    }


@final
@dataclass(frozen=True)
class Stage:
    """One step: a primitive alone, or a pattern with its primitives.

    Args:
        source: What it takes.
        target: What it gives.
        prims: Its primitives, each with its constants as they are in the program.
        pattern: The pattern, or None for a primitive on the whole value.
    """

    source: Type
    target: Type
    prims: tuple[Prim, ...]
    pattern: Pattern | None = None
    constants: tuple[dict[str, Expr], ...] = field(default=())

    @property
    def label(self) -> str:
        """How the stage is written in a signature."""
        inside = ",".join(prim.name for prim in self.prims)
        return inside if self.pattern is None else f"{self.pattern.name}({inside})"

    @property
    def partial(self) -> bool:
        """Whether an empty input has no answer."""
        if self.pattern is None or not self.pattern.on_list:
            return any(prim.need == "nonempty" for prim in self.prims)
        return self.pattern.name in ("max_by", "min_by")


def target_of(pattern: Pattern, source: Type, prims: tuple[Prim, ...]) -> Type | None:
    """Return what a pattern gives with these primitives; None where it makes no sense."""
    name, last = pattern.name, prims[-1].target
    inside = ir.element_of(source) if pattern.on_list else source
    if name in ("filter", "reject", "take_while", "unique_by"):
        return source if name != "unique_by" or last in ("int", "str", "bool") else None
    if name == "map":
        return f"list[{last}]" if last in ("int", "str", "bool") else None
    if name == "index_where":
        return "list[int]"
    if name in ("count", "sum_by"):
        return "int" if name == "count" or last == "int" else None
    if name in ("any", "all"):
        return "bool"
    if name in ("first_where", "last_where"):
        return inside
    if name in ("sort_by", "max_by", "min_by"):
        keyed = last == "int" or (last == "str" and name == "sort_by")
        return (source if name == "sort_by" else inside) if keyed else None
    if name in ("group_by", "count_by", "table_of"):
        return _table(name, inside, last)
    return _two(name, prims)


def _table(name: str, inside: Type, last: Type) -> Type | None:
    if name == "table_of":
        return f"dict[{inside}, {last}]" if last in ("int", "str") else None
    if last not in ("int", "str"):
        return None
    return f"dict[{last}, list[{inside}]]" if name == "group_by" else f"dict[{last}, int]"


def _two(name: str, prims: tuple[Prim, ...]) -> Type | None:
    first, second = prims[-2].target, prims[-1].target
    if first != second or prims[-1].name == prims[-2].name:
        return None
    if name == "branch":
        return first
    if name in ("plus", "minus", "greater"):
        return "int" if first == "int" else None
    if name == "equal":
        return "bool" if first in ("int", "str") else None
    if name == "followed_by":
        return first if first == "str" or first.startswith("list") else None
    return f"list[{first}]" if first in ("int", "str") else None


def build(stage: Stage, value: Expr, builder: Builder) -> Expr:
    """Return the expression of a stage applied to a value; statements go to the builder."""
    if stage.pattern is None:
        return builder.apply(stage.prims[0], value, stage.constants[0])
    if not stage.pattern.on_list:
        return _on_value(stage, builder.bound(value), builder)
    if stage.pattern.name in _LOOPS:
        return _LOOPS[stage.pattern.name](stage, value, builder)
    return _on_list(stage, value, builder)


def _prim(stage: Stage, index: int, value: Expr, builder: Builder) -> Expr:
    return builder.apply(stage.prims[index], value, stage.constants[index])


def _on_value(stage: Stage, value: Expr, builder: Builder) -> Expr:
    parts = [_prim(stage, i, value, builder) for i in range(len(stage.prims))]
    assert stage.pattern is not None
    name = stage.pattern.name
    if name == "branch":
        return ir.Choose(parts[0], parts[1], parts[2], stage.target)
    if name == "pair":
        return Call("list", tuple(parts), stage.target)
    joined = "concat" if parts[0].type == "str" else "extend"
    ops = {"plus": "add", "minus": "sub", "greater": "max2", "equal": "eq", "followed_by": joined}
    return Call(ops[name], tuple(parts), stage.target)


def _each(stage: Stage, value: Expr, builder: Builder) -> tuple[Name, Expr]:
    kind = ir.element_of(value.type)
    trial = Name("x", kind)
    probe = stage.prims[0].expression() if stage.prims[0].is_expression else trial
    var = builder.element(kind, (value, probe))
    return var, _prim(stage, 0, var, builder)


def _on_list(stage: Stage, value: Expr, builder: Builder) -> Expr:
    assert stage.pattern is not None
    name = stage.pattern.name
    if name == "index_where":
        value = builder.bound(value)
        index = Name("i", "int")
        test = _prim(stage, 0, Call("at", (value, index), ir.element_of(value.type)), builder)
        size = Call("len_list", (value,), "int")
        return Comp(index, "i", Call("range", (size,), "list[int]"), test, "list[int]")
    var, body = _each(stage, value, builder)
    if name in ("sort_by", "max_by", "min_by"):
        return Call(name, (value, Fn(var.name, var.type, body, body.type)), stage.target)
    if name == "filter":
        return Comp(var, var.name, value, body, value.type)
    if name == "reject":
        return Comp(var, var.name, value, Call("not", (body,), "bool"), value.type)
    if name == "count":
        return Call("sum", (Comp(Lit(1, "int"), var.name, value, body, "list[int]"),), "int")
    comp = Comp(body, var.name, value, None, f"list[{body.type}]")
    return comp if name == "map" else Call({"sum_by": "sum"}.get(name, name), (comp,), stage.target)


def _search(stage: Stage, value: Expr, builder: Builder) -> Expr:
    """Return the first or last element that passes, found in a helper with a loop."""
    assert stage.pattern is not None
    kind = ir.element_of(value.type)
    source: Expr = Name("given", value.type)
    var = builder.element(kind, (stage.prims[0].expression(),) if stage.prims[0].is_expression else ())
    test = _prim(stage, 0, var, builder)
    if stage.pattern.name == "last_where":
        source = Call("reverse", (source,), value.type)
    hit = ir.When(test, (ir.Return(var),))
    body = (ir.For(var.name, source, (hit,)), ir.Return(_none(kind)))
    return _helper(stage, value, body, builder)


def _none(kind: Type) -> Lit:
    return Lit(-1, "int") if kind == "int" else Lit("", "str")


def _take_while(stage: Stage, value: Expr, builder: Builder) -> Expr:
    var, test = _each(stage, Name("given", value.type), builder)
    body = (
        ir.Let("taken", Lit(None, value.type)),
        ir.For(
            var.name,
            Name("given", value.type),
            (ir.When(Call("not", (test,), "bool"), (ir.Break(),)), ir.Push("taken", value.type, var)),
        ),
        ir.Return(Name("taken", value.type)),
    )
    return _helper(stage, value, body, builder)


def _tables(stage: Stage, value: Expr, builder: Builder) -> Expr:
    assert stage.pattern is not None
    name, target = stage.pattern.name, stage.target
    var, found = _each(stage, Name("given", value.type), builder)
    table = Name("table", target)
    if name == "group_by":
        act: ir.Stmt = ir.Push("table", target, var, found)
    elif name == "table_of":
        act = ir.Put("table", target, var, found)
    else:
        now = Call("get", (table, found, Lit(0, "int")), "int")
        act = ir.Put("table", target, found, Call("add", (now, Lit(1, "int")), "int"))
        if not isinstance(found, Name):
            group = Name("group", found.type)
            now = Call("get", (table, group, Lit(0, "int")), "int")
            put = ir.Put("table", target, group, Call("add", (now, Lit(1, "int")), "int"))
            body = (ir.Let("group", found), put)
            return _filled(stage, value, var, body, builder=builder)
    return _filled(stage, value, var, (act,), builder=builder)


def _filled(stage: Stage, value: Expr, var: Name, acts: tuple[ir.Stmt, ...], *, builder: Builder) -> Expr:
    body = (
        ir.Let("table", Lit(None, stage.target)),
        ir.For(var.name, Name("given", value.type), acts),
        ir.Return(Name("table", stage.target)),
    )
    return _helper(stage, value, body, builder)


def _unique_by(stage: Stage, value: Expr, builder: Builder) -> Expr:
    var, found = _each(stage, Name("given", value.type), builder)
    seen = f"list[{found.type}]"
    mark = Name("mark", found.type)
    fresh = Call("not", (Call("in_list", (mark, Name("seen", seen)), "bool"),), "bool")
    acts = (
        ir.Let("mark", found),
        ir.When(fresh, (ir.Push("seen", seen, mark), ir.Push("kept", value.type, var))),
    )
    body = (
        ir.Let("seen", Lit(None, seen)),
        ir.Let("kept", Lit(None, value.type)),
        ir.For(var.name, Name("given", value.type), acts),
        ir.Return(Name("kept", value.type)),
    )
    return _helper(stage, value, body, builder)


def _helper(stage: Stage, value: Expr, body: tuple[ir.Stmt, ...], builder: Builder) -> Expr:
    """Return a call of a helper made of statements over `given`."""
    assert stage.pattern is not None
    name = f"{stage.pattern.name}_{stage.prims[0].name}"
    while name in builder.taken or name in builder.helpers:
        name += "_of"
    extra = [(expr.name, expr.type) for expr in stage.constants[0].values() if isinstance(expr, Name)]
    builder.helpers[name] = ir.Function(name, (("given", value.type), *extra), stage.target, body)
    return Call(f"fn:{name}", (value, *(Name(each, kind) for each, kind in extra)), stage.target)


_LOOPS: Mapping[str, Callable[[Stage, Expr, Builder], Expr]] = {
    "first_where": _search,
    "last_where": _search,
    "take_while": _take_while,
    "group_by": _tables,
    "count_by": _tables,
    "table_of": _tables,
    "unique_by": _unique_by,
}
