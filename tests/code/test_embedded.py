"""Saved models: there and back, and only with the vocabulary they belong to."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion.errors import StoreError
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.embedded import load_coder, load_model, load_writer, save_model, shipped
from agentic_diffusion_code.model.decode import Decoding
from agentic_diffusion_code.tokens import Vocabulary
from agentic_diffusion_code.writes import Writes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    vocabulary = Vocabulary.load()
    shape = Shape(vocabulary.size, width=16, depth=1, heads=2)
    torch.manual_seed(0)
    facts = {
        "words": ["doubles"],
        "confidence": {"weights": [0.0] * 9, "bias": 0.0, "mean": [0.0] * 9, "scale": [1.0] * 9},
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


def test_other_vocabularies_are_refused(folder: Path) -> None:
    whole = Vocabulary.load()
    other = replace(whole, starts=whole.starts[:-1])
    with pytest.raises(StoreError, match="vocabulary"):
        load_model(folder, vocabulary=other)
    assert shipped().name == "weights"
