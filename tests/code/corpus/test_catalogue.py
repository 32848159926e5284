"""The tables of primitives: many, distinct, typed, and said in more than one way."""

import random

import pytest
from agentic_diffusion.errors import ContractError
from agentic_diffusion_code.corpus import inputs, ir
from agentic_diffusion_code.corpus.catalogue import everything, read_table
from agentic_diffusion_code.corpus.evaluate import UnfitError, compile_program


def test_there_are_many():
    assert len({prim.name for prim in everything()}) >= 250
    assert len({(prim.name, prim.source) for prim in everything()}) == len(everything())


def test_each_is_typed_and_said_in_two_ways():
    for prim in everything():
        assert len(set(prim.phrases)) >= 2, prim.name
        names = {each.name for each in prim.constants}
        for phrase in prim.phrases:
            said = {name for name in ("k", "m", "s", "r", "t") if f"{{{name}}}" in phrase}
            assert said <= names, prim.name
            assert prim.is_predicate or "{x}" in phrase, prim.name
        if prim.is_expression:
            assert prim.expression().type == prim.target, prim.name


def test_each_answers_most_of_its_own_inputs_in_more_than_one_way():
    rng = random.Random(0)
    for prim in everything():
        run = compile_program(ir.Program((ir.Function("f", prim.types, prim.target, prim.statements()),)))
        answers = []
        for _ in range(120):
            constants = [rng.choice(each.choices) for each in prim.constants]
            try:
                answers.append(run([inputs.make(prim.source, prim.domain, rng), *constants]))
            except UnfitError:
                continue
        assert len(answers) >= 40, prim.name
        assert len({repr(answer) for answer in answers}) > 1, prim.name


def test_mistakes_in_a_table_are_said():
    with pytest.raises(ContractError, match="colour"):
        list(read_table('[a]\ntype = "int -> int"\nbody = "x"\nphrases = ["{x}"]\ncolour = 1'))
    with pytest.raises(ContractError, match="entry a"):
        list(read_table('[a]\ntype = "int -> int"\nbody = "x"\nphrases = ["{x}"]\ndomain = "moon"'))
