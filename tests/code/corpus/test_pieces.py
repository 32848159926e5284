"""Primitives."""

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.pieces import Constant, Prim

K = Constant("k", "int", (2, 3))


def test_a_predicate_is_said_of_one():
    assert Prim("even", "int", "bool", "x % 2 == 0", ("is even",)).is_predicate
    assert not Prim("sorted", "list[int]", "bool", "x == x", ("whether {x} is sorted",)).is_predicate


def test_bodies_are_expressions_or_statements():
    plus = Prim("plus", "int", "int", "x + k", ("{x} plus {k}",), (K,))
    assert plus.is_expression
    assert plus.types == (("x", "int"), ("k", "int"))
    assert plus.statements() == (ir.Return(plus.expression()),)
    loop = Prim("loop", "int", "int", "n = x\nreturn n", ("{x}",))
    assert not loop.is_expression
    assert len(loop.statements()) == 2
