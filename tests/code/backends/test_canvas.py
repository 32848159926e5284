"""DiffusionGemma as the library has it: the prompt for its encoder, the holes of its canvas filled with noise."""

from types import SimpleNamespace

import pytest
import torch
from agentic_diffusion.denoising.state import generator
from agentic_diffusion_code.backends import hub
from agentic_diffusion_code.backends.cached import Keeps, KeptModel
from agentic_diffusion_code.backends.canvas import Canvas, canvas
from agentic_diffusion_code.backends.hub import Source
from agentic_diffusion_code.backends.masked import MaskedModel, two_way
from agentic_diffusion_code.backends.renoised import renoised, without_mask
from agentic_diffusion_code.model.decode import write
from agentic_diffusion_code.model.decoding import Decoding
from torch import nn

SIZE = 32
MARKS = without_mask(size=SIZE, end=2, pad=0)
PROGRAM = [3, 4, 5, 6, 7, 2, 0, 0]


class Knows(nn.Module):
    """Says the program on its canvas, and like the library's class draws one where it is given none."""

    def __init__(self) -> None:
        super().__init__()
        self.model = SimpleNamespace(encoder=self.encode)
        self.shown: list[tuple[list[int], torch.Tensor]] = []

    def encode(self, input_ids: torch.Tensor, past_key_values: object = None) -> SimpleNamespace:
        past = past_key_values or SimpleNamespace(tokens=input_ids[:, :0], batch_select_indices=None)
        past.tokens = torch.cat([past.tokens.expand(len(input_ids), -1), input_ids], dim=1)
        past.batch_select_indices = lambda index: setattr(past, "tokens", past.tokens[index])
        return SimpleNamespace(past_key_values=past)

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        decoder_input_ids: torch.Tensor | None = None,
        past_key_values: object = None,
    ) -> SimpleNamespace:
        past = self.encode(input_ids).past_key_values if input_ids is not None else past_key_values
        if decoder_input_ids is None:
            decoder_input_ids = torch.randint(SIZE, (len(past.tokens), 8))
        self.shown.append((past.tokens[0].tolist(), decoder_input_ids))
        logits = torch.zeros(*decoder_input_ids.shape, SIZE)
        begun = past.tokens.shape[1] - 2
        for place in range(decoder_input_ids.shape[1]):
            logits[:, place, PROGRAM[begun + place]] = 9.0
        return SimpleNamespace(logits=logits)


def test_prompt_and_canvas_go_in_by_two_ways() -> None:
    for kind in ("asked", "kept"):
        network = Knows()
        model = (
            MaskedModel(renoised(canvas(network), size=SIZE), MARKS)
            if kind == "asked"
            else KeptModel(Canvas(network, SIZE), MARKS)
        )
        *_, draft = write(model, [8, 9], count=2, rng=generator(0), decoding=Decoding(block=4))
        assert draft.tokens.tolist() == [PROGRAM, PROGRAM]
        assert [before for before, _ in network.shown] == [[8, 9], [8, 9, 3, 4, 5, 6]]
        for _, shown in network.shown:
            assert shown.shape == (2, 4)
            assert int(shown.max()) < SIZE
    assert isinstance(Canvas(network, SIZE), Keeps)


def tiny(library):
    """Return a DiffusionGemma of two layers with random weights."""
    text = library.DiffusionGemmaTextConfig(
        vocab_size=SIZE,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        global_head_dim=8,
        num_global_key_value_heads=1,
        num_experts=2,
        top_k_experts=1,
        moe_intermediate_size=8,
        max_position_embeddings=64,
        sliding_window=8,
        layer_types=["sliding_attention", "full_attention"],
    )
    eye = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    seen = library.Gemma4VisionConfig(num_key_value_heads=2, head_dim=8, **eye)
    config = library.DiffusionGemmaConfig(text_config=text, vision_config=seen, canvas_length=8)
    torch.manual_seed(0)
    return library.DiffusionGemmaForBlockDiffusion(config)


@pytest.mark.slow
def test_the_class_of_the_library_is_loaded_and_asked_rightly(tmp_path) -> None:
    library = pytest.importorskip("transformers")
    tiny(library).save_pretrained(tmp_path)
    network = hub.load(Source(str(tmp_path), loading="canvas", dtype="float32"))
    prompt, block = [8, 9, 10], torch.tensor([[3, 4, 5, 6], [7, 8, 9, 10]])
    asked = MaskedModel(renoised(canvas(network), size=SIZE), MARKS).open(prompt)
    kept = KeptModel(Canvas(network, SIZE), MARKS).open(prompt)
    with torch.inference_mode():
        own = network(input_ids=torch.tensor([prompt] * 2), decoder_input_ids=block).logits
    for reading in (asked, kept):
        assert torch.allclose(reading.look(block)[..., :SIZE], own, atol=1e-5)
        assert torch.allclose(reading.look(block[1:])[0, :, :SIZE], own[1], atol=1e-5)
        reading.keep(torch.arange(20).reshape(2, 10) % 30)  # more than the window of its sliding layer
        reading.pick(torch.tensor([1, 1]))
    assert torch.allclose(asked.look(block), kept.look(block), atol=1e-5)
    # the way that was documented once: a canvas of its own, so that no two answers are alike
    wrong = [MaskedModel(two_way(network), MARKS).open(prompt).look(block[:, :2]) for _ in range(2)]
    assert not torch.allclose(*wrong)
    *_, draft = write(
        KeptModel(Canvas(network, SIZE), MARKS),
        prompt,
        count=2,
        rng=generator(0),
        decoding=Decoding(block=8, longest=16),
    )
    assert int(draft.tokens.max()) < SIZE
