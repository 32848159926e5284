"""The temporal U-Net: convolutions along time at several resolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from agentic_diffusion.denoising.nn.embed import ContextEmbedding, TimeEmbedding


def _convolve(inner: int, outer: int, kernel: int) -> nn.Sequential:
    groups = next(g for g in (8, 4, 2, 1) if outer % g == 0)
    return nn.Sequential(
        nn.Conv1d(inner, outer, kernel, padding=kernel // 2), nn.GroupNorm(groups, outer), nn.Mish()
    )


@final
class Residual(nn.Module):
    """Two convolutions around an added condition."""

    def __init__(self, inner: int, outer: int, *, width: int, kernel: int = 5) -> None:
        super().__init__()
        self.first = _convolve(inner, outer, kernel)
        self.second = _convolve(outer, outer, kernel)
        self.condition = nn.Linear(width, outer)
        self.skip = nn.Conv1d(inner, outer, 1) if inner != outer else nn.Identity()

    def forward(
        self, h: Float[Tensor, "batch inner time"], condition: Float[Tensor, "#batch width"]
    ) -> Float[Tensor, "batch outer time"]:
        """Return the updated features."""
        out = self.first(h) + self.condition(condition)[..., None]
        updated: Tensor = self.second(out) + self.skip(h)
        return updated


@final
class _Down(nn.Module):
    """Two residual blocks, then half the resolution (or the same at the last level)."""

    def __init__(self, inner: int, outer: int, *, width: int, last: bool) -> None:
        super().__init__()
        self.first = Residual(inner, outer, width=width)
        self.second = Residual(outer, outer, width=width)
        self.shrink = nn.Identity() if last else nn.Conv1d(outer, outer, 3, stride=2, padding=1)

    def forward(self, h: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features for the level below and those kept for the way up."""
        wide = self.second(self.first(h, condition), condition)
        return self.shrink(wide), wide


@final
class _Up(nn.Module):
    """Twice the resolution, joined with what was kept on the way down."""

    def __init__(self, outer: int, inner: int, *, width: int) -> None:
        super().__init__()
        self.grow = nn.ConvTranspose1d(outer, inner, 4, stride=2, padding=1)
        self.block = Residual(2 * inner, inner, width=width)

    def forward(self, h: Tensor, kept: Tensor, condition: Tensor) -> Tensor:
        """Return the features for the level above."""
        joined: Tensor = self.block(torch.cat([self.grow(h), kept], dim=1), condition)
        return joined


@final
class TemporalUNet(nn.Module):
    """Diffuser's network (Janner et al. 2022, arXiv:2205.09991, appendix C).

    It reads `context["known"]` and `context["context"]` like `TrajectoryDiT`.

    Args:
        dim: Numbers in each step of the trajectory.
        width: Channels of the first level.
        multiples: Channels of each level as multiples of `width`; the horizon must be divisible by
            2 to the power of (levels - 1).
        context_dim: Length of the context vector, 0 for none.
    """

    def __init__(
        self,
        dim: int,
        *,
        width: int = 32,
        multiples: Sequence[int] = (1, 4, 8),
        context_dim: int = 0,
    ) -> None:
        super().__init__()
        self.stride = 2 ** (len(multiples) - 1)
        self.time = TimeEmbedding(width)
        self.context = ContextEmbedding(context_dim, width) if context_dim else None
        sizes = [2 * dim, *(width * m for m in multiples)]
        self.down = nn.ModuleList()
        for level, (inner, outer) in enumerate(pairwise(sizes)):
            last = level == len(multiples) - 1
            self.down.append(_Down(inner, outer, width=width, last=last))
        self.middle = Residual(sizes[-1], sizes[-1], width=width)
        self.up = nn.ModuleList()
        for outer, inner in pairwise(reversed(sizes[1:])):
            self.up.append(_Up(outer, inner, width=width))
        self.head = nn.Sequential(_convolve(sizes[1], sizes[1], 5), nn.Conv1d(sizes[1], dim, 1))

    def forward(
        self,
        x: Float[Tensor, "batch horizon dim"],
        t: Float[Tensor, " batch"],
        context: Mapping[str, Tensor],
    ) -> Float[Tensor, "batch horizon dim"]:
        """Return a tensor shaped like `x`.

        Raises:
            ValueError: The horizon does not divide by the U-Net's stride.
        """
        if x.shape[1] % self.stride:
            raise ValueError(
                f"Got a horizon of {x.shape[1]}. Expected a multiple of {self.stride}. "
                "Pad the trajectory or use fewer levels."
            )
        known = context.get("known")
        flags = torch.zeros_like(x) if known is None else known.to(x.dtype).expand_as(x)
        condition = self.time(t)
        if self.context is not None:
            condition = condition + self.context(context)
        h = torch.cat([x, flags], dim=-1).transpose(1, 2)
        kept: list[Tensor] = []
        for level in self.down:
            h, wide = level(h, condition)
            kept.append(wide)
        h = self.middle(h, condition)
        kept.pop()
        for level in self.up:
            h = level(h, kept.pop(), condition)
        out: Tensor = self.head(h)
        return out.transpose(1, 2)
