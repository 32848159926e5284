"""Tensor parallelism: heads stay together, rows find back to their places, and what cannot be divided is named."""

import torch
from agentic_diffusion.compute.distributed.split import Splits, swapped
from agentic_diffusion.denoising.nn.dit import Block


def test_each_process_gets_its_heads_of_every_part() -> None:
    heads, size, parts = 4, 2, 3
    rows = torch.tensor([[part, head] for part in range(parts) for head in range(heads)])
    dealt = swapped(rows, parts, size)
    first, second = dealt.chunk(size)
    assert first.tolist() == [[part, head] for part in range(parts) for head in (0, 1)]
    assert second.tolist() == [[part, head] for part in range(parts) for head in (2, 3)]
    assert torch.equal(swapped(dealt, size, parts), rows)


def test_blocks_say_how_they_are_divided() -> None:
    block = Block(8, 2)
    assert isinstance(block, Splits)
    assert {*block.columns, *block.rows} < {name for name, _ in block.named_modules()}


def test_what_cannot_be_divided_is_refused(pair) -> None:
    unet, heads, _ = pair.told["refused"]
    assert "blocks that say how to divide them" in unet
    assert "Use ddp or fsdp" in unet
    assert "trunk.blocks.0 with 1 heads" in heads
