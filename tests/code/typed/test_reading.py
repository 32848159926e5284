"""Expressions have the type of what they give, and targets share it out."""

import ast

import pytest
from agentic_diffusion_code.typed.calls import Calls, Signature
from agentic_diffusion_code.typed.reading import unpacked
from agentic_diffusion_code.typed.shapes import INT, STR, Type, one, written


def kind(text: str) -> tuple[str, list[str]]:
    """Return the type of an expression, and what is reported of it."""
    told: list[str] = []
    types: dict[str, Type] = {"n": INT, "s": STR, "xs": one("list", INT), "d": one("dict", STR, INT)}
    twice = {"twice": Signature(("a",), (INT,), INT, 1)}
    reader = Calls(types, lambda node, said: told.append(said), lambda name, kind, node: None, twice)
    return written(reader.of(ast.parse(text, mode="eval").body)), told


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("n + 1", "int"),
        ("n / 2", "float"),
        ("n ** 2", "int"),
        ("[str(x) for x in xs]", "list[str]"),
        ("{k: v for k, v in d.items()}", "dict[str, int]"),
        ("(n, s)", "tuple[int, str]"),
        ("s if n else n", "int | str"),
        ("f'{n}'", "str"),
        ("xs[1:]", "list[int]"),
        ("n < 3", "bool"),
        ("list(map(twice, xs))", "list[int]"),
        ("max(xs, key=lambda x: -x)", "int"),
        ("dict.fromkeys(xs)", "Any"),
        ("[*xs, s]", "list[int | str]"),
        ("unknown(n)", "Any"),
        ("{**d}", "dict[Any, Any]"),
    ],
)
def test_types_of_expressions(text: str, wanted: str) -> None:
    assert kind(text) == (wanted, [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("twice(s)", "`twice(s)` is given str where int is declared"),
        ("twice(n, n)", "`twice(n, n)` is given 2 arguments"),
        ("list(map(twice, s))", "`twice(…)` is given str where int is declared"),
        ("s < n", "`s < n`: str and int do not go together"),
        ("xs[s:]", "`s:` cuts at str"),
        ("-s", "`-s` is impossible for str"),
    ],
)
def test_what_is_impossible_is_told(text: str, told: str) -> None:
    assert kind(text)[1] == [told]


def test_targets_share_out() -> None:
    target = ast.parse("a, (b, c)", mode="eval").body
    shared = unpacked(target, one("tuple", INT, one("tuple", STR, INT)))
    assert shared == [("a", INT), ("b", STR), ("c", INT)]
