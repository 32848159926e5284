"""Adapters: nothing changes at first, only the small part learns, and merging keeps what was learned."""

import pytest
import torch
from agentic_diffusion.denoising.nn.dit import TokenDiT, TrajectoryDiT
from agentic_diffusion.denoising.nn.temporal_unet import TemporalUNet
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.store import load, save
from agentic_diffusion_evolve.adapters import LowRank, Rank, adapted, deltas, merged, with_deltas
from torch import nn

TIME = torch.tensor([0.3, 0.7])
NETS = {
    "dit": (lambda: TrajectoryDiT(8, 2, width=16, depth=1, heads=2), torch.randn(2, 8, 2)),
    "unet": (lambda: TemporalUNet(2, width=8, multiples=(1, 2)), torch.randn(2, 8, 2)),
    "tokens": (lambda: TokenDiT(8, 5, width=16, depth=1, heads=2), torch.randint(5, (2, 8))),
}


@pytest.fixture(params=NETS)
def pair(request):
    build, x = NETS[request.param]
    torch.manual_seed(0)
    net = build()
    for weight in net.parameters():  # some layers begin at zero and would hide mistakes
        nn.init.normal_(weight, std=0.2)
    return net.eval(), lambda module: module(x, TIME, {})


def shaken(net):
    for layer in net.modules():
        if isinstance(layer, LowRank):
            nn.init.normal_(layer.outward, std=0.1)
    return net


def test_it_starts_exactly_as_the_old_one_and_trains_only_the_small_part(pair) -> None:
    net, ask = pair
    grown = adapted(net, Rank(2))
    assert torch.equal(ask(grown), ask(net))
    assert not any(isinstance(layer, LowRank) for layer in net.modules())
    ask(grown).square().mean().backward()
    trained = {name.rsplit(".", 1)[-1] for name, p in grown.named_parameters() if p.grad is not None}
    assert trained == {"inward", "outward"}
    small = sum(p.numel() for p in grown.parameters() if p.requires_grad)
    assert small < sum(p.numel() for p in net.parameters())


def test_merging_keeps_what_was_learned_in_plain_weights(pair) -> None:
    net, ask = pair
    grown = shaken(adapted(net, Rank(3, scale=0.5)))
    plain = merged(grown)
    assert plain.state_dict().keys() == net.state_dict().keys()
    assert all(weight.requires_grad for weight in plain.parameters())
    assert (ask(grown) - ask(net)).abs().max() > 1e-2
    assert torch.allclose(ask(plain), ask(grown), rtol=1e-4, atol=1e-5)


def test_small_changes_are_saved_and_laid_on_again(pair, tmp_path) -> None:
    net, ask = pair
    grown = shaken(adapted(net, Rank(2, scale=0.5)))
    save(tmp_path, deltas(grown), {"rank": 2})
    again = with_deltas(net, load(tmp_path).tensors)
    assert torch.allclose(ask(again), ask(grown), rtol=1e-4, atol=1e-5)
    assert torch.equal(ask(with_deltas(net, {})), ask(net))


def test_a_choice_of_layers_and_what_makes_no_sense() -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.SiLU(), nn.Linear(4, 2))
    grown = adapted(net, Rank(1, where=lambda name, layer: name == "2"))
    assert [type(layer) for layer in grown] == [nn.Linear, nn.SiLU, LowRank]
    with pytest.raises(InvalidConfigError, match="no layer"):
        adapted(nn.Sequential(nn.Conv1d(2, 2, 3)), Rank())
    with pytest.raises(InvalidConfigError, match="9"):
        with_deltas(net, {"9/inward": torch.zeros(1, 4), "9/outward": torch.zeros(4, 1)})
    with pytest.raises(InvalidConfigError, match="3 x 4"):
        with_deltas(net, {"0/inward": torch.zeros(1, 4), "0/outward": torch.zeros(3, 1)})
    for wrong in ({"rank": 0}, {"scale": 0.0}):
        with pytest.raises(InvalidConfigError):
            Rank(**wrong)
