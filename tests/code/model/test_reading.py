"""Readings: the cache changes nothing but the time."""

import pytest
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion_code.model.cached import CachedReading
from agentic_diffusion_code.model.reading import Embedded, Marks, Moves, Placed, Reading, Reads

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


def told(model: Embedded) -> list[torch.Tensor]:
    """Ask a model in every way there is."""
    prompt, (first, second), row = (
        [5, 6, 7],
        list(torch.arange(3, 19).reshape(2, 2, 4) % 13 + 3),
        [3, 4, 8, 2],
    )
    many, one, side = model.open(prompt), model.open(prompt), model.several(prompt, 2)
    many.keep(first)
    one.keep(first[:1])
    side.readings[0].keep(first[:1])
    side.ask({0: second[:1], 1: second[1:]})
    looked = [many.look(second), one.look(second[:1])]
    looked += [side.readings[k].look(second[k : k + 1]) for k in (0, 1)]
    return [*looked, model.scan(prompt, row, block=2), *model.scans(prompt, [row, row[1:]], block=2)]


def test_every_question_is_answered_in_the_precision_that_was_asked_for(network: BlockTransformer) -> None:
    kinds = []
    for part in network.modules():
        if isinstance(part, torch.nn.Linear):
            part.register_forward_hook(lambda part, given, out: kinds.append(out.dtype))
    plain = told(Embedded(network, MARKS))
    same = told(Embedded(network, MARKS, Compute("cpu")))
    assert set(kinds) == {torch.float32}
    assert all(torch.equal(one, other) for one, other in zip(plain, same, strict=True))
    kinds.clear()
    short = told(Embedded(network, MARKS, Compute("cpu", "bf16")))
    assert set(kinds) == {torch.bfloat16}
    for one, other in zip(plain, short, strict=True):
        assert not torch.equal(one, other.float())
        assert torch.allclose(one, other.float(), atol=0.1, rtol=0.05)


def test_a_model_is_had_elsewhere_and_stays_where_it_is(network: BlockTransformer) -> None:
    model = Embedded(network, MARKS)
    assert isinstance(model, Placed)
    assert isinstance(model, Moves)
    assert model.placed == Compute("cpu")
    there = Compute("cpu", threads=1)
    moved = model.on(there)
    assert moved.placed is there
    assert moved.network is not network
    assert model.network is network
    assert torch.equal(
        moved.open([5]).look(torch.tensor([[1, 1]])), model.open([5]).look(torch.tensor([[1, 1]]))
    )
