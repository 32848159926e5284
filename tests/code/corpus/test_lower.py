"""Lowered programs mean the same: the reference evaluator runs both, before any language is involved."""

import random

import pytest
from agentic_diffusion_code.corpus import ir, read
from agentic_diffusion_code.corpus.compose import compose, draw_stages
from agentic_diffusion_code.corpus.evaluate import compile_program
from agentic_diffusion_code.corpus.lower import lower
from agentic_diffusion_code.corpus.rows import cases_of
from agentic_diffusion_code.corpus.wording import Wording

KEPT = {
    *(
        "add",
        "sub",
        "mul",
        "lt",
        "le",
        "gt",
        "ge",
        "eq",
        "ne",
        "and",
        "or",
        "not",
        "neg",
        "concat",
        "mod",
        "floordiv",
    ),
    *(
        "len_list",
        "len_str",
        "len_dict",
        "at",
        "at_str",
        "ord",
        "chr",
        "upper",
        "lower",
        "startswith",
        "endswith",
    ),
}
TYPES = (("x", "int"), ("s", "str"), ("xs", "list[int]"), ("b", "bool"))


def bare(node: ir.Call) -> bool:
    """A language that has next to nothing."""
    return node.op in KEPT


def lists(program: ir.Program) -> int:
    """Count what is no plain expression any more."""
    found = 0

    def note(expr: ir.Expr) -> ir.Expr:
        nonlocal found
        reduces = isinstance(expr, ir.Call) and expr.op in (
            "sum",
            "any",
            "all",
            "max",
            "min",
            "max_by",
            "min_by",
        )
        found += isinstance(expr, ir.Comp | ir.Choose) or reduces
        return expr

    for function in program.functions:
        ir.rebuild_body(function.body, note)
    return found


def test_drawn_programs_mean_the_same() -> None:
    rng, seen = random.Random(4), 0
    while seen < 60:
        stages = draw_stages(rng)
        if not stages:
            continue
        made = compose(stages, rng, Wording(rng, seen_only=True))
        cases = cases_of(made, rng)
        if cases is None:
            continue
        lowered = lower(made.program, bare, ternary=False)
        assert lists(lowered) == 0
        run = compile_program(lowered)
        for arguments, answer in cases:
            assert run(arguments) == answer, (made.program, lowered)
        seen += 1


@pytest.mark.parametrize(
    ("text", "arguments", "answer"),
    [
        ("return len(xs) > 0 and max(xs) > x", [1, "", [], True], False),
        ("return len(xs) == 0 or max(xs) > x", [1, "", [], True], True),
        ("return sum(n for n in xs) if len(xs) > 1 else max(xs)", [0, "", [4], True], 4),
        ("while any(n > x for n in xs):\n    x += 1\nreturn x", [0, "", [3, 5], True], 5),
        ("return max(xs, key=lambda n: n % 10)", [0, "", [11, 29, 39], True], 29),
        ("return min(xs, key=lambda n: sum(k for k in range(n)))", [0, "", [3, 1, 0], True], 1),
        ("return [c for c in s if c not in 'ab'][::-1]", [0, "abcda", [], True], ["d", "c"]),
        ("return sum(sum(k for k in range(n)) for n in xs if n > 1)", [0, "", [1, 2, 3], True], 4),
        ("return 'yes' if b else 'no'", [0, "", [], False], "no"),
    ],
)
def test_what_stands_behind_a_test_stays_behind_it(text, arguments, answer) -> None:
    body = read.read_body(text, TYPES)
    program = ir.Program((ir.Function("f", TYPES, "int", body),))
    for kept in (bare, lambda node: True):
        assert compile_program(lower(program, kept, ternary=False))(arguments).value == answer


def test_a_choice_may_stay() -> None:
    program = ir.Program((ir.Function("f", TYPES, "int", read.read_body("return 1 if b else x", TYPES)),))
    assert lower(program, bare, ternary=True) == program
    assert lists(lower(program, bare, ternary=False)) == 0


def test_what_has_no_helper_is_left_for_the_renderer_to_refuse() -> None:
    program = ir.Program((ir.Function("f", TYPES, "str", read.read_body("return s.title()", TYPES)),))
    assert lower(program, bare, ternary=False) == program
