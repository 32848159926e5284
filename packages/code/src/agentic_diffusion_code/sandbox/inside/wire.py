"""Plain data as text: the only thing that crosses the wall in either direction.

JSON, where every object has exactly one key, the name of a type that JSON lacks. So a value comes
out with the exact type that went in, and nothing but plain data can come out.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 64
MAX_NODES = 1_000_000
_SAFE_INT = 1 << 53  # what every language reads exactly
_MANY = 64

Plain = Any

_FLOAT = re.compile(r"nan|-?inf|-?[0-9]{1,25}")


class WireError(ValueError):
    """A value is not plain data, or a text is not the encoding of one."""


def encode(value: Plain) -> str:
    """Write a value; a subclass of a plain type is refused, as is anything too deep.

    Raises:
        WireError: When the value holds anything but plain data.
    """
    return json.dumps(tag(value), separators=(",", ":"))


def decode(text: str | bytes) -> Plain:
    """Read a value back, trusting nothing about the text.

    Raises:
        WireError: When the text is not exactly what `encode` could have written.
    """
    try:
        tree = json.loads(text, object_pairs_hook=_single, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not an encoded value: {type(error).__name__}") from None
    return untag(tree)


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) != 1:
        raise WireError("an object must have exactly one key")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise WireError(f"{name} is written as a tagged float")


def tag(value: Plain) -> Any:
    """Turn a value into the JSON tree that stands for it."""
    budget = [MAX_NODES]
    return _tag(value, MAX_DEPTH, budget)


def _tag(value: Plain, depth: int, budget: list[int]) -> Any:
    kind = type(value)
    if kind is int:
        return value if -_SAFE_INT < value < _SAFE_INT else {"int": hex(value)}
    if kind is str or kind is bool or value is None:
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if depth <= 0:
        raise WireError(f"deeper than {MAX_DEPTH} levels")
    if kind is list:
        return _tag_all(value, depth, budget)
    if kind is bytes:
        return {"bytes": value.hex()}
    if kind is complex:
        return {"complex": [_tag(value.real, 1, budget), _tag(value.imag, 1, budget)]}
    if kind is dict:
        return {"dict": [_tag_all(pair, depth, budget) for pair in value.items()]}
    name = _SEQUENCES.get(kind)
    if name is None:
        raise WireError(f"{_name(kind)} is not plain data")
    items = _tag_all(value, depth, budget)
    return {name: sorted(items, key=repr) if kind is not tuple else items}


def _tag_all(values: Any, depth: int, budget: list[int]) -> list[Any]:
    budget[0] -= len(values)
    if budget[0] < 0:
        raise WireError(f"more than {MAX_NODES} parts")
    return [_tag(item, depth - 1, budget) for item in values]


def _name(kind: type) -> str:
    name = type.__dict__["__name__"].__get__(kind)
    return name if type(name) is str else "a strange type"


_SEQUENCES: dict[type, str] = {tuple: "tuple", set: "set", frozenset: "frozenset"}


def untag(tree: Any, *, depth: int = MAX_DEPTH) -> Plain:
    """Turn a JSON tree back into the value it stands for.

    Raises:
        WireError: When a tag is unknown or its content does not fit.
    """
    kind = type(tree)
    if kind is int and not -_SAFE_INT < tree < _SAFE_INT:
        raise WireError("a large integer is written as a tagged one")
    if kind is float and not math.isfinite(tree):
        raise WireError("a float that is not finite is written as a tagged one")
    if kind is not list and kind is not dict:
        return tree
    if depth <= 0:
        raise WireError(f"deeper than {MAX_DEPTH} levels")
    if kind is list:
        return [untag(item, depth=depth - 1) for item in tree]
    if len(tree) != 1:
        raise WireError("an object must have exactly one key")
    ((name, content),) = tree.items()
    read = _READERS.get(name)
    if read is None:
        raise WireError(f"unknown tag {str(name)[:20]!r}")
    try:
        return read(content, depth)
    except WireError:
        raise
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise WireError(f"bad content of tag {name!r}: {type(error).__name__}") from None


def _int(content: Any, depth: int) -> int:
    if type(content) is not str or not content.lstrip("-").startswith("0x"):
        raise WireError("hexadecimal text expected")
    return int(content, 16)


def _float(content: Any, depth: int) -> float:
    if type(content) is not str or not _FLOAT.fullmatch(content):
        raise WireError("nan, inf, -inf or digits expected")
    return float(content)


def _complex(content: Any, depth: int) -> complex:
    real, imaginary = untag(content, depth=2)
    if type(real) is not float or type(imaginary) is not float:
        raise WireError("two floats expected")
    return complex(real, imaginary)


def _items(content: Any, depth: int) -> list[Any]:
    if type(content) is not list:
        raise WireError("a list expected")
    return [untag(item, depth=depth - 1) for item in content]


def _refuse_collisions(keys: list[Any]) -> None:
    """Refuse keys chosen so that a table of them takes quadratic time to build."""
    if len(keys) > _MANY:
        hashes = sorted(map(hash, keys))
        if any(a == b for a, b in zip(hashes, hashes[_MANY:], strict=False)):
            raise WireError("too many keys with one hash")


def _set(content: Any, depth: int) -> set[Any]:
    items = _items(content, depth)
    _refuse_collisions(items)
    found = set(items)
    if len(found) != len(items):
        raise WireError("repeated members")
    return found


def _dict(content: Any, depth: int) -> dict[Any, Any]:
    pairs = _items(content, depth + 1)
    if any(type(pair) is not list or len(pair) != 2 for pair in pairs):
        raise WireError("pairs expected")
    _refuse_collisions([key for key, _ in pairs])
    found = {key: value for key, value in pairs}
    if len(found) != len(pairs):
        raise WireError("repeated keys")
    return found


_READERS: dict[str, Callable[[Any, int], Any]] = {
    "int": _int,
    "float": _float,
    "complex": _complex,
    "bytes": lambda content, depth: bytes.fromhex(content),
    "tuple": lambda content, depth: tuple(_items(content, depth)),
    "set": _set,
    "frozenset": lambda content, depth: frozenset(_set(content, depth)),
    "dict": _dict,
}
