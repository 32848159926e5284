"""The transformers: what they read, what they cannot mix up, and what they refuse."""

import pytest
import torch
from agentic_diffusion.denoising.nn.dit import Block, TokenDiT, TrajectoryDiT
from torch import nn
from torch.nn import functional


def lively(net: nn.Module) -> nn.Module:
    """Give weight to the layers that start at zero."""
    torch.manual_seed(1)
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.2)
    return net


def test_a_block_is_the_identity_at_first_and_attention_by_hand_later() -> None:
    torch.manual_seed(0)
    h, c = torch.randn(2, 5, 8), torch.randn(2, 8)
    assert torch.equal(Block(8, 2)(h, c), h)
    block = lively(Block(8, 2))
    tilt = block.modulate(c)[:, None].chunk(6, -1)
    normed = functional.layer_norm(h, (8,)) * (1 + tilt[0]) + tilt[1]
    q, k, v = block.qkv(normed).chunk(3, -1)
    heads = []
    for part in (slice(0, 4), slice(4, 8)):
        weights = (q[..., part] @ k[..., part].transpose(1, 2) / 2.0).softmax(-1)
        heads.append(weights @ v[..., part])
    middle = h + tilt[2] * block.merge(torch.cat(heads, -1))
    by_hand = middle + tilt[5] * block.mlp(functional.layer_norm(middle, (8,)) * (1 + tilt[3]) + tilt[4])
    assert torch.allclose(block(h, c), by_hand, atol=1e-5)
    for told in (c, c[:1]):  # without gradients, and with one condition for all rows, in fewer passes
        slow = block(h, told)
        with torch.inference_mode():
            assert torch.allclose(block(h, told), slow, atol=1e-5)
            with torch.autocast("cpu", torch.bfloat16):
                assert torch.allclose(block(h, told), slow, atol=0.2)


@pytest.mark.parametrize("patch", [1, 2])
def test_trajectory_dit_reads_time_pins_context_and_position(patch: int) -> None:
    net = TrajectoryDiT(6, 3, width=16, depth=2, heads=2, patch=patch, context_dim=4)
    x, t = torch.randn(2, 6, 3), torch.tensor([0.2, 0.9])
    assert net(x, t, {}).abs().max().item() == 0.0  # the head starts at zero
    lively(net)
    base = net(x, t, {})
    assert base.shape == x.shape
    known = torch.zeros(1, 6, 3, dtype=torch.bool)
    assert torch.equal(net(x, t, {"known": known}), base)
    known[0, 0, 0] = True
    others = [
        net(x, t, {"known": known}),
        net(x, t + 0.05, {}),
        net(x, t, {"context": torch.ones(2, 4)}),
        net(x.flip(1), t, {}).flip(1),
    ]
    assert all((other - base).abs().max().item() > 1e-3 for other in others)
    assert torch.allclose(net(x[1:], t[1:], {}), base[1:], atol=1e-5)  # samples do not see each other


def test_a_shorter_trajectory_fits_and_a_longer_one_is_refused() -> None:
    net = lively(TrajectoryDiT(6, 2, width=8, depth=1, heads=1))
    assert bool(net(torch.randn(1, 4, 2), torch.tensor([0.5]), {}).abs().sum() > 0)
    with pytest.raises(ValueError, match=r"Got 7 tokens\. Expected at most 6"):
        net(torch.randn(1, 7, 2), torch.tensor([0.5]), {})


@pytest.mark.parametrize("wrong", [{"patch": 4}, {"heads": 3}])
def test_sizes_that_do_not_divide_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match="divide"):
        TrajectoryDiT(6, 2, width=16, **wrong)


def test_token_dit_sees_every_other_token() -> None:
    net = lively(TokenDiT(4, 5, width=16, depth=1, heads=2))
    row, t = torch.tensor([[0, 1, 2, 3]]), torch.tensor([0.5])
    base = net(row, t, {})
    assert base.shape == (1, 4, 5)
    for place in range(4):
        changed = row.clone()
        changed[0, place] = 4
        assert ((net(changed, t, {}) - base).abs().amax(-1) > 1e-4).all()
