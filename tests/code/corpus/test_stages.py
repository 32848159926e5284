"""Patterns: each means what its name says."""

import random

import pytest
from agentic_diffusion_code.corpus.build import Builder
from agentic_diffusion_code.corpus.catalogue import everything
from agentic_diffusion_code.corpus.evaluate import compile_program
from agentic_diffusion_code.corpus.stages import Stage, build, patterns, target_of

PRIMS = {(prim.name, prim.source): prim for prim in everything()}
EVEN, SQUARE, LAST = (PRIMS[name, "int"] for name in ("is_even", "square", "last_digit"))


def run(name, prims, kind, value):
    pattern = patterns()[name]
    target = target_of(pattern, kind, prims)
    assert target is not None
    stage = Stage(kind, target, prims, pattern, tuple({} for _ in prims))
    builder = Builder(kind, random.Random(0))
    return compile_program(builder.function("f", build(stage, builder.subject, builder), ""))([value]).value


XS = [5, 14, 24, 3, 2]


@pytest.mark.parametrize(
    ("name", "prims", "value"),
    [
        ("filter", (EVEN,), [14, 24, 2]),
        ("reject", (EVEN,), [5, 3]),
        ("map", (LAST,), [5, 4, 4, 3, 2]),
        ("count", (EVEN,), 3),
        ("any", (EVEN,), True),
        ("all", (EVEN,), False),
        ("first_where", (EVEN,), 14),
        ("last_where", (EVEN,), 2),
        ("index_where", (EVEN,), [1, 2, 4]),
        ("take_while", (EVEN,), []),
        ("sum_by", (LAST,), 18),
        ("sort_by", (LAST,), [2, 3, 14, 24, 5]),
        ("max_by", (LAST,), 5),
        ("min_by", (LAST,), 2),
        ("group_by", (LAST,), {5: [5], 4: [14, 24], 3: [3], 2: [2]}),
        ("count_by", (LAST,), {5: 1, 4: 2, 3: 1, 2: 1}),
        ("table_of", (LAST,), {5: 5, 14: 4, 24: 4, 3: 3, 2: 2}),
        ("unique_by", (LAST,), [5, 14, 3, 2]),
    ],
)
def test_patterns_over_lists(name, prims, value):
    assert run(name, prims, "list[int]", XS) == value


@pytest.mark.parametrize(
    ("name", "prims", "value"),
    [
        ("branch", (EVEN, SQUARE, LAST), 196),
        ("plus", (SQUARE, LAST), 200),
        ("minus", (SQUARE, LAST), 192),
        ("greater", (SQUARE, LAST), 196),
        ("equal", (SQUARE, LAST), False),
        ("pair", (SQUARE, LAST), [196, 4]),
        ("followed_by", (PRIMS["to_text", "int"], PRIMS["ordinal_even_odd", "int"]), "14even"),
    ],
)
def test_patterns_of_two(name, prims, value):
    assert run(name, prims, "int", 14) == value


def test_every_pattern_is_covered_above():
    marks = (*test_patterns_over_lists.pytestmark, *test_patterns_of_two.pytestmark)
    assert {case[0] for mark in marks for case in mark.args[1]} == set(patterns())


def test_what_makes_no_sense_has_no_type():
    upper = PRIMS["upper", "str"]
    assert target_of(patterns()["sum_by"], "list[str]", (upper,)) is None
    assert target_of(patterns()["plus"], "int", (SQUARE, SQUARE)) is None
    assert target_of(patterns()["group_by"], "list[str]", (PRIMS["words", "str"],)) is None


def test_labels_and_partiality():
    assert Stage("list[int]", "int", (SQUARE,), patterns()["max_by"]).partial
    assert Stage("list[int]", "int", (SQUARE,), patterns()["map"]).label == "map(square)"
    assert Stage("list[int]", "int", (PRIMS["largest", "list[int]"],)).partial
