"""Compositions: typed, deterministic, and as deep as four."""

import itertools
import random

from agentic_diffusion_code.corpus.compose import compose, draw_stages
from agentic_diffusion_code.corpus.evaluate import compile_program
from agentic_diffusion_code.corpus.render_python import render
from agentic_diffusion_code.corpus.wording import Wording


def drawn(seed):
    rng = random.Random(seed)
    stages = draw_stages(rng)
    return stages, compose(stages, rng, Wording(rng, seen_only=True)) if stages else None


def test_stages_fit_each_other_and_programs_compile():
    depths = set()
    for seed in range(150):
        stages, made = drawn(seed)
        if made is None:
            continue
        depths.add(len(stages))
        assert all(a.target == b.source for a, b in itertools.pairwise(stages))
        compile(render(made.program), "x", "exec")
        compile_program(made.program)
        assert made.program.entry.returns == stages[-1].target
        assert "{" not in made.description.replace("'{", ""), made.description
        assert made.primitives == tuple(prim.name for stage in stages for prim in stage.prims)
    assert depths == {1, 2, 3, 4}


def test_the_same_seed_gives_the_same():
    assert drawn(7) == drawn(7)


def test_refusals_and_defaults_are_said():
    texts = [made.description for _, made in map(drawn, range(300)) if made]
    assert any("Raise a ValueError with the message" in text for text in texts)
    assert any("is empty" in text for text in texts)
    assert any("Add a docstring." in text for text in texts)
