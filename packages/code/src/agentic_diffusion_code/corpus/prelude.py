"""Operations in the small Python itself, for languages in which they are no expression of their own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from agentic_diffusion_code.corpus import ir, read
from agentic_diffusion_code.corpus.ir import Type


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """Return what is written in `prelude.toml`: from an operation to its name, type and body."""
    text = (files("agentic_diffusion_code.corpus") / "prelude.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def helper(op: str, element: Type) -> ir.Function | None:
    """Return a function that does what an operation does; None where there is none in the small Python.

    Args:
        op: The operation.
        element: The type of what is in the list, where the operation is about lists.
    """
    known = table().get(op)
    if known is None:
        return None
    generic = "T" in known["type"]
    params, returns = known["type"].replace("T", element).removeprefix("(").split(") -> ")
    types = tuple((name, kind) for name, kind in (each.split(": ", 1) for each in params.split(", ")))
    body = read.read_body(known["body"].replace("list[T]", f"list[{element}]"), types)
    suffix = {"int": "", "str": "_of_texts"}.get(element, f"_of_{element}") if generic else ""
    return ir.Function(known["name"] + suffix, types, returns, body)
