"""The one loop, and the kernels that say how one move is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor

from agentic_diffusion.denoising.belief import Categorical, Gaussian
from agentic_diffusion.denoising.denoiser import Denoiser
from agentic_diffusion.denoising.process import GaussianProcess, MaskedProcess, Process
from agentic_diffusion.denoising.schedule import FLOOR, Schedule
from agentic_diffusion.denoising.state import Condition, Rng, Shares, Step, Time, expand, normal, uniform
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

    Raises:
        InvalidConfigError: The noise levels do not fall, or leave [0, 1].
    """
    move = kernel or ancestral(process)
    levels = _levels(times)
    step: Step[X, B] = Step(condition.pin(process.noise(like, rng)), levels[0])
    for s in levels[1:]:
        step = move(step, s, lambda x, t: denoiser(condition.pin(x), t, condition), rng)
        step = replace(step, x=condition.pin(step.x))
        yield step


def _levels(times: Sequence[float]) -> Tensor:
    levels = torch.tensor(times, dtype=torch.float32)
    falling = levels.ndim == 1 and len(levels) > 1 and bool((levels[1:] < levels[:-1]).all())
    if not falling or not 0 <= float(levels[-1]) < float(levels[0]) <= 1:
        raise InvalidConfigError(
            f"times={tuple(times)}",
            "at least two falling noise levels in [0, 1]",
            "schedule.times(steps) makes them.",
        )
    return levels


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
        at_t, at_s = (expand(process.schedule(t), step.x) for t in (step.t, s))
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
        before = here if step.since is None else _half_log_snr(process.schedule, step.since)
        if step.belief is not None and bool(before < here):
            ratio = (here - before) / (there - here)
            towards = towards + (belief.mean - step.belief.mean) / (2 * ratio)
        at_t, at_s = process.schedule(step.t), process.schedule(s)
        x = ((1 - at_s) / (1 - at_t).clamp(min=FLOOR)).sqrt() * step.x
        x = x - at_s.sqrt() * torch.expm1(here - there) * towards
        return Step(x, s, belief, step.t)

    return move


def confident(
    process: MaskedProcess, *, bound: float = 0.0, temperature: float = 1.0
) -> Kernel[Tensor, Categorical]:
    """Reveal the surest tokens first, more at once while their joint uncertainty stays bounded.

    Of the hidden tokens, ordered by entropy, reveal the longest prefix whose entropies without the largest sum
    to at most `bound` nats (entropy-bounded unmasking, Ben-Hamu et al. 2025, arXiv:2505.24857), and never
    fewer than the schedule asks: the share (1-α_s)/(1-α_t) of what is hidden now may stay hidden, rounded up
    or down at random so that it is right on average, however many tokens were pinned.

    Args:
        process: Gives the schedule and the mask token.
        bound: Joint uncertainty in nats that may be accepted in one move; 0 follows the schedule.
        temperature: Of the tokens that are drawn, not of the order they come in; 0 takes the most likely ones.
    """
    if bound < 0 or temperature < 0:
        raise InvalidConfigError(
            f"confident(bound={bound}, temperature={temperature})",
            "a number of nats >= 0 and a temperature >= 0",
            "A bound of 0 follows the schedule, a temperature of 1 samples the belief as it is.",
        )

    def move(
        step: Step[Tensor, Categorical], s: Time, believe: Believe[Tensor, Categorical], rng: Rng
    ) -> Step[Tensor, Categorical]:
        belief = believe(step.x, step.t)
        hidden = step.x == process.mask_token
        entropy = belief.entropy().masked_fill(~hidden, torch.inf)
        ordered, order = entropy.sort(dim=1)
        finite = ordered.masked_fill(torch.isinf(ordered), 0.0)
        within = (finite.cumsum(1) - finite <= bound) & torch.isfinite(ordered)
        count = hidden.sum(1, keepdim=True)
        stay = (1 - process.schedule(s)) / (1 - process.schedule(step.t)).clamp(min=FLOOR)
        due = count - (count * stay + uniform(count, rng)).floor()
        rank = torch.arange(step.x.shape[1], device=step.x.device)
        chosen = torch.isfinite(ordered) & ((rank < due) | (within if bound > 0 else rank < 0))
        reveal = torch.zeros_like(hidden).scatter(1, order, chosen) & hidden
        drawn = belief.sample(rng, temperature=temperature)
        return Step(torch.where(reveal, drawn, step.x), s, belief, step.t)

    return move


