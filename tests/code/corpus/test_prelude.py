"""Helpers of the small Python do what the operations do, on the inputs where they have a meaning."""

import pytest
from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.evaluate import compile_program
from agentic_diffusion_code.corpus.operations import OPERATIONS
from agentic_diffusion_code.corpus.prelude import helper, table

TEXTS = ("", "a", "Ab c", "aaa", "Z9", "  x\ty ", "123", "kayak")
ARGUMENTS = {
    "abs": [(n,) for n in (-3, 0, 4)],
    "max2": [(1, 2), (2, 2), (5, -1)],
    "min2": [(1, 2), (2, 2), (5, -1)],
    "pow": [(2, 10), (-3, 3), (7, 0)],
    "int": [("12",), ("-40",), ("0",)],
    "take": [([3, 1, 2], 2), ([1], 5), ([], 0)],
    "drop": [([3, 1, 2], 2), ([1], 5), ([], 0)],
    "slice": [([3, 1, 2], 1, 9), ([1, 2], 1, 1)],
    "every": [([3, 1, 2, 5], 2), ([], 3)],
    "extend": [([1], [2, 3]), ([], [])],
    "in_list": [(3, [1, 3]), (4, [])],
    "index": [([3, 1, 3], 3), ([3, 1], 1)],
    "count_list": [([3, 1, 3], 3), ([], 1)],
    "take_str": [(text, n) for text in TEXTS for n in (0, 2, 9)],
    "drop_str": [(text, n) for text in TEXTS for n in (0, 2, 9)],
    "slice_str": [(text, 1, n) for text in TEXTS for n in (1, 2, 9)],
    "every_str": [(text, n) for text in TEXTS for n in (1, 2)],
    "removeprefix": [(text, "a") for text in TEXTS],
    "removesuffix": [(text, "k") for text in TEXTS],
    "zfill": [(text, 4) for text in ("", "a", "12345")],
    "rjust": [(text, 4, "*") for text in TEXTS],
    "ljust": [(text, 4, "*") for text in TEXTS],
    "count": [(text, part) for text in TEXTS for part in ("a", "aa", "y ")],
}


@pytest.mark.parametrize("op", sorted(table()))
def test_a_helper_does_what_the_operation_does(op: str) -> None:
    function = helper(op, "int")
    assert function is not None
    lists = function.params[0][1].startswith("list")
    default = [([3, 1, 3],), ([2],)] if lists else [(text,) for text in TEXTS if text or "last" not in op]
    helpers = [made for name in ("max2", "min2", "in_list") if name != op and (made := helper(name, "int"))]
    run = compile_program(ir.Program((*helpers, function)))
    for arguments in ARGUMENTS.get(op, default):
        assert run(list(arguments)).value == OPERATIONS[op](*arguments), arguments


def test_names_tell_types_apart() -> None:
    assert helper("unique", "int").name != helper("unique", "str").name
    assert helper("unique", "str").returns == "list[str]"
    assert helper("title", "int") is None
