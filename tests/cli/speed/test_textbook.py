"""The plain references come to the same as ours: another writing of the same equations."""

import math

import pytest
import torch
from agentic_diffusion.denoising.denoiser import GaussianNet, PredictTruth
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.sample import ddim, denoise
from agentic_diffusion.denoising.schedule import Cosine, times
from agentic_diffusion.denoising.state import Condition, Inpaint, generator
from agentic_diffusion_cli.speed import textbook
from torch import nn


class Leaning(nn.Module):
    """Says a truth that depends on everything it is told."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.7))

    def forward(self, x, t, context):
        return torch.tanh(self.scale * x + t[:, None, None] + context["known"].to(x))


def test_the_schedule_is_the_same():
    for t in (0.0, 0.1, 0.5, 0.9, 1.0):
        assert textbook.survival(t) == pytest.approx(float(Cosine()(torch.tensor(t))), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("steps", [1, 3])
def test_the_sampler_comes_to_the_same_trajectories(steps):
    mask = torch.zeros(1, 5, 2, dtype=torch.bool)
    mask[:, 0] = True
    known = torch.where(mask, 0.3, 0.0)
    network = Leaning()
    plain = textbook.ddim(network, known, mask, count=4, steps=steps, rng=generator(7))
    *_, ours = denoise(
        GaussianProcess(Cosine()),
        GaussianNet(network, Cosine(), target=PredictTruth()),
        like=torch.zeros(4, 5, 2),
        condition=Condition(Inpaint(known, mask), {"known": mask}),
        times=times(steps),
        rng=generator(7),
        kernel=ddim(GaussianProcess(Cosine())),
    )
    assert torch.allclose(plain, ours.x, atol=1e-4)


def test_its_training_learns():
    network, rng = Leaning(), generator(0)

    def draw():
        return torch.full((8, 5, 2), 0.9), torch.ones(1, 5, 2, dtype=torch.bool)

    step = textbook.trainer(network, draw, rng=rng)
    before = float(network.scale)
    for _ in range(20):
        step()
    assert math.isfinite(float(network.scale))
    assert float(network.scale) != before


def test_a_program_runs_in_a_fresh_interpreter():
    assert textbook.program("print(6 * 7)") == {"code": 0, "said": "42\n"}
