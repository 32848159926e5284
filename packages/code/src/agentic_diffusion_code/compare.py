"""Compares what came back with what was expected: exact types, plain data, outside the fence."""

from __future__ import annotations

import math
from typing import Any

_SEQUENCES = (list, tuple)
_SETS = (set, frozenset)


def same(got: Any, expected: Any, *, tolerance: float = 0.0, one_number: bool = False) -> bool:
    """Say whether two plain values are equal.

    Two numbers are compared as numbers only when both are of the same type: 1, 1.0 and True are
    three different values. NaN equals NaN.

    Args:
        got: What a program returned, decoded from plain data.
        expected: What was wanted.
        tolerance: How far floats may be apart, relative to the larger or absolutely.
        one_number: For languages with one type of number: 1 and 1.0 are the same.
    """
    if one_number and type(got) in (int, float) and type(expected) in (int, float):
        return _numbers(float(got), float(expected), tolerance)
    kind = type(expected)
    if type(got) is not kind:
        return one_number and _alike(got, expected, tolerance)
    if kind is float:
        return _numbers(got, expected, tolerance)
    if kind is complex:
        return _numbers(got.real, expected.real, tolerance) and _numbers(got.imag, expected.imag, tolerance)
    if kind in _SEQUENCES:
        return len(got) == len(expected) and all(
            same(a, b, tolerance=tolerance, one_number=one_number) for a, b in zip(got, expected, strict=True)
        )
    if kind is dict:
        return _dicts(got, expected, tolerance, one_number)
    if kind in _SETS:
        return _sets(got, expected, tolerance, one_number)
    return bool(got == expected)


def _alike(got: Any, expected: Any, tolerance: float) -> bool:
    """Compare across types where the other language has only one of them."""
    if type(got) is list and type(expected) is tuple:
        return same(got, list(expected), tolerance=tolerance, one_number=True)
    if type(got) is set and type(expected) is frozenset:
        return same(got, set(expected), tolerance=tolerance, one_number=True)
    return False


def _numbers(got: float, expected: float, tolerance: float) -> bool:
    if math.isnan(got) or math.isnan(expected):
        return math.isnan(got) and math.isnan(expected)
    if tolerance == 0 or math.isinf(got) or math.isinf(expected):
        return got == expected
    return math.isclose(got, expected, rel_tol=tolerance, abs_tol=tolerance)


def _dicts(got: Any, expected: Any, tolerance: float, one_number: bool) -> bool:
    """Compare by exact keys; the order in which they were put in does not count."""
    if len(got) != len(expected):
        return False
    keys = {_typed(key): value for key, value in got.items()}
    for key, value in expected.items():
        if _typed(key) not in keys:
            return False
        other = keys[_typed(key)]
        if not same(other, value, tolerance=tolerance, one_number=one_number):
            return False
    return True


def _sets(got: Any, expected: Any, tolerance: float, one_number: bool) -> bool:
    if len(got) != len(expected):
        return False
    if {_typed(item) for item in got} == {_typed(item) for item in expected}:
        return True
    if tolerance == 0 and not one_number:
        return False
    left = list(got)
    for item in expected:
        for index, other in enumerate(left):
            if same(other, item, tolerance=tolerance, one_number=one_number):
                del left[index]
                break
        else:
            return False
    return True


def _typed(value: Any) -> Any:
    """Make a key that tells 1, 1.0 and True apart, at every depth."""
    if type(value) in (tuple, frozenset):
        parts = [_typed(item) for item in value]
        return type(value), tuple(parts) if type(value) is tuple else frozenset(parts)
    if type(value) is float and math.isnan(value):
        return float, "nan"
    return type(value), value


def same_output(got: str, expected: str) -> bool:
    """Compare printed text; spaces at line ends and empty lines at the end do not count."""
    return _lines(got) == _lines(expected)


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines
