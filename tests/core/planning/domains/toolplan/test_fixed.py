"""Joined weights: a block is its mixer, for all slots and for one slot of each row."""

import torch
from agentic_diffusion.planning.domains.toolplan.fixed import Block
from agentic_diffusion.planning.domains.toolplan.net import Mixer


def test_a_block_is_its_mixer() -> None:
    torch.manual_seed(0)
    mixer = Mixer(8, 2, dropout=0.0).eval()
    block = Block.of(mixer)
    h, other = torch.randn(4, 5, 8), torch.randn(1, 6, 8)
    seen = mixer.seen(other)
    whole = block(h, block.split(seen))
    assert torch.allclose(whole, mixer(h, seen), atol=1e-5)
    only = torch.tensor([2, 0, 4, 2])
    one = block(h, block.split(seen), only=only)
    assert torch.allclose(one[:, 0], whole[torch.arange(4), only], atol=1e-5)
    assert torch.allclose(block(h), mixer(h, seen[:, :0]), atol=1e-5)
