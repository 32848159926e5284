"""Recall: what the known plans say of each slot, weighed by how likely each is for the request."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

LITTLE = 0.02
"""The chance below which the plans that agree with what is shown hardly count."""


def recalled(
    x: Int[Tensor, "batch slots"],
    plans: Int[Tensor, "plans #slots"],
    chances: Float[Tensor, "#batch plans"],
    *,
    tokens: int,
) -> Float[Tensor, "batch slots tokens"]:
    """Return log p(token in slot | shown) of a denoiser that knows these plans by heart, smoothed.

    The same for all tokens where no plan agrees with what is shown.

    Args:
        x: What is shown; tokens from `tokens` on are hidden.
        plans: The known plans.
        chances: How likely each is.
        tokens: Number of tokens, the mask left out.
    """
    batch, slots = x.shape
    if plans.shape[0] == 0:
        return torch.zeros(batch, slots, tokens, device=x.device)
    agrees = ((x[:, None] == plans[None]) | (x[:, None] >= tokens)).all(dim=-1)
    weights = chances * agrees
    where = (plans + tokens * torch.arange(slots, device=x.device)).flatten()
    told = torch.zeros(batch, slots * tokens, device=x.device)
    told = told.index_add(1, where, weights.repeat_interleave(slots, dim=1)).view(batch, slots, tokens)
    return torch.log((told + 0.1 * LITTLE) / (weights.sum(dim=1)[:, None, None] + LITTLE))
