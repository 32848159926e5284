"""Compute: where, how precisely, with how many threads, and who gets moved."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.belief import Gaussian
from agentic_diffusion.denoising.denoiser import ClassifierFree
from agentic_diffusion.denoising.guidance import RewardGradient
from agentic_diffusion.denoising.state import Condition, Inpaint
from agentic_diffusion.errors import InvalidConfigError
from torch import nn


def test_auto_takes_what_is_there(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert Compute().where == torch.device("cpu")
    assert Compute().kind == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert Compute().where == torch.device("cuda")
    assert Compute("cuda:1", "fp16").kind == "cuda"
    with pytest.raises(InvalidConfigError, match="one of the 2 CUDA devices"):
        Compute("cuda:2")


def test_other_accelerators_are_taken_where_they_are(monkeypatch) -> None:
    with pytest.raises(InvalidConfigError, match="a device of this machine"):
        Compute("mps")
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: torch.device("mps"))
    assert Compute("mps").kind == "mps"


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": "toaster"},
        {"precision": "fp16"},
        {"precision": "fp8"},
        {"threads": 0},
        {"compile": "fast"},
        {"matmul": "low"},
    ],
)
def test_impossible_settings_are_refused_at_once(wrong) -> None:
    with pytest.raises(InvalidConfigError, match="Expected"):
        Compute(**{"device": "cpu", **wrong})


def test_autocast_changes_matrix_products_only_where_asked() -> None:
    a = torch.ones(2, 2)
    with Compute("cpu").autocast():
        assert (a @ a).dtype == torch.float32
    with Compute("cpu", "bf16").autocast():
        assert (a @ a).dtype == torch.bfloat16


def test_place_sets_threads_and_compiles_where_asked(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    monkeypatch.setattr(nn.Module, "compile", lambda self, mode=None: asked.append(mode or "compiled"))
    monkeypatch.setattr(torch, "set_float32_matmul_precision", asked.append)
    net = nn.Linear(1, 1)
    assert Compute("cpu").place(net) is net
    assert asked == []
    Compute("cpu", threads=2, compile=True).place(net)
    assert asked == [2, "compiled"]
    Compute("cpu", compile="reduce-overhead", matmul="high").place(net)
    assert asked[2:] == ["high", "reduce-overhead"]


class Pair(NamedTuple):
    first: Any
    second: Any


def test_send_moves_tensors_wherever_they_hide() -> None:
    meta = Compute("meta")
    pin = Inpaint(torch.zeros(2), torch.zeros(2, dtype=torch.bool))
    condition = Condition(pin, {"known": torch.ones(1)})
    number, moved, word = meta.send((3, condition, "word"))
    assert (number, word) == (3, "word")
    assert moved.pin.values.is_meta
    assert moved.pin.mask.is_meta
    assert moved.context["known"].is_meta
    assert not condition.pin.values.is_meta
    pair, (listed,) = meta.send((Pair(torch.ones(1), 2), [torch.ones(1)]))
    assert isinstance(pair, Pair)
    assert (pair.first.is_meta, pair.second, listed.is_meta) == (True, 2, True)


def test_settle_finds_networks_inside_denoisers_and_guides() -> None:
    inner, critic = nn.Linear(1, 1), nn.Linear(1, 1)
    parts = (ClassifierFree(inner, 2.0), (RewardGradient(critic), lambda x: x))
    Compute("meta").settle(*parts)
    assert inner.weight.is_meta
    assert critic.weight.is_meta
    assert not inner.training
    assert not critic.training


def test_wait_asks_the_gpu_only(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(torch.cuda, "synchronize", asked.append)
    Compute("cpu").wait()
    assert asked == []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    Compute("cuda:0").wait()
    assert asked == [torch.device("cuda:0")]


def test_a_copy_lies_elsewhere_and_leaves_the_original_alone() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).eval()
    parts = (ClassifierFree(net, 2.0), (RewardGradient(net),))
    there, (guide,) = Compute("meta").copied(parts)
    assert all(tensor.is_meta for tensor in there.denoiser.state_dict().values())
    assert guide.reward is there.denoiser
    assert not any(tensor.is_meta for tensor in net.state_dict().values())
    here = Compute("cpu").copied(net)
    assert torch.equal(here[0].weight, net[0].weight)
    assert here[0].weight.data_ptr() != net[0].weight.data_ptr()


def test_the_host_is_the_spare_of_a_gpu(monkeypatch) -> None:
    assert Compute("cpu").spare is None
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert Compute("cuda", "fp16", threads=2).spare == Compute("cpu", "bf16", threads=2)
    assert Compute("cuda").spare == Compute("cpu")


@dataclass(frozen=True)
class Holder:
    value: torch.Tensor


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_tensors_arrive_on_the_gpu() -> None:
    assert Compute("cuda").send(Holder(torch.zeros(1))).value.is_cuda


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_graphs_in_half_precision_say_what_plain_fp32_says(precision) -> None:
    torch.manual_seed(0)
    net, x = nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 64)), torch.randn(8, 64)
    with torch.inference_mode():
        plain = net(x)
        compute = Compute("cuda", precision, compile="reduce-overhead", matmul="high")
        compute.settle(net)
        with compute.autocast():
            for _ in range(3):  # the graph is recorded on the second call and replayed on the third
                said = net(compute.send(x)).float().cpu()
    assert torch.allclose(plain, said, atol=0.05)


def test_a_replayed_graph_does_not_write_into_what_was_returned(monkeypatch) -> None:
    buffer = torch.zeros(2)

    def graphed(self, *, mode):
        def replay(x):
            belief = Gaussian(buffer.copy_(x), torch.ones(()), torch.ones(()))
            return Pair(belief, [buffer])

        self._compiled_call_impl = replay

    monkeypatch.setattr(nn.Module, "compile", graphed)
    net = Compute("cpu", compile="reduce-overhead").place(nn.Identity())
    first, second = net(torch.tensor([1.0, 2.0])), net(torch.tensor([3.0, 4.0]))
    for said, told in ((first, [1.0, 2.0]), (second, [3.0, 4.0])):
        assert said.first.mean.tolist() == told
        assert said.second[0].tolist() == told
