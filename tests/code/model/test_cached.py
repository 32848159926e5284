"""Readings side by side: one call says what each would have been told alone, wherever it stands."""

import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion_code.model.cached import CachedReading
from agentic_diffusion_code.model.reading import Embedded, Marks, Several

BLOCK = torch.tensor([[5, 1, 7, 1]])


def test_one_call_says_what_each_would_be_told_alone() -> None:
    torch.manual_seed(0)
    network = BlockTransformer(Shape(12, width=16, depth=2, heads=2)).eval()
    side = Embedded(network, Marks(1, 2, 0)).several([5, 6], 3)
    assert isinstance(side, Several)
    alone = [CachedReading(network, [5, 6]) for _ in range(3)]
    for turn in range(3):
        for number in range(turn + 1):  # each at another place, the last with nothing read
            kept = torch.tensor([[3 + number, 4, 8, 9 + turn % 2]])
            side.readings[number].keep(kept)
            alone[number].keep(kept)
        looks = {number: BLOCK + number for number in (0, 2)} if turn == 1 else dict.fromkeys(range(3), BLOCK)
        assert not any(side.known(number, look) for number, look in looks.items())
        side.ask(looks)
        assert side.forwards == turn + 1
        for number, look in looks.items():
            assert side.known(number, look)
            told = side.readings[number].look(look)
            assert torch.allclose(told, alone[number].look(look), atol=1e-5)
    assert side.forwards == 3
    side.readings[1].look(BLOCK + 2)
    assert side.forwards == 4


def test_an_answer_does_not_outlive_what_it_followed() -> None:
    torch.manual_seed(1)
    network = BlockTransformer(Shape(12, width=16, depth=2, heads=2)).eval()
    reading = CachedReading(network, [5])
    page = reading.page(BLOCK)
    reading.take(page, *page.sheet.ask(network, reading.past))
    assert reading.known(BLOCK) is not None
    reading.keep(BLOCK)
    assert reading.known(BLOCK) is None
