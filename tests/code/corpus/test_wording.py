"""Words: plural, constants, defaults, and phrases kept from training."""

import random

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.split import phrase_is_held
from agentic_diffusion_code.corpus.wording import Wording, plural, value_words


def test_verbs():
    assert [plural(verb) for verb in ("is", "has", "starts", "lies")] == ["are", "have", "start", "lie"]


def test_values():
    said = [
        value_words(ir.Lit(*pair))
        for pair in ((0, "int"), ("", "str"), (None, "list[int]"), (None, "dict[str, int]"))
    ]
    assert said == ["0", "an empty text", "an empty list", "an empty dictionary"]


def test_training_never_uses_a_held_phrase():
    wording = Wording(random.Random(0), seen_only=True)
    for number in range(300):
        wording.pick(f"thing {number}", ("a", "b", "c"))
    assert not any(phrase_is_held(*used) for used in wording.used)
    other = Wording(random.Random(0), seen_only=False)
    for number in range(300):
        other.pick(f"thing {number}", ("a", "b", "c"))
    assert any(phrase_is_held(*used) for used in other.used)
