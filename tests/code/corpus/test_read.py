"""Reading the Python that primitives are written in."""

import pytest
from agentic_diffusion.errors import ContractError
from agentic_diffusion_code.corpus import ir, read

TYPES = (("x", "int"), ("s", "str"), ("xs", "list[int]"), ("d", "dict[str, int]"))


@pytest.mark.parametrize(
    ("text", "op", "kind"),
    [
        ("x + 1", "add", "int"),
        ("s + 'a'", "concat", "str"),
        ("xs + xs", "extend", "list[int]"),
        ("s * 2", "repeat", "str"),
        ("x / 2", "div", "float"),
        ("not x > 1", "not", "bool"),
        ("s not in s", "not", "bool"),
        ("0 < x < 5", "and", "bool"),
        ("xs[-1]", "last", "int"),
        ("s[0]", "at_str", "str"),
        ("d[s]", "lookup", "int"),
        ("xs[1:3]", "slice", "list[int]"),
        ("s[::2]", "every_str", "str"),
        ("xs[::-1]", "reverse", "list[int]"),
        ("sorted(d)", "sorted_keys", "list[str]"),
        ("max(x, 1)", "max2", "int"),
        ("min(xs)", "min", "int"),
        ("d.get(s, 0)", "get", "int"),
        ("s.split(',')", "split_on", "list[str]"),
        ("xs.count(1)", "count_list", "int"),
        ("xs.index(1)", "index", "int"),
        ("int(x / 2)", "trunc", "int"),
        ("f'{x}{s}'", "concat", "str"),
        ("-x", "neg", "int"),
        ("sum(values(d))", "sum", "int"),
        ("sorted(xs, reverse=True)", "sorted_desc", "list[int]"),
        ("[1, x]", "list", "list[int]"),
    ],
)
def test_expressions_have_operations_and_types(text, op, kind):
    found = read.read_expr(text, TYPES)
    assert isinstance(found, ir.Call)
    assert (found.op, found.type) == (op, kind)


def test_negative_numbers_are_literals():
    assert read.read_expr("-3", ()) == ir.Lit(-3, "int")


@pytest.mark.parametrize("text", ["y", "print(x)", "{1: 2}", "s.encode()"])
def test_what_is_not_in_the_language_is_refused(text):
    with pytest.raises(ContractError):
        read.read_expr(text, TYPES)


def test_statements_outside_the_language_are_refused():
    with pytest.raises(ContractError, match="statement"):
        read.read_body("import os", ())
