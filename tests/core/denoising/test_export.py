"""A network in a file says what it says in this process, and plans made with it are the same."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from agentic_diffusion.denoising.denoiser import GaussianNet, PredictTruth
from agentic_diffusion.denoising.export import Exported, export_network
from agentic_diffusion.denoising.nn.dit import TokenDiT, TrajectoryDiT
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.errors import InvalidConfigError, StoreError
from agentic_diffusion.planning.domains.trajectory import Reach
from torch import nn

ASKS = [Reach(start=(0.0, 0.0), goal=(1.0, None)), Reach(start=(0.5, 0.2))]


@pytest.fixture(autouse=True)
def same() -> None:
    torch.manual_seed(0)


def stirred(network: nn.Module) -> nn.Module:
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return network.eval()


def test_plans_are_equal(maker, tmp_path) -> None:
    plain = maker()
    blank, condition = plain.domain.blank(ASKS[0], 1), plain.domain.condition(ASKS[0])
    network = stirred(TrajectoryDiT(blank.shape[1], blank.shape[2], width=16, depth=1, heads=2))
    file = export_network(network, tmp_path / "net.pt2", like=blank, condition=condition)
    assert [path.name for path in tmp_path.iterdir()] == ["net.pt2"]
    schedule = plain.process.schedule
    mine, read = (
        replace(plain, denoiser=GaussianNet(each, schedule, target=PredictTruth()))
        for each in (network, Exported(file))
    )
    for ask in ASKS:
        ours, theirs = mine.plan(ask, seed=3), read.plan(ask, seed=3)
        assert len(ours.considered) == len(theirs.considered) == 8
        assert alike(ours, theirs)
    assert all(map(alike, mine.plan_many(ASKS), read.plan_many(ASKS)))


def alike(ours, theirs) -> bool:
    """Whether the same candidate was chosen, and all are the same up to the rounding of products."""
    places = [plan.considered.index(plan.chosen) for plan in (ours, theirs)]
    mine, read = (torch.tensor([c.value.states for c in plan.considered]) for plan in (ours, theirs))
    return places[0] == places[1] and bool((mine - read).abs().max() < 1e-5)


def test_tokens_and_contexts_of_any_number_of_rows(tmp_path) -> None:
    network = stirred(TokenDiT(4, 9, width=16, depth=1, heads=2, context_dim=3))
    condition = Condition(context={"context": torch.randn(1, 3)})
    blank = torch.zeros(1, 4, dtype=torch.long)
    read = Exported(export_network(network, tmp_path / "a.pt2", like=blank, condition=condition))
    for rows in (1, 2, 7):
        x, t, told = torch.randint(9, (rows, 4)), torch.rand(rows), {"context": torch.randn(rows, 3)}
        with torch.inference_mode():
            assert torch.allclose(read(x, t, told), network(x, t, told), atol=1e-6)
            assert torch.allclose(read(x, t, condition.context), network(x, t, condition.context), atol=1e-6)


def test_what_cannot_be_is_said(tmp_path) -> None:
    class Moody(nn.Module):
        def forward(self, x, t, context):
            return x if x.sum() > 0 else -x

    blank, condition = torch.zeros(1, 4, 2), Condition()
    with pytest.raises(InvalidConfigError, match="branches"):
        export_network(Moody(), tmp_path / "a.pt2", like=blank, condition=condition)
    with pytest.raises(InvalidConfigError, match=r"\.pt2"):
        export_network(nn.Identity(), tmp_path / "a.onnx", like=blank, condition=condition)
    with pytest.raises(StoreError, match="room"):
        export_network(Same(), tmp_path / "missing" / "a.pt2", like=blank, condition=condition)
    (tmp_path / "bad.pt2").write_bytes(b"not a network")
    with pytest.raises(StoreError, match="anew"):
        Exported(tmp_path / "bad.pt2")


class Same(nn.Module):
    def forward(self, x, t, context):
        return x + t[:, None, None]


FORKED = """
import os, sys, torch
from pathlib import Path
from agentic_diffusion.denoising.export import Exported, export_network
from agentic_diffusion.denoising.nn.dit import TokenDiT
from agentic_diffusion.denoising.state import Condition

network, blank = TokenDiT(4, 9, width=16, depth=1, heads=2, context_dim=3), torch.zeros(1, 4, dtype=torch.long)
condition = Condition(context={"context": torch.randn(1, 3)})
Exported(export_network(network, Path(sys.argv[1]), like=blank, condition=condition))
torch.ones(1, requires_grad=True).sum().backward()
if (child := os.fork()) == 0:
    torch.ones(1, requires_grad=True).sum().backward()
    os._exit(0)
os._exit(os.waitpid(child, 0)[1] and 1)
"""


def test_a_process_that_exported_can_be_forked_to_train(tmp_path) -> None:
    words = [sys.executable, "-c", FORKED, str(tmp_path / "a.pt2")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-500:]
