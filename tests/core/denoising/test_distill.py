"""Distillation: the ends are those of the teacher's sampler, and a student learns to reach them in one step."""

import pytest
import torch
from agentic_diffusion.denoising.denoiser import GaussianNet, PredictTruth
from agentic_diffusion.denoising.distill import NOISE, Endpoints, OneStep
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.sample import ddim, denoise
from agentic_diffusion.denoising.schedule import Cosine, times
from agentic_diffusion.denoising.state import Condition, Inpaint, generator
from agentic_diffusion.denoising.train import Recipe, Training
from agentic_diffusion.errors import InvalidConfigError
from torch import nn

SCHEDULE, BATCH = Cosine(), 32
PROCESS = GaussianProcess(SCHEDULE)


class TwoPlaces(nn.Module):
    """E[x₀ | x_t] where x₀ is -1 or 1 at equal odds: what a network of the truth should say."""

    def forward(self, x, t, context):
        survival = SCHEDULE(t)[:, None]
        return torch.tanh(survival.sqrt() * x / (1 - survival).clamp(min=1e-5))


def ask(rng):
    known = torch.zeros(BATCH, 2, dtype=torch.bool)
    known[:, 1] = True
    values = torch.rand(BATCH, 2, generator=rng)
    return torch.zeros(BATCH, 2), Condition(Inpaint(values, known), {"known": known})


@pytest.fixture
def draw():
    teacher = GaussianNet(TwoPlaces(), SCHEDULE, target=PredictTruth())
    return Endpoints(teacher, PROCESS, ddim(PROCESS), steps=4, conditions=ask)


def test_the_ends_are_where_the_sampler_comes_to_from_that_noise(draw):
    ends, condition = draw(generator(1))
    rng = generator(1)
    like, same = ask(rng)
    *_, last = denoise(
        PROCESS, draw.teacher, like=like, condition=same, times=times(4), rng=rng, kernel=ddim(PROCESS)
    )
    assert torch.equal(ends, last.x)
    assert torch.equal(ends[:, 1], condition.pin.values[:, 1])
    assert condition.context[NOISE].std() == pytest.approx(1, abs=0.2)
    assert (ends[:, 0].abs() > 0.5).float().mean() > 0.75
    assert not ends.is_inference()


def test_a_student_reaches_in_one_step_where_the_teacher_needs_four(draw):
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))

    class Student(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = body

        def forward(self, x, t, context):
            assert bool((t == 1).all())
            return self.body(x)

    student = GaussianNet(Student(), SCHEDULE, target=PredictTruth())
    recipe = Recipe(steps=60, learning_rate=0.03, warmup=5, average=0.9)
    losses = [
        step.loss
        for step in Training(OneStep(student), PROCESS, draw=draw, recipe=recipe, rng=generator(0)).run()
    ]
    assert sum(losses[-10:]) < 0.3 * sum(losses[:10])
    ends, condition = draw(generator(9))
    with torch.inference_mode():
        (one,) = denoise(
            PROCESS,
            student,
            like=ends,
            condition=condition,
            times=times(1),
            rng=generator(5),
            kernel=ddim(PROCESS),
        )
        guess = student(condition.pin(condition.context[NOISE]), torch.ones(BATCH), condition).mean
    assert (guess[:, 0].sign() == ends[:, 0].sign()).float().mean() > 0.9
    assert 0.2 < (one.x[:, 0] > 0).float().mean() < 0.8  # both places are still found


def test_what_cannot_be_distilled_is_refused(draw):
    with pytest.raises(InvalidConfigError, match="at least 2"):
        Endpoints(draw.teacher, PROCESS, ddim(PROCESS), steps=1, conditions=ask)
    with pytest.raises(InvalidConfigError, match="'noise'"):
        OneStep(draw.teacher)(torch.zeros(1, 2), torch.ones(1), Condition())
