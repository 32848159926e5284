"""Saved models: there and back, and only with the vocabulary they belong to."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion.errors import StoreError
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.embedded import (
    decoding_of,
    load_coder,
    load_model,
    load_writer,
    save_model,
    shipped,
)
from agentic_diffusion_code.exercise import with_weights
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.tokens import Vocabulary
from agentic_diffusion_code.writes import Writes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    vocabulary = Vocabulary.load()
    shape = Shape(vocabulary.size, width=16, depth=1, heads=2)
    torch.manual_seed(0)
    facts = {
        "words": ["doubles"],
        "confidence": {"weights": [0.0] * 5, "bias": 0.0, "mean": [0.0] * 5, "scale": [1.0] * 5},
    }
    save_model(
        tmp_path, BlockTransformer(shape).state_dict(), shape=shape, vocabulary=vocabulary, facts=facts
    )
    return tmp_path


def test_a_saved_model_plans(folder: Path) -> None:
    decoding = Decoding(longest=32, bound=5.0)
    coder = load_coder(folder, count=0, rounds=0, decoding=decoding)
    assert isinstance(coder.writer, Writes)
    plan = coder.plan(asked("doubles a number"))
    assert plan.abstained or plan.chosen.value.source
    assert plan.unfamiliar is not None
    assert coder.confidence is not None
    writer, card = load_writer(folder)
    assert card["shape"]["width"] == 16
    assert writer.decoding == Decoding()


def test_a_loaded_coder_follows_compute(folder: Path) -> None:
    kinds = []
    coder = load_coder(
        folder, count=2, rounds=0, decoding=Decoding(longest=16, bound=5.0), compute=Compute("cpu", "bf16")
    )
    for layer in coder.writer.model.network.layers:
        layer.merge.register_forward_hook(lambda part, given, out: kinds.append(out.dtype))
    plan = coder.plan(asked("doubles a number"))
    assert set(kinds) == {torch.bfloat16}
    assert plan.device == "cpu"
    assert plan.memory.host > 10_000_000
    learned = with_weights(coder, coder.writer.model.network.state_dict())
    assert learned.writer.model.compute == Compute("cpu", "bf16")


def test_a_card_names_the_decoding_that_suits_its_weights() -> None:
    assert decoding_of({}) == Decoding()
    assert decoding_of({"decoding": {"block": 4, "bound": 0.1}}) == Decoding(block=4, bound=0.1)
    more = {"block": 4, "revise": 0.2, "end_penalty": 1, "reward": 2}
    assert decoding_of({"decoding": more}) == Decoding(block=4, revise=0.2, end_penalty=1.0, reward=2.0)
    with pytest.raises(StoreError, match="settings of Decoding"):
        decoding_of({"decoding": {"other": 1}})


def test_the_shipped_coder_writes_right_programs_and_refuses_wrong_ones() -> None:
    with ProcessSandbox() as sandbox:
        coder = load_coder(sandbox=sandbox, count=2, rounds=0)
        request = asked(
            "Return the vowels of the string `text`.",
            ["keep_vowels('hello') == 'eo'", "keep_vowels('sky') == ''"],
            signature="def keep_vowels(text: str) -> str:",
        )
        plan = coder.plan(request)
        assert not plan.abstained
        assert plan.chosen.value.source.startswith("def keep_vowels(text: str) -> str:")
        assert plan.chosen.verdict.evidence["tests"] == 2
        impossible = asked("Return the vowels of the string `text`.", ["f('hello') == 17"])
        assert coder.plan(impossible).abstained
    assert coder.writer.decoding.block == 4
    assert coder.confidence is not None


def test_other_vocabularies_are_refused(folder: Path) -> None:
    whole = Vocabulary.load()
    other = replace(whole, starts=whole.starts[:-1])
    with pytest.raises(StoreError, match="vocabulary"):
        load_model(folder, vocabulary=other)
    assert shipped().name == "weights"


def test_what_the_model_cannot_write_is_unfamiliar_whatever_its_words() -> None:
    coder = load_coder(count=0, rounds=0)
    known = coder.plan(
        asked("Return the largest number of the list.", signature="def f(xs: list[int]) -> int:")
    )
    other = coder.plan(
        asked("Return the greatest common divisor of `a` and `b`.", signature="def f(a: int, b: int) -> int:")
    )
    assert known.unfamiliar is not None
    assert other.unfamiliar is not None
    assert known.unfamiliar < 1 < other.unfamiliar
