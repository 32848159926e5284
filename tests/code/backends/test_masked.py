"""Models of others: each family is asked as it was trained, and the decoder cannot tell them apart."""

from types import SimpleNamespace

import pytest
import torch
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.backends.masked import MaskedModel, block_causal, shifted, two_way
from agentic_diffusion_code.model.decode import write
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.model.reading import Marks, Reading, Reads
from torch import nn

MARKS = Marks(1, 2, 0)
PROGRAM = [3, 4, 5, 6, 7, 2, 0, 0]


class Knows(nn.Module):
    """Says the program after a prompt of two tokens, where it stands or one place before, and notes its mask."""

    def __init__(self, ahead: int = 0) -> None:
        super().__init__()
        self.ahead = ahead
        self.weight = nn.Parameter(torch.zeros(1))
        self.masks: list[torch.Tensor] = []

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> SimpleNamespace:
        if attention_mask is not None:
            self.masks.append(attention_mask)
        logits = torch.zeros(*input_ids.shape, 9)
        for place in range(input_ids.shape[1]):
            index = place + self.ahead - 2
            logits[:, place, PROGRAM[index] if 0 <= index < len(PROGRAM) else 0] = 9.0
        return SimpleNamespace(logits=logits)


@pytest.mark.parametrize(("ask", "ahead"), [(two_way, 0), (shifted, 1), (block_causal, 0)])
def test_every_family_writes_the_program(ask, ahead: int) -> None:
    model = MaskedModel(ask(Knows(ahead)), MARKS)
    assert isinstance(model, Reads)
    *_, draft = write(model, [8, 8], count=2, rng=generator(0), decoding=Decoding(block=4))
    assert draft.tokens.tolist() == [PROGRAM, PROGRAM]
    assert draft.forwards == 2


def test_blocks_look_back_and_never_ahead() -> None:
    network = Knows()
    reading = MaskedModel(block_causal(network), MARKS).open([8, 8])
    assert isinstance(reading, Reading)
    reading.keep(torch.tensor([[3, 4], [3, 5]]))
    reading.pick(torch.tensor([1, 1]))
    reading.look(torch.tensor([[1, 1], [1, 1]]))
    seen = network.masks[0][0, 0] == 0
    expected = torch.tensor([0, 0, 1, 1, 2, 2])
    assert torch.equal(seen, expected[:, None] >= expected[None])


def test_too_much_is_refused() -> None:
    reading = MaskedModel(two_way(Knows()), MARKS, longest=5).open([8, 8])
    with pytest.raises(InvalidConfigError, match="shorter"):
        reading.look(torch.ones(1, 4, dtype=torch.long))
