"""Embeddings of a noise level and of a context vector."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn


@final
class TimeEmbedding(nn.Module):
    """A number in [0, 1] as sines and cosines of many frequencies, then a small network.

    Vaswani et al. 2017, arXiv:1706.03762, sec. 3.5.
    """

    def __init__(self, width: int, *, frequencies: int = 64) -> None:
        super().__init__()
        grid = torch.exp(torch.linspace(0.0, math.log(1000.0), frequencies))
        self.register_buffer("grid", grid, persistent=False)
        self.net = nn.Sequential(nn.Linear(2 * frequencies, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, t: Float[Tensor, " batch"]) -> Float[Tensor, "#batch width"]:
        """Return the embedding of each number; one for all where one number was expanded for all."""
        t = t[:1] if t.stride(0) == 0 else t
        angle = t[:, None] * self.get_buffer("grid")
        waves = torch.cat([angle.sin(), angle.cos()], dim=-1)
        embedded: Tensor = self.net(waves)
        return embedded


@final
class ContextEmbedding(nn.Module):
    """A context vector, or a learned stand-in where it is missing or marked as left out."""

    def __init__(self, context_dim: int, width: int) -> None:
        super().__init__()
        self.net = nn.Linear(context_dim, width)
        self.missing = nn.Parameter(torch.zeros(width))

    def forward(self, context: Mapping[str, Tensor]) -> Float[Tensor, "#batch width"]:
        """Return the embedding of `context["context"]`, weighed by `context["told"]`."""
        if "context" not in context:
            return self.missing[None]
        given: Tensor = self.net(context["context"])
        if "told" not in context:
            return given
        told = context["told"].reshape(-1, 1).to(given)  # also from the CPU
        return told * given + (1 - told) * self.missing
