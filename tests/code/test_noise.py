"""Noise: nodes of the tree as ranges of tokens, and wrong tokens of the right class."""

import random
from itertools import islice

import pytest
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.noise import corrupt_visible, spans
from agentic_diffusion_code.stream import Kind
from agentic_diffusion_code.tokens import NAMES, Vocabulary

WORDS = Vocabulary.load()


def test_ranges_are_nodes():
    ids = WORDS.encode("x = f(1, a + b)\nreturn_value = 'é ü' + x\n", "python")
    texts = {WORDS.decode(ids[first:last], "python") for first, last in spans(ids, "python")}
    assert {"f(1, a + b)", "a + b", "'é ü' + x"} <= texts


@pytest.mark.parametrize("language", NAMES)
def test_every_language_has_ranges_inside_the_program(language, programs):
    ids = WORDS.encode(programs[language], language)
    found = spans(ids, language)
    assert len(found) > 10
    assert all(0 <= first < last <= len(ids) for first, last in found)


def test_wrong_tokens_are_of_the_right_class():
    changed = 0
    for task in islice(generate(seed=3), 20):
        ids = WORDS.encode(task.source, "python")
        wrong = corrupt_visible(ids, random.Random(1), share=0.3)
        assert len(wrong) == len(ids)
        assert [WORDS.kinds[a] for a in wrong] == [WORDS.kinds[b] for b in ids]
        assert all(
            a == b for a, b in zip(wrong, ids, strict=True) if WORDS.kinds[b] in (Kind.NEWLINE, Kind.REST)
        )
        changed += wrong != ids
        assert corrupt_visible(ids, random.Random(1), share=0.0) == ids
    assert changed == 20
