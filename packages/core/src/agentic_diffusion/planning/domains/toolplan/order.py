"""One slot after the other: kernels that keep rules between slots exactly, and the noise that teaches beginnings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.process import MaskedProcess, Process
from agentic_diffusion.denoising.sample import Believe, Kernel
from agentic_diffusion.denoising.schedule import FLOOR
from agentic_diffusion.denoising.state import Rng, Shares, Step, Time, uniform

BEHIND = 3.0
"""Beginnings that are so many nats less likely than the likeliest are given up."""


def careful(process: MaskedProcess, *, leftmost: bool = False) -> Kernel[Tensor, Categorical]:
    """Reveal as many tokens as the schedule asks, the surest first, with a new belief before each.

    Tokens that are drawn together may contradict each other (two calls that may not stand side by side); drawn one
    after the other they cannot. As many beliefs are formed as tokens are revealed.

    Args:
        process: Gives the schedule and the mask token.
        leftmost: Reveal from left to right instead, so that whatever a call needs is decided before it.
    """

    def move(
        step: Step[Tensor, Categorical], s: Time, believe: Believe[Tensor, Categorical], rng: Rng
    ) -> Step[Tensor, Categorical]:
        x = step.x
        due = _due(process, x, step.t, s)
        belief = believe(x, step.t)
        for made in range(int(due.max())):
            if made:
                belief = believe(x, step.t)
            place = _next(x == process.mask_token, belief, leftmost=leftmost)
            x = torch.where(place & (due > made)[:, None], belief.sample(rng), x)
        return Step(x, s, belief, step.t)

    return move


@final
@dataclass(frozen=True)
class Beginnings:
    """Masked noise of which a share hides all behind a beginning: what a search from left to right asks about.

    Args:
        inner: Gives the mask token, the noise and the way back.
        share: Samples that show a beginning of random length; the others show random slots.
    """

    inner: Process[Tensor, Categorical]
    share: float = 0.5

    def noise(self, like: Tensor, rng: Rng) -> Tensor:
        """Return a state in which every token is hidden."""
        return self.inner.noise(like, rng)

    def corrupt(self, clean: Tensor, t: Time, rng: Rng) -> Tensor:
        """Hide random slots, or what stands behind a beginning; nothing at t = 0."""
        slots, hidden = clean.shape[1], self.noise(clean, rng)
        kept = ((1 - t) * slots).floor().clamp(max=slots - 1)
        kept = torch.where(t <= 0, slots, kept).reshape(-1, 1)
        begun = torch.where(torch.arange(slots, device=clean.device) < kept.to(clean.device), clean, hidden)
        mark = uniform(clean[:, :1], rng) < self.share
        return torch.where(mark, begun, self.inner.corrupt(clean, t, rng))

    def revert(self, x: Tensor, belief: Categorical, t: Time, s: Time, rng: Rng) -> Tensor:
        """Go back as the process does."""
        return self.inner.revert(x, belief, t, s, rng)


def searching(process: MaskedProcess, *, stop: int) -> Kernel[Tensor, Categorical]:
    """Reveal from left to right and keep the likeliest beginnings: beam search over what the denoiser believes.

    The samples of a request are its beam. Each is worth Σᵢ log p(xᵢ | x₁ … xᵢ₋₁), the log-likelihood that `Chained`
    gives, from beliefs that are formed anyway; it is kept in the `score` of the step. No two samples are the same as
    long as there are enough beginnings, and what is complete is not asked about again. Nothing is drawn at random.

    Args:
        process: Gives the schedule and the mask token.
        stop: The token behind which nothing but stops can stand.
    """

    def move(
        step: Step[Tensor, Categorical], s: Time, believe: Believe[Tensor, Categorical], rng: Rng
    ) -> Step[Tensor, Categorical]:
        x, belief, score = step.x, step.belief, step.score
        if not bool((x == process.mask_token).any()):
            return Step(x, s, belief, step.t, score)
        rows, apart = (rng.rows, False) if isinstance(rng, Shares) else (len(x), True)
        if score is None:  # all begin alike: one of them counts
            first = torch.arange(len(x), device=x.device) % rows == 0
            score = torch.zeros(len(x), device=x.device).masked_fill(~first, -torch.inf)
        for _ in range(int(_due(process, x, step.t, s).max())):
            hidden = x == process.mask_token
            going = hidden.any(dim=1) & (torch.isfinite(score) if apart else True)
            asked = going.nonzero()[:, 0] if apart else torch.arange(len(x), device=x.device)
            belief = believe(x[asked], step.t)
            ahead = torch.full((len(x), belief.logits.shape[-1]), -torch.inf, device=x.device)
            place = hidden.long().argmax(dim=1)
            every = torch.arange(len(asked), device=x.device)
            ahead[asked] = belief.logits[every, place[asked]].float().log_softmax(dim=-1)
            ahead[~hidden.any(dim=1)] = torch.where(torch.arange(ahead.shape[1]) == stop, 0.0, -torch.inf)
            parent, token, score = _best(score, ahead, rows=rows)
            back = torch.zeros(len(x), dtype=torch.long, device=x.device).scatter(0, asked, every)
            x = _grown(x[parent], hidden[parent], token, stop=stop)
            belief = Categorical(belief.logits[back[parent]], x == process.mask_token, torch.ones(()))
        return Step(x, s, belief, step.t, score)

    return move


def _best(
    score: Float[Tensor, " batch"], ahead: Float[Tensor, "batch tokens"], *, rows: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return parent, token and score of the likeliest continuations of each beam of `rows` samples.

    Where too few are within `BEHIND` nats of it, the likeliest stands in again, with a score of minus infinity.
    """
    tokens = ahead.shape[1]
    total = (score[:, None] + ahead).view(-1, rows * tokens)
    best, index = total.topk(rows, dim=1)
    far = best < best[:, :1] - BEHIND
    index, best = torch.where(far, index[:, :1], index), best.masked_fill(far, -torch.inf)
    start = rows * torch.arange(len(total), device=score.device)[:, None]
    return (index // tokens + start).flatten(), (index % tokens).flatten(), best.flatten()


def _grown(
    x: Int[Tensor, "batch slots"],
    hidden: Bool[Tensor, "batch slots"],
    token: Int[Tensor, " batch"],
    *,
    stop: int,
) -> Int[Tensor, "batch slots"]:
    """Return the rows with a token in their first hidden slot; behind a stop there are stops."""
    first = hidden & (hidden.long().cumsum(dim=1) == 1)
    x = torch.where(first, token[:, None], x)
    return torch.where(hidden & (token == stop)[:, None], stop, x)


def _due(process: MaskedProcess, x: Int[Tensor, "batch slots"], t: Time, s: Time) -> Int[Tensor, " batch"]:
    """Return how many tokens of each row are to be revealed on the way from t to s."""
    count = (x == process.mask_token).sum(dim=1)
    stay = (1 - process.schedule(s)) / (1 - process.schedule(t)).clamp(min=FLOOR)
    return count - (count * stay + 1e-4).floor().long()


def _next(hidden: Tensor, belief: Categorical, *, leftmost: bool) -> Bool[Tensor, "batch slots"]:
    """Return the hidden slot of each row that comes next; none where nothing is hidden."""
    rank = hidden.long().cumsum(dim=1).float() if leftmost else belief.entropy()
    first = rank.masked_fill(~hidden, torch.inf).argmin(dim=1, keepdim=True)
    return torch.zeros_like(hidden).scatter(1, first, True) & hidden
