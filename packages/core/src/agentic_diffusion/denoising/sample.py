"""The one loop, and the kernels that say how one move is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor

from agentic_diffusion.denoising.belief import Categorical, Gaussian
from agentic_diffusion.denoising.denoiser import Denoiser
from agentic_diffusion.denoising.process import GaussianProcess, MaskedProcess, Process
from agentic_diffusion.denoising.schedule import FLOOR, Schedule
from agentic_diffusion.denoising.state import Condition, Rng, Step, Time, normal
from agentic_diffusion.errors import InvalidConfigError

X = TypeVar("X")
B = TypeVar("B")

Believe: TypeAlias = Callable[[X, Time], B]
"""Asks the denoiser, with the condition already given."""

Kernel: TypeAlias = Callable[[Step[X, B], Time, Believe[X, B], Rng], Step[X, B]]
"""Makes one move from `step` to the noise level given, asking the denoiser as often as it likes."""


def denoise(
    process: Process[X, B],
    denoiser: Denoiser[X, B] | Callable[[X, Time, Condition[X]], B],
    *,
    like: X,
    condition: Condition[X],
    times: Sequence[float],
    rng: Rng,
    kernel: Kernel[X, B] | None = None,
) -> Iterator[Step[X, B]]:
    """Turn noise into truth, one step at a time; the caller may stop whenever it likes.

    Args:
        process: The space: trajectories, tokens, or a user's own.
        denoiser: What to believe, guidance included.
        like: A state of the shape, dtype and device to sample.
        condition: What is already decided.
        times: Falling noise levels, the first where noise is drawn (see `schedule.times`).
        rng: Where randomness comes from.
        kernel: How one move is made; `ancestral(process)` when left out.

    Yields:
        One `Step` for each noise level after the first.
    """
    move = kernel or ancestral(process)
    levels = torch.tensor(times, dtype=torch.float32)
    step: Step[X, B] = Step(condition.pin(process.noise(like, rng)), levels[0])
    for s in levels[1:]:
        step = move(step, s, lambda x, t: denoiser(x, t, condition), rng)
        step = replace(step, x=condition.pin(step.x))
        yield step


def ancestral(process: Process[X, B]) -> Kernel[X, B]:
    """Ask once and revert once: DDPM for trajectories, plain unmasking for tokens."""

    def move(step: Step[X, B], s: Time, believe: Believe[X, B], rng: Rng) -> Step[X, B]:
        belief = believe(step.x, step.t)
        return Step(process.revert(step.x, belief, step.t, s, rng), s, belief, step.t)

    return move


def ddim(process: GaussianProcess, *, eta: float = 0.0) -> Kernel[Tensor, Gaussian]:
    """Keep the noise that is implied instead of drawing new noise.

    x_s = √ᾱ_s x̂₀ + √(1-ᾱ_s-σ²) ε̂ + σ z (Song et al. 2021, arXiv:2010.02502, eqs. 12 and 16).

    Args:
        process: Gives the schedule and the temperature of z.
        eta: 0 is deterministic, 1 has the variance of DDPM.
    """
    if not 0 <= eta <= 1:
        raise InvalidConfigError(f"eta={eta}", "0 <= eta <= 1", "0 is DDIM, 1 is DDPM.")

    def move(
        step: Step[Tensor, Gaussian], s: Time, believe: Believe[Tensor, Gaussian], rng: Rng
    ) -> Step[Tensor, Gaussian]:
        belief = believe(step.x, step.t)
        at_t, at_s = process.schedule(step.t), process.schedule(s)
        fade = (1 - at_t).clamp(min=FLOOR)
        noise = (step.x - at_t.sqrt() * belief.mean) / fade.sqrt()
        var = eta**2 * (1 - at_s) / fade * (1 - at_t / at_s)
        x = at_s.sqrt() * belief.mean + (1 - at_s - var).clamp(min=0).sqrt() * noise
        if eta > 0:
            x = x + process.temperature * var.clamp(min=0).sqrt() * normal(x, rng)
        return Step(x, s, belief, step.t)

    return move


def _half_log_snr(schedule: Schedule, t: Time) -> Time:
    """Return λ = log(√ᾱ / √(1-ᾱ))."""
    survival = schedule(t)
    return 0.5 * (survival.log() - (1 - survival).clamp(min=1e-12).log())


def multistep(process: GaussianProcess) -> Kernel[Tensor, Gaussian]:
    """Second order from one call a step, by remembering the last belief: DPM-Solver++(2M).

    Lu et al. 2022, arXiv:2211.01095, algorithm 2. The first move, and the last one to t = 0, are of first order.
    """

    def move(
        step: Step[Tensor, Gaussian], s: Time, believe: Believe[Tensor, Gaussian], rng: Rng
    ) -> Step[Tensor, Gaussian]:
        belief = believe(step.x, step.t)
        if float(s) <= 0:
            return Step(belief.mean, s, belief, step.t)
        here, there = (_half_log_snr(process.schedule, t) for t in (step.t, s))
        towards = belief.mean
        if step.belief is not None and step.since is not None:
            ratio = (here - _half_log_snr(process.schedule, step.since)) / (there - here)
            towards = towards + (belief.mean - step.belief.mean) / (2 * ratio)
        at_t, at_s = process.schedule(step.t), process.schedule(s)
        x = ((1 - at_s) / (1 - at_t).clamp(min=FLOOR)).sqrt() * step.x
        x = x - at_s.sqrt() * torch.expm1(here - there) * towards
        return Step(x, s, belief, step.t)

    return move


def confident(process: MaskedProcess, *, bound: float = 0.0) -> Kernel[Tensor, Categorical]:
    """Reveal the surest tokens first, more at once while their joint uncertainty stays bounded.

    Of the hidden tokens, ordered by entropy, reveal the longest prefix whose entropies without the largest sum
    to at most `bound` nats, and never fewer than the schedule asks (entropy-bounded unmasking,
    Ben-Hamu et al. 2025, arXiv:2505.24857).

    Args:
        process: Gives the schedule and the mask token.
        bound: Joint uncertainty in nats that may be accepted in one move; 0 follows the schedule.
    """
    if bound < 0:
        raise InvalidConfigError(f"bound={bound}", "a number of nats >= 0", "0 follows the schedule.")

    def move(
        step: Step[Tensor, Categorical], s: Time, believe: Believe[Tensor, Categorical], rng: Rng
    ) -> Step[Tensor, Categorical]:
        belief = believe(step.x, step.t)
        hidden = step.x == process.mask_token
        entropy = belief.entropy().masked_fill(~hidden, torch.inf)
        ordered, order = entropy.sort(dim=1)
        finite = ordered.masked_fill(torch.isinf(ordered), 0.0)
        within = (finite.cumsum(1) - finite <= bound) & torch.isfinite(ordered)
        left = (1 - process.schedule(s)) * step.x.shape[1]
        due = (hidden.sum(1, keepdim=True) - left.floor()).clamp(min=0)
        rank = torch.arange(step.x.shape[1], device=step.x.device)
        chosen = torch.isfinite(ordered) & ((rank < due) | (within if bound > 0 else rank < 0))
        reveal = torch.zeros_like(hidden).scatter(1, order, chosen) & hidden
        return Step(torch.where(reveal, belief.sample(rng), step.x), s, belief, step.t)

    return move


def particles(
    kernel: Kernel[Tensor, Any],
    score: Callable[[Any, Tensor, Time], Tensor],
    *,
    temperature: float = 1.0,
    until: float = 0.0,
) -> Kernel[Tensor, Any]:
    """Let the batch compete: after a move, samples are drawn anew in proportion to exp(score / temperature).

    Wu et al. 2023 (twisted diffusion sampler), arXiv:2306.17775; resampling is systematic. Samples share
    one condition, for a sample may take the place of any other.

    Args:
        kernel: The move each sample makes.
        score: From (belief, state, noise level) to one score a sample.
        temperature: Above 0; small values let few samples survive.
        until: Noise level below which the survivors are left alone.
    """
    if temperature <= 0 or not 0 <= until <= 1:
        raise InvalidConfigError(
            f"particles(temperature={temperature}, until={until})",
            "temperature > 0 and 0 <= until <= 1",
            "Use a larger temperature to keep more samples alive.",
        )

    def move(step: Step[Any, Any], s: Time, believe: Believe[Any, Any], rng: Rng) -> Step[Any, Any]:
        moved = kernel(step, s, believe, rng)
        if float(s) < until:
            return moved
        weights = (score(moved.belief, moved.x, s).float() / temperature).softmax(0).cpu()
        count = weights.shape[0]
        strata = (torch.rand(1, generator=rng) + torch.arange(count)) / count
        index = torch.searchsorted(weights.cumsum(0), strata).clamp(max=count - 1)
        return Step(moved.x[index.to(moved.x.device)], s)

    return move
