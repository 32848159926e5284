"""Compute: where, how precisely, with how many threads, and who gets moved."""

from dataclasses import dataclass

import pytest
import torch
from agentic_diffusion.compute import Compute
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


@pytest.mark.parametrize(
    "wrong", [{"device": "toaster"}, {"precision": "fp16"}, {"precision": "fp8"}, {"threads": 0}]
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
    monkeypatch.setattr(nn.Module, "compile", lambda self: asked.append("compiled"))
    net = nn.Linear(1, 1)
    assert Compute("cpu").place(net) is net
    assert asked == []
    Compute("cpu", threads=2, compile=True).place(net)
    assert asked == [2, "compiled"]


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


@dataclass(frozen=True)
class Holder:
    value: torch.Tensor


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_tensors_arrive_on_the_gpu() -> None:
    assert Compute("cuda").send(Holder(torch.zeros(1))).value.is_cuda
