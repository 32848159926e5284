"""Names are followed where one function binds them plainly, and given up elsewhere."""

import ast

from agentic_diffusion_code.typed.names import bound, doubted, functions_of, local, with_defaults, yields

SOURCE = """
def f(a, b=1, *, c=2):
    import os
    x = [y for y in a]
    with open(b) as z:
        isinstance(c, int)
    def g():
        w = 1
        yield w
"""


def function() -> ast.FunctionDef:
    node = ast.parse(SOURCE).body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def test_names() -> None:
    node = function()
    assert local(node) == {"x", "y", "z", "w"}
    assert doubted(node) == {"os", "z", "c", "g", "w"}
    assert bound(node) == {"f", "a", "b", "c", "os", "x", "y", "z", "g", "w"}
    assert not yields(node)
    assert [default is not None for _, default in with_defaults(node)] == [False, True, True]


def test_functions_know_what_is_around_them() -> None:
    (outer, none), (inner, around) = functions_of(ast.parse(SOURCE), frozenset())
    assert (outer.name, none) == ("f", frozenset())
    assert inner.name == "g"
    assert "x" in around
    assert yields(inner)
