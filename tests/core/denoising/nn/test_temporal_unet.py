"""The temporal U-Net: resolutions, conditions and refusals."""

import pytest
import torch
from agentic_diffusion.denoising.nn.temporal_unet import Residual, TemporalUNet


@pytest.mark.parametrize("multiples", [(1,), (1, 2), (1, 2, 3)])
def test_it_reads_time_pins_and_context_at_every_depth(multiples) -> None:
    torch.manual_seed(0)
    net = TemporalUNet(2, width=8, multiples=multiples, context_dim=3)
    x, t = torch.randn(2, 8, 2), torch.tensor([0.1, 0.8])
    base = net(x, t, {})
    assert base.shape == x.shape
    known = torch.zeros(1, 8, 2, dtype=torch.bool)
    assert torch.equal(net(x, t, {"known": known}), base)
    known[0, 0] = True
    for other in (net(x, t, {"known": known}), net(x, t + 0.1, {}), net(x, t, {"context": torch.ones(2, 3)})):
        assert (other - base).abs().max().item() > 1e-5
    assert torch.allclose(net(x[1:], t[1:], {}), base[1:], atol=1e-5)


def test_deeper_networks_see_further() -> None:
    def reach(multiples) -> int:
        torch.manual_seed(0)
        net = TemporalUNet(1, width=8, multiples=multiples)
        x = torch.zeros(1, 64, 1, requires_grad=True)
        net(x, torch.tensor([0.5]), {})[0, 32, 0].backward()
        return int((x.grad[0, :, 0].abs() > 1e-6).sum())

    assert reach((1, 1, 1)) >= reach((1,))  # group norms look along the whole row


def test_a_horizon_that_does_not_divide_is_refused() -> None:
    net = TemporalUNet(2, width=8)
    with pytest.raises(ValueError, match=r"Got a horizon of 10\. Expected a multiple of 4"):
        net(torch.zeros(1, 10, 2), torch.zeros(1), {})


def test_a_residual_block_adds_to_what_came_in() -> None:
    torch.manual_seed(0)
    block = Residual(4, 4, width=3)
    h, c = torch.randn(2, 4, 6), torch.randn(2, 3)
    for parameter in block.second.parameters():
        torch.nn.init.zeros_(parameter)
    assert torch.allclose(block(h, c), h, atol=1e-6)
    odd = Residual(4, 5, width=3)
    assert not isinstance(odd.skip, torch.nn.Identity)
