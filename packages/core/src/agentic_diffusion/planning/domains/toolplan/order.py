"""One slot after the other: kernels that keep rules between slots exactly, and the noise that teaches beginnings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    stays: dict[tuple[float, float], float] = {}  # the same levels come again with every request

    def move(
        step: Step[Tensor, Categorical], s: Time, believe: Believe[Tensor, Categorical], rng: Rng
    ) -> Step[Tensor, Categorical]:
        x, belief, score = step.x, step.belief, step.score
        most = int((x == process.mask_token).sum(dim=1).max())
        if most == 0:
            return Step(x, s, belief, step.t, score)
        size, apart = (rng.rows, False) if isinstance(rng, Shares) else (len(x), True)
        beams = _beams(x, score, size)
        levels = (float(step.t.max()), float(s.min()))
        if levels not in stays:
            stays[levels] = _stay(process, step.t, s)
        for _ in range(most - math.floor(most * stays[levels] + 1e-4)):
            every = range(len(x))
            asked = (
                [k for k in every if beams[k // size].going(k % size, process.mask_token)]
                if apart
                else [*every]
            )
            belief = believe(x[asked] if len(asked) < len(x) else x, step.t)
            ahead = _ahead(belief, x[asked].tolist(), process.mask_token)
            parents: list[int] = []
            for start, beam in zip(range(0, len(x), size), beams, strict=True):
                mine = [k for k, row in enumerate(asked) if beam.going(row - start, process.mask_token)]
                places = [asked[k] - start for k in mine]
                told = beam.grown(ahead[mine], places, stop=stop, mask=process.mask_token)
                parents += [start + parent for parent in told]
            x = torch.tensor([row for beam in beams for row in beam.rows], device=x.device)
            place = {row: k for k, row in enumerate(asked)}
            logits = belief.logits[[place.get(parent, 0) for parent in parents]]
            belief = replace(belief, logits=logits, hidden=x == process.mask_token, weight=torch.ones(()))
        scores = [worth for beam in beams for worth in beam.scores]
        return Step(x, s, belief, step.t, torch.tensor(scores, device=x.device))

    return move


@final
@dataclass
class _Beam:
    """The beginnings of one request with their log-likelihoods; minus infinity for what stands in."""

    rows: list[tuple[int, ...]]
    scores: list[float]

    def going(self, place: int, mask: int) -> bool:
        """Whether this row is one of the beam, is not complete and does not stand in."""
        return 0 <= place < len(self.rows) and mask in self.rows[place] and self.scores[place] > -math.inf

    def grown(
        self, ahead: Float[Tensor, "asked tokens"], asked: Sequence[int], *, stop: int, mask: int
    ) -> Sequence[int]:
        """Take the likeliest continuations and return which row each continues; what is complete stays as it is.

        Where too few are within `BEHIND` nats of the likeliest, that one stands in again, with a score of minus
        infinity.

        Args:
            ahead: Log-probabilities of the first hidden token of the rows that were asked about.
            asked: Which rows these are.
            stop: The token behind which nothing but stops can stand.
            mask: The token that is hidden.
        """
        size, tokens = len(self.rows), ahead.shape[-1]
        pairs = enumerate(zip(self.rows, self.scores, strict=True))
        found = [(worth, index, stop) for index, (row, worth) in pairs if mask not in row]
        if asked:
            worth = torch.tensor([self.scores[index] for index in asked], device=ahead.device)
            best, flat = (worth[:, None] + ahead).flatten().topk(min(size, ahead.numel()))
            found += [
                (n, asked[k // tokens], k % tokens) for n, k in zip(best.tolist(), flat.tolist(), strict=True)
            ]
        found.sort(key=lambda told: -told[0])
        kept = [told for told in found[:size] if told[0] >= found[0][0] - BEHIND and told[0] > -math.inf]
        kept += [(-math.inf, *found[0][1:])] * (size - len(kept))
        self.rows = [_with(self.rows[parent], token, stop=stop, mask=mask) for _, parent, token in kept]
        self.scores = [worth for worth, _, _ in kept]
        return [parent for _, parent, _ in kept]


def _beams(x: Int[Tensor, "batch slots"], score: Float[Tensor, " batch"] | None, size: int) -> list[_Beam]:
    """Return the rows in beams of a size; without scores all begin alike, and the first of each beam counts."""
    rows = [tuple(row) for row in x.tolist()]
    first = [-math.inf if index % size else 0.0 for index in range(len(rows))]
    scores = first if score is None else score.tolist()
    return [_Beam(rows[k : k + size], scores[k : k + size]) for k in range(0, len(rows), size)]


def _with(row: tuple[int, ...], token: int, *, stop: int, mask: int) -> tuple[int, ...]:
    """Return a row with a token in its first hidden slot; behind a stop there are stops."""
    if mask not in row:
        return row
    first = row.index(mask)
    behind = (stop if token == stop and other == mask else other for other in row[first + 1 :])
    return (*row[:first], token, *behind)


def _ahead(belief: Categorical, rows: Sequence[Sequence[int]], mask: int) -> Float[Tensor, "rows tokens"]:
    """Return the log-probabilities of the first hidden token of each row."""
    place = torch.tensor([row.index(mask) if mask in row else 0 for row in rows], device=belief.logits.device)
    return belief.logits[torch.arange(len(rows), device=place.device), place].float().log_softmax(dim=-1)


def _stay(process: MaskedProcess, t: Time, s: Time) -> float:
    """Return the least share of what is hidden at t that may stay hidden at s."""
    at_s, at_t = float(process.schedule(s).max()), float(process.schedule(t).min())
    return (1 - at_s) / max(1 - at_t, FLOOR)


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
