"""How the small Python spells operations of the intermediate form, and what its methods and functions answer."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from agentic_diffusion_code.corpus.ir import Type

ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Div: "div",
    ast.Pow: "pow",
}
COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
}
METHODS: Mapping[str, Type] = {
    "upper": "str",
    "lower": "str",
    "strip": "str",
    "lstrip": "str",
    "rstrip": "str",
    "title": "str",
    "capitalize": "str",
    "swapcase": "str",
    "replace": "str",
    "split": "list[str]",
    "join": "str",
    "startswith": "bool",
    "endswith": "bool",
    "removeprefix": "str",
    "removesuffix": "str",
    "find": "int",
    "count": "int",
    "isdigit": "bool",
    "isalpha": "bool",
    "isalnum": "bool",
    "isupper": "bool",
    "islower": "bool",
    "isspace": "bool",
    "zfill": "str",
    "rjust": "str",
    "ljust": "str",
}
FUNCTIONS: Mapping[str, Type] = {
    "ord": "int",
    "chr": "str",
    "any": "bool",
    "all": "bool",
    "range": "list[int]",
}
MANY = frozenset({"len", "any", "all", "sum", "max", "min", "sorted", "unique", "values"})
"""Functions that look at what is in a list, a text or a dictionary, where they are given one thing."""
