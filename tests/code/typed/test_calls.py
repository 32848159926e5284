"""Calls of functions, built-in ones and methods; see `test_reading` for what they give."""

import ast

from agentic_diffusion_code.typed.calls import Calls
from agentic_diffusion_code.typed.shapes import INT, NOTHING, STR, Type, one


def test_what_is_put_into_something_is_told() -> None:
    grown: list[tuple[str, Type]] = []
    types: dict[str, Type] = {"xs": one("list", NOTHING), "d": one("dict", STR, one("list", INT)), "q": None}
    reader = Calls(types, lambda node, said: None, lambda name, kind, node: grown.append((name, kind)), {})
    for text in ("xs.append(1)", "xs.extend('a')", "d['a'].append(1)", "q.append(1)"):
        reader.of(ast.parse(text, mode="eval").body)
    assert grown == [("xs", one("list", INT)), ("xs", one("list", STR)), ("d", None), ("q", None)]
