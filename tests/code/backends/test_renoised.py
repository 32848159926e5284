"""Models without a mask: holes become random tokens, the decoder writes as ever, one candidate as many."""

from types import SimpleNamespace

import torch
from agentic_diffusion.denoising.state import generator
from agentic_diffusion_code.backends.masked import MaskedModel, block_causal, shifted, two_way
from agentic_diffusion_code.backends.renoised import renoised, without_mask
from agentic_diffusion_code.model.decode import fill, write
from agentic_diffusion_code.model.decoding import Decoding
from torch import nn

SIZE = 12
PROGRAM = [3, 4, 5, 6, 7, 2, 0, 0]
MARKS = without_mask(size=SIZE, end=2, pad=0)


class Knows(nn.Module):
    """Says the program after a prompt of two tokens and notes what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.shown: list[torch.Tensor] = []

    def forward(self, input_ids: torch.Tensor) -> SimpleNamespace:
        self.shown.append(input_ids)
        logits = torch.zeros(*input_ids.shape, SIZE)
        for place in range(2, input_ids.shape[1]):
            logits[:, place, PROGRAM[place - 2]] = 9.0
        return SimpleNamespace(logits=logits)


class Tiny(nn.Module):
    """A random network with attention, of the interface of the library's models."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.embed = nn.Embedding(SIZE + 1, 16)
        self.places = nn.Embedding(64, 16)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
        self.head = nn.Linear(16, SIZE + 1)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> SimpleNamespace:
        h = self.embed(input_ids) + self.places(torch.arange(input_ids.shape[1]))
        mask = None if attention_mask is None else attention_mask[0, 0]
        return SimpleNamespace(logits=self.head(self.layer(h, src_mask=mask)))


def test_the_program_is_written_out_of_noise() -> None:
    network = Knows()
    model = MaskedModel(renoised(two_way(network), size=SIZE), MARKS)
    *_, draft = write(model, [8, 9], count=2, rng=generator(0), decoding=Decoding(block=4))
    assert draft.tokens.tolist() == [PROGRAM, PROGRAM]
    for shown in network.shown:
        assert int(shown.max()) < SIZE
        assert shown[:, :2].tolist() == [[8, 9]] * len(shown)


def test_noise_is_drawn_anew_and_what_is_known_stays() -> None:
    network = Knows()
    ask = renoised(two_way(network), size=SIZE, seed=1)
    hole, block = SIZE, torch.zeros(8)
    one, two = torch.full((1, 8), hole), torch.full((1, 8), hole)
    two[0, 2] = 3
    for tokens in (one, two, two):
        logits = ask(tokens, block)
        assert logits.shape == (1, 8, SIZE + 1)
        assert bool(logits[..., SIZE].isneginf().all())
    first, second, again = network.shown
    assert second[0, 2] == 3
    assert not torch.equal(first[0, 3:], second[0, 3:])
    assert torch.equal(second, again)
    assert not torch.equal(renoised_shown(seed=2), renoised_shown(seed=1))


def renoised_shown(seed: int) -> torch.Tensor:
    network = Knows()
    renoised(two_way(network), size=SIZE, seed=seed)(torch.full((1, 10), SIZE), torch.zeros(10))
    return network.shown[0]


def test_one_candidate_is_asked_as_many_are_by_every_family() -> None:
    network = Tiny(0).eval()
    canvas = torch.tensor(
        [[3, SIZE, 5, SIZE, SIZE, 2], [3, 4, SIZE, SIZE, 7, 2], [SIZE, SIZE, 5, 6, SIZE, 2]]
    )
    asks = (renoised(two_way(network), size=SIZE), two_way(network), shifted(network), block_causal(network))
    for ask in asks:
        model = MaskedModel(ask, MARKS)
        together = model.open([8, 9]).look(canvas)
        for row, alone in zip(canvas, together, strict=True):
            assert torch.allclose(model.open([8, 9]).look(row[None])[0], alone, atol=1e-5)


def test_holes_of_a_program_are_filled() -> None:
    model = MaskedModel(renoised(two_way(Knows()), size=SIZE), MARKS)
    canvas = torch.tensor([[3, SIZE, 5, SIZE, 7, 2]])
    *_, draft = fill(model, [8, 9], canvas=canvas, rng=generator(0), decoding=Decoding(block=4))
    assert draft.tokens.tolist() == [PROGRAM[:6]]