def revising(
    kernel: Kernel[Tensor, Categorical], process: MaskedProcess, *, below: float
) -> Kernel[Tensor, Categorical]:
    """Hide shown tokens again that the last belief finds improbable, so that early mistakes can be mended.

    Only a network that was trained on wrong tokens as well can tell (corrective noise, arXiv:2512.15596). Nothing
    is hidden again on the last move, and pinned tokens come back by their pin.

    Args:
        kernel: The move that is made first.
        process: Gives the mask token.
        below: The probability of a shown token under which it is hidden again; 0 never hides.
    """
    if not 0 <= below < 1:
        raise InvalidConfigError(f"below={below}", "0 <= below < 1", "0.05 hides what is all but impossible.")

    def move(
        step: Step[Tensor, Categorical], s: Time, believe: Believe[Tensor, Categorical], rng: Rng
    ) -> Step[Tensor, Categorical]:
        moved = kernel(step, s, believe, rng)
        if moved.belief is None or bool((s <= 0).all()):
            return moved
        shown = step.x != process.mask_token
        sure = moved.belief.logits.float().log_softmax(-1).gather(-1, step.x[..., None])[..., 0]
        doubtful = shown & (sure.exp() < below)
        return replace(moved, x=torch.where(doubtful, process.mask_token, moved.x))

    return move


def returning(
    kernel: Kernel[Tensor, B], process: GaussianProcess, *, times: int, above: float = 0.0
) -> Kernel[Tensor, B]:
    """Make each move several times, going back up in between: x_t = √(ᾱ_t/ᾱ_s) x_s + √(1-ᾱ_t/ᾱ_s) z.

    What is pinned or rewarded at one place is thereby taken up by all others: RePaint's resampling (Lugmayr et al.
    2022, arXiv:2201.09865, algorithm 1), called time travel where it serves guidance (Yu et al. 2023,
    arXiv:2303.09833).

    Args:
        kernel: The move.
        process: Gives the schedule and the temperature of z.
        times: How often each move is made; 1 is the kernel itself.
        above: Noise level at or below which moves are made once.
    """
    if times < 1 or not 0 <= above <= 1:
        raise InvalidConfigError(
            f"returning(times={times}, above={above})", "times >= 1 and 0 <= above <= 1", "Try 4 times."
        )

    def move(step: Step[Tensor, B], s: Time, believe: Believe[Tensor, B], rng: Rng) -> Step[Tensor, B]:
        moved = kernel(step, s, believe, rng)
        if bool((step.t <= above).all()):
            return moved
        kept = expand(process.schedule(step.t) / process.schedule(s), step.x)
        for _ in range(times - 1):
            noise = process.temperature * normal(moved.x, rng)
            x = kept.sqrt() * moved.x + (1 - kept).clamp(min=0).sqrt() * noise
            moved = kernel(replace(step, x=x), s, believe, rng)
        return moved

    return move


def particles(
    kernel: Kernel[Tensor, Any],
    score: Callable[[Any, Tensor, Time], Tensor],
    *,
    temperature: float = 1.0,
    until: float = 0.0,
) -> Kernel[Tensor, Any]:
    """Let the batch compete: p(x) becomes p(x) · exp(score / temperature), the better the larger the batch.

    After a move, samples are drawn anew in proportion to exp((score - score before) / temperature); the factors
    telescope, so the batch ends tilted by its last score alone. Sequential Monte Carlo as in Singhal et al. 2025
    (Feynman-Kac steering), arXiv:2501.06848, with the potential of differences; resampling is stratified. Samples
    share one condition, for a sample may take the place of any other.

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
        if bool((s < until).all()):
            return moved
        gain = score(moved.belief, moved.x, s).double()
        if step.belief is not None:
            gain = gain - score(step.belief, step.x, step.t).double()
        index = drawn_anew(gain / temperature, rng)
        return replace(moved, x=_rows(moved.x, index), belief=_rows(moved.belief, index))

    return move


def drawn_anew(gain: Tensor, rng: Rng) -> Tensor:
    """Return which samples go on, drawn in proportion to exp(gain), stratified: as many as there were.

    Samples with a source of randomness of their own compete among themselves.
    """
    if isinstance(rng, Shares):
        parts = zip(gain.view(-1, rng.rows).unbind(), rng.parts, strict=True)
        return torch.cat([k * rng.rows + drawn_anew(part, one) for k, (part, one) in enumerate(parts)])
    weights = gain.double().softmax(0).to(rng.device)
    count = weights.shape[0]
    spread = torch.rand(count, generator=rng, device=rng.device, dtype=torch.float64)
    strata = (spread + torch.arange(count, device=rng.device)) / count
    return torch.searchsorted(weights.cumsum(0), strata, right=True).clamp(max=count - 1)


def _rows(value: Any, index: Tensor) -> Any:
    """Return the rows of a tensor, or of every tensor with as many rows in a belief."""
    if isinstance(value, Tensor):
        whole = value.ndim == 0 or value.shape[0] != index.shape[0]
        return value if whole else value[index.to(value.device)]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _rows(getattr(value, f.name), index) for f in fields(value)})
    return None
