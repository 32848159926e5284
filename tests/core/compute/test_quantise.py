"""Eight bits: half a step at most on disk, and layers that say about the same."""

from dataclasses import replace

import pytest
import torch
from agentic_diffusion.compute import Compute, int8
from agentic_diffusion.compute.quantise import Int8Linear, quantise, restore
from agentic_diffusion.denoising.denoiser import ClassifierFree
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion.errors import InvalidConfigError
from torch import nn


def test_there_and_back() -> None:
    torch.manual_seed(0)
    weights = {"a": torch.randn(8, 16), "b": torch.randn(16), "zero": torch.zeros(2, 2)}
    small = quantise(weights)
    back = restore(small)
    assert small["a"].dtype == torch.int8
    assert back.keys() == weights.keys()
    step = weights["a"].abs().amax(1, keepdim=True) / 127
    assert ((back["a"] - weights["a"]).abs() <= 0.6 * step).all()
    assert torch.equal(back["b"], weights["b"])
    assert restore(weights) == weights


@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_is_off_by_little_even_where_sums_are_large(bias) -> None:
    torch.manual_seed(0)
    plain = nn.Linear(256, 128, bias=bias)
    with torch.no_grad():
        plain.weight.mul_(torch.linspace(0.01, 30, 128)[:, None])  # rows of very different size
    small = Int8Linear(plain)
    for x in (torch.randn(3, 5, 256), torch.ones(1, 256), torch.zeros(2, 256), 100 * torch.rand(4, 256)):
        with torch.inference_mode():
            exact, said = plain(x), small(x)
        assert said.shape == exact.shape
        gap = (said - exact).abs().mean() / exact.abs().mean().clamp(min=1e-3)
        assert gap < 0.03
    assert small(torch.ones(1, 256, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_networks_are_copied_and_small_layers_left_alone() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 128), nn.GELU(), nn.Linear(128, 64), nn.Linear(64, 2))
    told = int8(ClassifierFree(net, 2.0))
    small = told.denoiser
    assert [type(layer) for layer in small] == [nn.Linear, nn.GELU, Int8Linear, nn.Linear]
    assert isinstance(net[2], nn.Linear)
    assert not small.training
    x = torch.randn(16, 8)
    with torch.inference_mode():
        assert (small(x) - net(x)).abs().max() < 0.05
    assert isinstance(int8(net[2]), Int8Linear)
    assert replace(told, scale=1.0).denoiser is small
    Compute("cpu").settle(told)
    assert torch.equal(Compute("cpu").copied(told).denoiser(x), small(x))


def test_logits_by_tied_embeddings_are_computed_in_eight_bits_and_the_embeddings_stay() -> None:
    torch.manual_seed(0)
    plain = BlockTransformer(Shape(100, width=64, depth=1, heads=2)).eval()
    small, tokens = int8(plain), torch.arange(12)[None]
    assert plain.head is None
    assert isinstance(small.head, Int8Linear)
    assert torch.equal(small.embed.weight, plain.embed.weight)
    with torch.inference_mode():
        (exact, _), (said, _) = (net(tokens, tokens) for net in (plain, small))
        gap = (small.logits(said) - plain.logits(exact)).abs().mean() / plain.logits(exact).abs().mean()
        alone = (small.logits(exact) - plain.logits(exact)).abs().max()
    assert 0 < alone < 0.1
    assert gap < 0.05


def test_the_approximation_of_gelu_is_left_for_its_definition() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 2), nn.GELU(approximate="tanh"))
    x = torch.linspace(-6, 6, 200).reshape(100, 2)
    small = int8(net)
    assert [each[1].approximate for each in (small, net)] == ["none", "tanh"]
    assert (small(x) - net(x)).abs().max() < 5e-4


def test_what_cannot_be_is_refused(monkeypatch) -> None:
    with pytest.raises(InvalidConfigError, match="the processor"):
        Int8Linear(nn.Linear(8, 8))(torch.zeros(1, 8, device="meta"))

    with pytest.raises(InvalidConfigError, match=r"weights of 0 in eight bits.*save or train that"):
        int8(nn.Sequential(nn.Linear(64, 64), nn.Tanh())).state_dict()

    def gone(*told):
        raise RuntimeError("built without FBGEMM")

    monkeypatch.setattr(torch, "quantize_per_channel", gone)
    with pytest.raises(InvalidConfigError, match="AVX2"):
        int8(nn.Linear(128, 128))
