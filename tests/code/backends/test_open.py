"""From a folder to a writer: families are told by their configuration, and tiny checkpoints of each kind are opened."""

import json
from pathlib import Path

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.backends import open as opening
from agentic_diffusion_code.backends.cached import KeptModel
from agentic_diffusion_code.backends.canvas import Canvas
from agentic_diffusion_code.backends.hub import HubTokens, Source
from agentic_diffusion_code.backends.masked import MaskedModel
from agentic_diffusion_code.backends.open import family_of, open_writer, resolved
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.sandbox import ProcessSandbox
from checkpoint import SAID, byte_tokens, masked

REQUEST = asked("doubles a number", ["f(2) == 4"], signature="def f(x):")


@pytest.mark.parametrize(
    ("told", "family"),
    [
        ({"model_type": "Dream"}, "dream"),
        ({"model_type": "llada"}, "llada"),
        ({"model_type": "llada2_moe"}, "blocks"),
        ({"model_type": "diffusion_gemma"}, "canvas"),
        ({"model_type": "bert", "architectures": ["BertForMaskedLM"]}, "masked"),
        ({"model_type": "bd3lm", "auto_map": {"AutoModelForMaskedLM": "a.b"}}, "masked"),
    ],
)
def test_a_configuration_tells_the_family(told: dict[str, object], family: str) -> None:
    assert family_of(told) == family


def test_what_is_no_diffusion_model_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(opening, "facts", lambda source: {"model_type": "llama"})
    with pytest.raises(InvalidConfigError, match="left to right"):
        resolved(Source(str(tmp_path)))
    with pytest.raises(InvalidConfigError, match="'other'"):
        resolved(Source(str(tmp_path)), "other")
    assert resolved(Source(str(tmp_path)), "cached") == "cached"


@pytest.mark.slow
def test_a_checkpoint_answers_with_a_verified_program(tmp_path: Path, fence: ProcessSandbox) -> None:
    library = pytest.importorskip("transformers")
    prompt = HubTokens(byte_tokens(library), None, chat=True)
    begun = byte_tokens(library).decode(prompt.asked(REQUEST))
    writer = open_writer(Source(str(masked(tmp_path, begun))))
    assert isinstance(writer.model, MaskedModel)
    assert writer.decoding.block == 32
    plan = Coder(writer, fence, count=0, rounds=0).plan(REQUEST)
    assert plan.chosen.value.source == SAID
    assert plan.confidence > 0.5
    assert min(plan.chosen.value.lines) > 0.1


@pytest.mark.slow
def test_other_kinds_are_opened_with_their_caches(tmp_path: Path) -> None:
    library = pytest.importorskip("transformers")
    tokens = byte_tokens(library)
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    heads = {"num_key_value_heads": 1, "head_dim": 8}
    text = {**shape, **heads, "global_head_dim": 8, "num_global_key_value_heads": 1, "num_experts": 2}
    gemma = library.DiffusionGemmaConfig(
        text_config=library.DiffusionGemmaTextConfig(
            vocab_size=len(tokens), top_k_experts=1, moe_intermediate_size=8, **text
        ),
        vision_config=library.Gemma4VisionConfig(**{**shape, "num_key_value_heads": 2, "head_dim": 8}),
    )
    qwen = library.Qwen3Config(vocab_size=len(tokens), eos_token_id=[256, 257], **shape, **heads)
    for name, model in (
        ("canvas", library.DiffusionGemmaForBlockDiffusion(gemma)),
        ("cached", library.Qwen3ForCausalLM(qwen)),
    ):
        model.save_pretrained(tmp_path / name)
        tokens.save_pretrained(tmp_path / name)
        family = "cached" if name == "cached" else None
        decoding = Decoding(block=8, bound=5.0, longest=16, again=0)
        writer = open_writer(Source(str(tmp_path / name)), family=family, decoding=decoding)
        assert isinstance(writer.model, KeptModel)
        assert isinstance(writer.model.keeps, Canvas) == (name == "canvas")
        assert writer.tokens.mask == (len(tokens) if name == "canvas" else tokens.mask_token_id)
        *_, sketch = writer.write(REQUEST, count=2, seed=0, temperature=1.0)
        assert len(sketch.sources) == 2
    config = json.loads((tmp_path / "cached" / "config.json").read_text())
    assert family_of({**config, "architectures": ["X"], "model_type": "sdar"}) == "blocks"
