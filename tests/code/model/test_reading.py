"""Readings: the cache changes nothing but the time."""

import pytest
import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion_code.model.cached import CachedReading
from agentic_diffusion_code.model.reading import Embedded, Marks, Reading, Reads

MARKS = Marks(1, 2, 0)


@pytest.fixture
def network() -> BlockTransformer:
    torch.manual_seed(0)
    return BlockTransformer(Shape(16, width=16, depth=2, heads=2)).eval()


@torch.no_grad()
def uncached(network: BlockTransformer, prompt: list[int], blocks: list[torch.Tensor]) -> torch.Tensor:
    count = blocks[0].shape[0]
    tokens = torch.cat([torch.tensor([prompt] * count), *blocks], dim=1)
    sizes = [len(prompt), *(block.shape[1] for block in blocks)]
    number = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    position = torch.arange(-len(prompt), tokens.shape[1] - len(prompt))[None]
    hidden, _ = network(tokens, position, (number[:, None] >= number[None])[None, None])
    return network.logits(hidden[:, -sizes[-1] :])


def test_cached_is_uncached(network: BlockTransformer) -> None:
    prompt = [5, 6, 7]
    blocks = list(torch.randint(3, 16, (3, 2, 4)))
    reading = Embedded(network, MARKS).open(prompt)
    for index, block in enumerate(blocks):
        hidden = torch.full_like(block, 1)
        first = reading.look(hidden)
        assert torch.allclose(first, uncached(network, prompt, [*blocks[:index], hidden]), atol=1e-5)
        assert torch.allclose(reading.look(block), uncached(network, prompt, blocks[: index + 1]), atol=1e-5)
        reading.keep(block)
    assert reading.forwards == 1 + 2 * len(blocks)


def test_one_candidate_is_like_many(network: BlockTransformer) -> None:
    blocks = list(torch.randint(3, 16, (2, 3, 4)))

    def read(rows: slice) -> torch.Tensor:
        reading = CachedReading(network, [5, 6])
        reading.look(blocks[0][rows])
        reading.keep(blocks[0][rows])
        return reading.look(blocks[1][rows])

    many = read(slice(None))
    assert torch.allclose(many, torch.cat([read(slice(i, i + 1)) for i in range(3)]), atol=1e-5)


def test_a_prompt_may_be_empty_and_blocks_are_kept_one_by_one(network: BlockTransformer) -> None:
    block = torch.randint(3, 16, (1, 4))
    reading = CachedReading(network, [])
    reading.keep(block)
    assert reading.look(block).shape == (1, 4, 16)
    others = list(torch.randint(3, 16, (3, 2, 4)))
    twice = CachedReading(network, [5, 6])
    twice.keep(others[0])
    twice.keep(others[1])
    assert torch.allclose(twice.look(others[2]), uncached(network, [5, 6], others), atol=1e-5)
    assert isinstance(reading, Reading)
    assert isinstance(Embedded(network, MARKS), Reads)


def test_what_was_forgotten_leaves_no_trace(network: BlockTransformer) -> None:
    prompt, (first, wrong, right) = [5, 6], list(torch.randint(3, 16, (3, 2, 4)))
    reading = CachedReading(network, prompt)
    reading.look(first)
    reading.keep(first)
    reading.look(wrong)
    reading.keep(wrong)
    reading.look(right)
    reading.back(4)
    assert torch.allclose(reading.look(right), uncached(network, prompt, [first, right]), atol=1e-5)
    reading.keep(right)
    assert torch.allclose(reading.look(wrong), uncached(network, prompt, [first, right, wrong]), atol=1e-5)
