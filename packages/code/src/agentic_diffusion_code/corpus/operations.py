"""What each operation of the intermediate form means, as the reference evaluator computes it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

_MAX_REPEAT = 500


def _power(base: Any, exponent: Any) -> Any:
    if abs(exponent) > 64 or exponent < 0 or abs(base) > 10_000:
        raise ValueError("a large power")
    return base**exponent


def _repeat(text: str, times: int) -> str:
    if not 0 <= times <= _MAX_REPEAT:
        raise ValueError("a long text, or none")
    return text * times


def _within(index: int, size: int) -> int:
    if not 0 <= index < size:
        raise IndexError(index)
    return index


def _bound(index: int) -> int:
    if index < 0:
        raise IndexError(index)
    return index


def _every(items: Any, step: int) -> Any:
    if step < 1:
        raise ValueError("a step below one")
    return items[::step]


def _parse(text: str) -> int:
    digits = text[1:] if text[:1] == "-" else text
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("not a whole number")
    return int(text)


def _split_on(text: str, separator: str) -> list[str]:
    return text.split(separator)


def _range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > 5000:
        raise ValueError("a long range")
    return found


def _trunc(value: float) -> int:
    return int(value)


def _round(value: float, digits: int = 0) -> float:
    shifted = abs(value) * 10**digits % 1
    if abs(shifted - 0.5) < 1e-6:
        raise ValueError("half way: languages differ")
    return round(value, digits)


def _zfill(text: str, width: int) -> str:
    if text[:1] in ("-", "+"):
        raise ValueError("a sign: languages differ")
    return text.zfill(width)


def _count_text(text: str, part: str) -> int:
    if part == "":
        raise ValueError("an empty part")
    return text.count(part)


def _replace(text: str, old: str, new: str) -> str:
    if old == "":
        raise ValueError("an empty part")
    return text.replace(old, new)


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "div": operator.truediv,
    "pow": _power,
    "neg": operator.neg,
    "abs": abs,
    "not": operator.not_,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "max2": lambda a, b: a if a >= b else b,
    "min2": lambda a, b: a if a <= b else b,
    "trunc": _trunc,
    "round": _round,
    "float": float,
    "int": _parse,
    "str": str,
    "ord": ord,
    "chr": chr,
    "concat": operator.add,
    "extend": operator.add,
    "repeat": _repeat,
    "list": lambda *items: list(items),
    "in_str": lambda item, text: item in text,
    "in_list": lambda item, items: item in items,
    "is_empty": operator.not_,
    "in_dict": lambda key, table: key in table,
    "len_str": len,
    "len_list": len,
    "len_dict": len,
    "sum": sum,
    "max": max,
    "min": min,
    "any": any,
    "all": all,
    "range": _range,
    "sorted": sorted,
    "sorted_desc": lambda items: sorted(items, reverse=True),
    "sorted_keys": sorted,
    "sort_by": lambda items, key: sorted(items, key=key),
    "sort_by_desc": lambda items, key: sorted(items, key=key, reverse=True),
    "max_by": lambda items, key: max(items, key=key),
    "min_by": lambda items, key: min(items, key=key),
    "reverse": lambda items: items[::-1],
    "reverse_str": lambda text: text[::-1],
    "unique": lambda items: list(dict.fromkeys(items)),
    "values": lambda table: list(table.values()),
    "get": lambda table, key, other: table.get(key, other),
    "lookup": operator.getitem,
    "at": lambda items, index: items[_within(index, len(items))],
    "at_str": lambda text, index: text[_within(index, len(text))],
    "last": lambda items: items[-1],
    "last_str": lambda text: text[-1],
    "take": lambda items, count: items[: _bound(count)],
    "take_str": lambda text, count: text[: _bound(count)],
    "drop": lambda items, count: items[_bound(count) :],
    "drop_str": lambda text, count: text[_bound(count) :],
    "slice": lambda items, first, last: items[_bound(first) : _bound(last)],
    "slice_str": lambda text, first, last: text[_bound(first) : _bound(last)],
    "every": _every,
    "every_str": _every,
    "index": lambda items, item: items.index(item),
    "count_list": lambda items, item: items.count(item),
    "upper": str.upper,
    "lower": str.lower,
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "title": str.title,
    "capitalize": str.capitalize,
    "swapcase": str.swapcase,
    "replace": _replace,
    "split": str.split,
    "split_on": _split_on,
    "join": str.join,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "removeprefix": str.removeprefix,
    "removesuffix": str.removesuffix,
    "find": str.find,
    "count": _count_text,
    "isdigit": str.isdigit,
    "isalpha": str.isalpha,
    "isalnum": str.isalnum,
    "isupper": str.isupper,
    "islower": str.islower,
    "isspace": str.isspace,
    "zfill": _zfill,
    "rjust": str.rjust,
    "ljust": str.ljust,
}
