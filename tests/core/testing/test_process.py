"""The kit passes what is right and names what is wrong: processes and kernels."""

import re

import pytest
import torch
from agentic_diffusion.denoising.denoiser import RecallTokens, RecallTrajectories
from agentic_diffusion.denoising.process import GaussianProcess, MaskedProcess
from agentic_diffusion.denoising.sample import ancestral, confident, ddim, multistep, particles
from agentic_diffusion.denoising.schedule import Cosine, Linear, LogLinear, Sigmoid
from agentic_diffusion.denoising.state import Condition, Inpaint, Step
from agentic_diffusion.errors import ContractError, InvalidConfigError
from agentic_diffusion.testing import check_kernel, check_process

PATHS = torch.randn(4, 5, 2, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
ROWS = torch.tensor([[0, 1, 2], [2, 2, 0], [1, 0, 2]])
COSINE, MASKED = GaussianProcess(Cosine()), MaskedProcess(LogLinear(), 3)
PATH_RECALL, ROW_RECALL = RecallTrajectories(PATHS, Cosine()), RecallTokens(ROWS, 4, 3)


@pytest.mark.parametrize("schedule", [Cosine(), Linear(), Sigmoid()], ids=repr)
def test_the_houses_own_processes_keep_their_promises(schedule) -> None:
    check_process(GaussianProcess(schedule), PATHS, denoiser=RecallTrajectories(PATHS, schedule))
    check_process(MaskedProcess(LogLinear(), 3), ROWS, denoiser=ROW_RECALL)


@pytest.mark.parametrize(
    "kernel", [ancestral(COSINE), ddim(COSINE), ddim(COSINE, eta=1.0), multistep(COSINE)]
)
def test_the_houses_own_kernels_keep_their_promises(kernel) -> None:
    pin = Condition(Inpaint(PATHS[:1, :1], torch.ones(1, 1, 2, dtype=torch.bool)))
    whole = Inpaint(PATHS[:1], (torch.arange(5) == 0)[None, :, None].expand(1, 5, 2))
    assert torch.equal(pin.pin(PATHS[:, :1])[0], PATHS[0, :1])
    check_kernel(kernel, COSINE, PATH_RECALL, like=PATHS, condition=Condition(whole))
    check_kernel(particles(kernel, lambda b, x, t: x.sum((1, 2))), COSINE, PATH_RECALL, like=PATHS)


def test_token_kernels_keep_their_promises() -> None:
    for kernel in (ancestral(MASKED), confident(MASKED), confident(MASKED, bound=0.5)):
        check_kernel(kernel, MASKED, ROW_RECALL, like=ROWS)


class Wrong:
    """A process with one planted fault."""

    def __init__(self, inner, **faults) -> None:
        self.inner, self.faults = inner, faults

    def __getattr__(self, name):
        return self.faults.get(name) or getattr(self.inner, name)


def noisy(clean, t, rng):
    return COSINE.corrupt(clean, t.clamp(min=0.1), rng)


FAULTS = {
    "clean.clone": Wrong(COSINE, noise=lambda like, rng: like.clone()),
    "torch.randn_like": Wrong(COSINE, noise=lambda like, rng: torch.randn_like(like)),
    "double": Wrong(COSINE, noise=lambda like, rng: COSINE.noise(like, rng).double()),
    "lost": Wrong(COSINE, corrupt=noisy),
    "backwards": Wrong(MASKED, corrupt=lambda c, t, rng: MASKED.corrupt(c, 0.5 - (t - 0.5).abs(), rng)),
    "weak": Wrong(COSINE, corrupt=lambda c, t, rng: COSINE.corrupt(c, t / 2, rng)),
    "weak tokens": Wrong(MASKED, corrupt=lambda c, t, rng: MASKED.corrupt(c, t / 2, rng)),
    "nan": Wrong(COSINE, corrupt=lambda c, t, rng: COSINE.corrupt(c, t, rng) / (t - 0.5).abs().ceil()),
    "crash": Wrong(COSINE, corrupt=lambda c, t, rng: c @ c),
    "short": Wrong(COSINE, revert=lambda x, b, t, s, rng: x[:1]),
    "off": Wrong(COSINE, revert=lambda x, b, t, s, rng: COSINE.revert(x, b, t, s, rng) + 0.1),
}
WORDS = {
    "clean.clone": "noise to forget the truth",
    "torch.randn_like": "noise to tell the same story for the same seed",
    "double": "noise to keep shape",
    "lost": "corrupt at t = 0 to return the truth",
    "backwards": "survival to fall",
    "weak": "at most a tenth of the truth",
    "weak tokens": "at most a tenth of the truth",
    "nan": "corrupt at t = 0.5 to be finite",
    "crash": "a process that accepts these true states",
    "short": "revert to keep shape",
    "off": "the belief's best guess",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_broken_promise_of_a_process_is_named(fault) -> None:
    tokens = FAULTS[fault].inner is MASKED
    clean, recall = (ROWS, ROW_RECALL) if tokens else (PATHS, PATH_RECALL)
    with pytest.raises(ContractError, match=re.escape(WORDS[fault])):
        check_process(FAULTS[fault], clean, denoiser=recall)


def test_a_masked_process_with_a_gaussian_denoiser_is_named_in_plain_words() -> None:
    def gaussian(x, t, condition):
        return PATH_RECALL(PATHS, t, condition)

    with pytest.raises(ContractError, match="Pair GaussianProcess with a denoiser that returns Gaussian"):
        check_process(MASKED, ROWS, denoiser=gaussian)
    with pytest.raises(ContractError, match="speak of the same beliefs"):
        check_kernel(ancestral(MASKED), MASKED, gaussian, like=ROWS)


def late(step, s, believe, rng):
    return Step(ancestral(COSINE)(step, s, believe, rng).x, s + 0.1)


def blind(step, s, believe, rng):
    return Step(step.x, s)


def whim(step, s, believe, rng):
    believe(step.x, step.t)
    return Step(torch.randn_like(step.x), s)


def lazy(step, s, believe, rng):
    return Step(step.x, s, believe(step.x, step.t), step.t)


@pytest.mark.parametrize(
    ("kernel", "words"),
    [(late, "where it was sent"), (blind, "asks the denoiser"), (whim, "the same story for the same seed")],
)
def test_each_broken_promise_of_a_kernel_is_named(kernel, words) -> None:
    with pytest.raises(ContractError, match=words):
        check_kernel(kernel, COSINE, PATH_RECALL, like=PATHS)


def test_tokens_left_hidden_are_named_and_the_houses_own_errors_pass_through() -> None:
    with pytest.raises(ContractError, match="no token to be hidden"):
        check_kernel(lazy, MASKED, ROW_RECALL, like=ROWS)
    with pytest.raises(InvalidConfigError):
        check_kernel(ancestral(MASKED), MASKED, ROW_RECALL, like=ROWS, steps=0)
