"""What operations give, found out by trying them on samples: Python itself says what is possible."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import islice, product
from typing import Any

from .shapes import BOOL, INT, NONE, STR, Type, certain, join, of_value, one, samples

IMPOSSIBLE = "impossible"
"""What an operation gives that raises a TypeError whatever the values are."""

Result = Type | str
_MANY = 64
_ONCE = ("iter", "view")
BINARY: Mapping[str, Callable[..., Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "Pow": operator.pow,
    "LShift": operator.lshift,
    "RShift": operator.rshift,
    "BitOr": operator.or_,
    "BitAnd": operator.and_,
    "BitXor": operator.xor,
}
CHANGING: Mapping[str, Callable[..., Any]] = {
    **BINARY,
    "Add": operator.iadd,
    "Mult": operator.imul,
    "BitOr": operator.ior,
    "BitAnd": operator.iand,
    "BitXor": operator.ixor,
    "Sub": operator.isub,
}
UNARY: Mapping[str, Callable[..., Any]] = {
    "UAdd": operator.pos,
    "USub": operator.neg,
    "Invert": operator.invert,
    "Not": operator.not_,
}
COMPARED: Mapping[str, Callable[..., Any]] = {
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "In": lambda item, where: item in where,
    "NotIn": lambda item, where: item not in where,
}
_FIXED: Mapping[str, Type] = {
    **{name: INT for name in ("len", "int", "ord", "hash")},
    **{name: STR for name in ("str", "chr", "repr", "bin", "hex", "oct", "format", "ascii")},
    **{name: BOOL for name in ("bool", "any", "all", "callable")},
    "float": one("float"),
    "range": one("view", INT),
}
BUILTINS: Mapping[str, Callable[..., Any]] = (
    {
        each.__name__: each
        for each in (
            len,
            int,
            ord,
            hash,
            str,
            chr,
            repr,
            bin,
            hex,
            oct,
            format,
            ascii,
            bool,
            any,
            all,
            float,
            range,
        )
    }
    | {
        each.__name__: each
        for each in (
            sum,
            min,
            max,
            sorted,
            abs,
            round,
            list,
            set,
            tuple,
            dict,
            frozenset,
            enumerate,
            zip,
            reversed,
        )
    }
    | {each.__name__: each for each in (divmod, pow, iter, next)}
)
_CLASSES = {"None": type(None), "tuple*": tuple} | {
    each.__name__: each for each in (int, float, bool, str, complex, list, set, frozenset, dict, tuple)
}
_UNTRIED = frozenset(["format", "format_map", "translate", "encode", "to_bytes", "as_integer_ratio", "hex"])
"""Methods that are taken as they are, because what they give depends on the very value."""


@lru_cache(maxsize=4096)
def tried(how: Callable[..., Any], *types: Type, names: tuple[str, ...] = ()) -> Result:
    """Return the type that an operation gives; `IMPOSSIBLE` where every try says that the types do not go together.

    Args:
        how: The operation; it must do nothing but answer.
        types: Of what it is given; the last ones by name.
        names: The names of the last ones.
    """
    if any(each is not None and not each for each in types):
        return frozenset()
    counts = [len(list(islice(samples(each), _MANY + 1))) for each in types]
    if math.prod(counts) > _MANY:
        return None
    sure, found, wrong = all(map(certain, types)), list[Type](), 0
    for way in product(*map(range, counts)):
        given = [
            list(samples(kind))[index] for kind, index in zip(types, way, strict=True)
        ]  # anew: it may change
        first = len(given) - len(names)
        try:
            found.append(of_value(how(*given[:first], **dict(zip(names, given[first:], strict=True)))))
        except (TypeError, AttributeError):
            wrong += 1
        except Exception:  # noqa: BLE001 - possible, and nothing is known of what it gives
            found.append(None)
    if found:
        return join(*found) if not wrong or sure else None
    return IMPOSSIBLE if sure else None


def binary(name: str, left: Type, right: Type, *, changing: bool = False) -> Result:
    """Return what an operator gives; texts are put together by `%` in ways that nobody tries."""
    if name == "MatMult" or (name == "Mod" and left is not None and left & (STR or frozenset())):
        return STR if left == STR and name == "Mod" else None
    found = tried((CHANGING if changing else BINARY)[name], left, right)
    if name == "Pow" and found == INT:
        return join(INT, one("float"))
    if name == "Mult" and found and not isinstance(found, str) and any(s.name == "tuple" for s in found):
        return None  # nobody knows how often it is repeated
    return found


def called(name: str, types: Sequence[Type], names: tuple[str, ...]) -> Result:
    """Return what a built-in function gives."""
    if name == "print":
        return NONE
    if name not in BUILTINS:
        return None
    found = tried(BUILTINS[name], *types, names=names)
    if isinstance(found, str):
        return IMPOSSIBLE
    if name in _FIXED:
        return _FIXED[name]
    if name == "tuple" and types:
        return one("tuple*", None)  # as long as what it is made of, and samples are short
    if name == "sum":
        return join(found, *(types[1:] or [INT]))
    if name in ("min", "max"):
        values = types[: len(types) - len(names)]
        return join(*values) if len(values) > 1 else join(found, *types[1:])
    if name == "next":
        return join(found, *types[1:])
    return join(found, one("float")) if name == "pow" else found


@lru_cache(maxsize=1024)
def has(kind: Type, name: str) -> bool:
    """Return whether values of a type may have an attribute; yes where nobody knows."""
    if not kind:
        return True
    return any(shape.name not in _CLASSES or hasattr(_CLASSES[shape.name], name) for shape in kind)


def method(name: str, owner: Type, types: Sequence[Type], *, names: tuple[str, ...] = ()) -> Result:
    """Return what a method of a value gives."""
    if owner is None or name in _UNTRIED or any(shape.name in _ONCE for shape in owner):
        return None
    if name in ("get", "pop", "setdefault") and any(shape.name == "dict" for shape in owner):
        if len(owner) > 1 or not types or names:
            return None
        (table,) = owner
        other = types[1] if len(types) > 1 else NONE if name == "get" else table.inside[1]
        return join(table.inside[1], other)
    return NONE if name == "sort" else tried(_calling(name), owner, *types, names=names)


@lru_cache(maxsize=256)
def _calling(name: str) -> Callable[..., Any]:
    def call(value: Any, *given: Any, **named: Any) -> Any:
        return getattr(value, name)(*given, **named)

    return call


def walked(kind: Type) -> Result:
    """Return what is inside of what is walked through; `IMPOSSIBLE` where it cannot be."""
    if not kind:
        return kind
    found: list[Type] = []
    for shape in kind:
        if shape.name == "str":
            found.append(STR)
        elif shape.name == "dict":
            found.append(shape.inside[0])
        elif shape.inside or shape.name == "tuple":
            found.append(join(*shape.inside))
    return join(*found) if found else IMPOSSIBLE


def indexed(kind: Type, key: Type, *, sliced: bool = False) -> Result:
    """Return what stands at a place of something."""
    if not kind or (key is not None and not key):
        return kind and None
    found: list[Type] = []
    for shape in kind:
        whole: Type = frozenset({shape})
        if shape.name in _ONCE:
            return None
        if sliced:
            sequence = shape.name in ("str", "list", "tuple", "tuple*")
            if shape.name == "tuple":
                whole = one("tuple*", join(*shape.inside))
            found += [whole] * sequence
        elif shape.name == "dict":
            found += [shape.inside[1]] * (tried(_looked, whole, key) != IMPOSSIBLE)
        elif shape.name in ("str", "list", "tuple", "tuple*") and (key is None or key & _PLACES):
            found.append(STR if shape.name == "str" else join(*shape.inside))
    return join(*found) if found else IMPOSSIBLE


_PLACES = frozenset({*(INT or ()), *(BOOL or ())})


def _looked(table: dict[Any, Any], key: Any) -> Any:
    return table.get(key)
