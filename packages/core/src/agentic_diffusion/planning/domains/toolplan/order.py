"""A kernel that decides one slot after the other, so that rules between slots are kept exactly."""

from __future__ import annotations

import torch
from jaxtyping import Bool
from torch import Tensor

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.sample import Believe, Kernel
from agentic_diffusion.denoising.schedule import FLOOR
from agentic_diffusion.denoising.state import Rng, Step, Time


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
        count = (x == process.mask_token).sum(dim=1)
        stay = (1 - process.schedule(s)) / (1 - process.schedule(step.t)).clamp(min=FLOOR)
        due = count - (count * stay + 1e-4).floor().long()
        belief = believe(x, step.t)
        for made in range(int(due.max())):
            if made:
                belief = believe(x, step.t)
            place = _next(x == process.mask_token, belief, leftmost=leftmost)
            x = torch.where(place & (due > made)[:, None], belief.sample(rng), x)
        return Step(x, s, belief, step.t)

    return move


def _next(hidden: Tensor, belief: Categorical, *, leftmost: bool) -> Bool[Tensor, "batch slots"]:
    """Return the hidden slot of each row that comes next; none where nothing is hidden."""
    rank = hidden.long().cumsum(dim=1).float() if leftmost else belief.entropy()
    first = rank.masked_fill(~hidden, torch.inf).argmin(dim=1, keepdim=True)
    return torch.zeros_like(hidden).scatter(1, first, True) & hidden
