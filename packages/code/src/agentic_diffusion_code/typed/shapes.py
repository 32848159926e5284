"""Types as sets of shapes that a value may have; nothing is claimed where nobody knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice, product
from typing import TypeAlias, final


@final
@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of value, such as `int`, `list` of something, or `tuple` of three things.

    Args:
        name: The class, as Python calls it; `tuple*` is as long as it likes, `iter` is walked through
            once, and `view` is a range or what a dictionary shows of itself.
        inside: What it holds: of a dictionary keys and values.
    """

    name: str
    inside: tuple[Type, ...] = ()


Type: TypeAlias = frozenset[Shape] | None
"""The shapes that a value may have; none where it never was given a value, None where nobody knows."""

NOTHING: Type = frozenset()
MOST, DEEPEST = 6, 4
"""Shapes of one type, and levels of containers, above which nobody knows."""
PLAIN = ("int", "float", "bool", "str", "complex")
HELD = {"list": 1, "set": 1, "frozenset": 1, "dict": 2}
_SPELLED = {"List": "list", "Set": "set", "FrozenSet": "frozenset", "Dict": "dict", "Tuple": "tuple"}
_WIDER = {"float": ("float", "int"), "complex": ("complex", "float", "int")}
"""What may be given where these are declared."""


def one(name: str, *inside: Type) -> Type:
    """Return the type of one shape."""
    return frozenset({Shape(name, inside)})


INT, FLOAT, BOOL, STR, NONE = map(one, ("int", "float", "bool", "str", "None"))


@cache
def join(*types: Type) -> Type:
    """Return the type of what has one of these types; containers of one kind become one, and hold either."""
    found: dict[str, Shape] = {}
    for each in types:
        if each is None:
            return None
        for shape in each:
            other = found.get(shape.name)
            if other is None:
                found[shape.name] = shape
            elif len(other.inside) == len(shape.inside):
                found[shape.name] = Shape(shape.name, tuple(map(join, other.inside, shape.inside)))
            else:
                return None
    joined = frozenset(found.values())
    return None if len(joined) > MOST or _depth(joined) > DEEPEST else joined


def _depth(kind: Type) -> int:
    return 1 + max((_depth(each) for shape in kind or () for each in shape.inside), default=0)


@cache
def fits(kind: Type, declared: Type) -> bool:
    """Return whether a value of a type may be one of a declared type; yes where nobody knows."""
    if kind is None or declared is None or not kind or not declared:
        return True
    return any(_fits(shape, wanted) for shape in kind for wanted in declared)


def _fits(shape: Shape, wanted: Shape) -> bool:
    if shape.name in PLAIN and wanted.name in PLAIN:
        order = ("bool", "int", "float", "complex")
        if "str" in (shape.name, wanted.name):
            return shape.name == wanted.name
        return order.index(shape.name) <= order.index(wanted.name)
    if {shape.name, wanted.name} == {"tuple", "tuple*"}:
        fixed, free = (shape, wanted) if shape.name == "tuple" else (wanted, shape)
        pairs = [(each, free.inside[0]) for each in fixed.inside]
        return all(fits(*(pair if fixed is shape else pair[::-1])) for pair in pairs)
    if shape.name != wanted.name or len(shape.inside) != len(wanted.inside):
        return False
    return all(map(fits, shape.inside, wanted.inside))


def written(kind: Type) -> str:
    """Return a type as Python writes it."""
    if kind is None:
        return "Any"
    return " | ".join(sorted(map(_written, kind), key=lambda text: (text == "None", text))) or "Never"


def _written(shape: Shape) -> str:
    inside = ", ".join(map(written, shape.inside)).replace("Never", "Any")
    name = {"tuple*": "tuple", "iter": "Iterator", "view": "Iterable"}.get(shape.name, shape.name)
    return f"{name}[{inside}{', ...' * (shape.name == 'tuple*')}]" if inside else name


