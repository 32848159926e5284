"""Wrong variants: each differs from the right program in one place."""

import random

from agentic_diffusion_code.corpus import ir, mutate, read
from agentic_diffusion_code.corpus.render_python import render

TYPES = (("xs", "list[int]"), ("s", "str"))
TEXT = "if s == 'a':\n    return 0\nreturn sum(n + 1 for n in xs[::-1] if n > 2) if True else xs[-1]"
PROGRAM = ir.Program((ir.Function("f", TYPES, "int", read.read_body(TEXT, TYPES), "Say."),))


def test_every_place_gives_another_program():
    count = mutate.sites(PROGRAM)
    texts = {render(mutate.mutant(PROGRAM, site)) for site in range(count)}
    assert len(texts) == count > 8
    assert render(PROGRAM) not in texts


def test_some_are_drawn_without_repeats():
    found = mutate.mutants(PROGRAM, 5, random.Random(0))
    assert len({render(each) for each in found}) == 5
    assert len(mutate.mutants(PROGRAM, 999, random.Random(0))) == mutate.sites(PROGRAM)
    assert mutate.mutants(PROGRAM, 5, random.Random(0)) == found