def declared(node: ast.expr | None, hidden: frozenset[str] = frozenset(), *, given: bool = False) -> Type:
    """Return the type that an annotation means; None for all that is not said in plain classes.

    Args:
        node: The annotation.
        hidden: Names that the program gives a meaning of its own.
        given: Whether it is declared of what is handed over, so that a whole number may stand for another.
    """
    match node:
        case ast.Constant(value=None):
            return NONE
        case ast.Constant(value=str() as text):
            try:
                return declared(ast.parse(text, mode="eval").body, hidden, given=given)
            except (SyntaxError, ValueError, RecursionError):
                return None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return join(declared(left, hidden, given=given), declared(right, hidden, given=given))
        case ast.Subscript(value=value, slice=inside):
            items = inside.elts if isinstance(inside, ast.Tuple) else [inside]
            return _generic(_last(value, hidden), items, hidden, given=given)
    name = _last(node, hidden)
    if name in PLAIN:
        return frozenset(map(Shape, _WIDER.get(name, (name,)))) if given else one(name)
    name = _SPELLED.get(name, name)
    if name in HELD:
        return one(name, *[None] * HELD[name])
    return one("tuple*", None) if name == "tuple" else None


def _last(node: ast.expr | None, hidden: frozenset[str]) -> str:
    if isinstance(node, ast.Name) and node.id not in hidden:
        return node.id
    typing = (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "typing"
    )
    return node.attr if typing and isinstance(node, ast.Attribute) else ""


def _generic(name: str, items: Sequence[ast.expr], hidden: frozenset[str], *, given: bool) -> Type:
    name = _SPELLED.get(name, name)
    inside = [declared(each, hidden, given=given) for each in items]
    if name == "Optional" and len(inside) == 1:
        return join(inside[0], NONE)
    if name == "Union":
        return join(*inside)
    if name == "tuple":
        if len(items) == 2 and isinstance(items[1], ast.Constant) and items[1].value is ...:
            return one("tuple*", inside[0])
        return one("tuple", *inside)
    return one(name, *inside) if HELD.get(name) == len(inside) else None


def of_value(value: object) -> Type:
    """Return the type of a value; None where it is none of the plain ones."""
    name = "None" if value is None else type(value).__name__
    if name in (*PLAIN, "None"):
        return one(name)
    if isinstance(value, tuple):
        return one("tuple", *map(of_value, value))
    if isinstance(value, dict):
        return one("dict", join(*map(of_value, value)), join(*map(of_value, value.values())))
    if name in HELD and isinstance(value, list | set | frozenset):
        return one(name, join(*map(of_value, value)))
    view = name in ("range", "dict_keys", "dict_values", "dict_items")
    if isinstance(value, Iterator) or view:
        try:
            return one("view" if view else "iter", join(*map(of_value, islice(iter(value), 4))))  # type: ignore[call-overload]
        except (TypeError, ValueError):
            return None
    return None


@final
class Whatever:
    """Stands in samples for what nobody knows."""


_VALUES: dict[str, object] = {"int": 1, "float": 2.5, "bool": True, "str": "3", "complex": 2j, "None": None}


def samples(kind: Type) -> Iterator[object]:
    """Yield one value of each shape that a type has, made anew each time."""
    if kind is None:
        yield Whatever()
        return
    for shape in sorted(kind, key=lambda each: each.name):
        if shape.name in _VALUES:
            yield _VALUES[shape.name]
            continue
        ways = [list(samples(each)) for each in shape.inside]
        held = [way for way in product(*ways)] if all(ways) or shape.name == "tuple" else [()]
        for way in held:
            yield _built(shape.name, way)


def _built(name: str, way: tuple[object, ...]) -> object:
    if name == "tuple":
        return way
    if name == "dict":
        try:
            return {way[0]: way[1]} if way else {}
        except TypeError:  # a key that no dictionary takes
            return {}
    items = [way[0]] * 2 if way else []
    makers = {"list": list, "tuple*": tuple, "iter": iter, "view": iter}
    try:
        return {**makers, "set": set, "frozenset": frozenset}[name](items)  # type: ignore[operator]
    except TypeError:
        return set[object]()


def certain(kind: Type) -> bool:
    """Return whether all of a type is known, and samples can stand for it."""
    return kind is not None and all(
        shape.name != "view" and all(map(certain, shape.inside)) for shape in kind
    )
