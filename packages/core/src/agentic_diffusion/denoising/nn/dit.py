"""Diffusion transformers over trajectories and over tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from agentic_diffusion.denoising.nn.embed import ContextEmbedding, TimeEmbedding


def tilted(
    h: Float[Tensor, "batch length width"],
    scale: Float[Tensor, "#batch 1 width"],
    shift: Float[Tensor, "#batch 1 width"],
) -> Float[Tensor, "batch length width"]:
    """Return the normed tokens times 1 + scale, plus shift: one pass where all rows have the same and nothing learns.

    What is compiled or exported is written the long way: torch joins the passes itself, for any number of rows.
    """
    plain = torch.is_grad_enabled() or torch.compiler.is_compiling()
    if not plain and len(scale) == 1 and scale.dtype == h.dtype:
        return functional.layer_norm(h, h.shape[-1:], 1 + scale[0, 0], shift[0, 0])
    return functional.layer_norm(h, h.shape[-1:]) * (1 + scale) + shift


def added(
    h: Float[Tensor, "batch length width"],
    scale: Float[Tensor, "#batch 1 width"],
    more: Float[Tensor, "batch length width"],
) -> Float[Tensor, "batch length width"]:
    """Return h + scale · more; in one pass where nothing learns and all have one type, unlike under autocast."""
    if h.dtype == scale.dtype == more.dtype and not torch.is_grad_enabled():
        return torch.addcmul(h, scale, more)
    return h + scale * more


@final
class Block(nn.Module):
    """Self-attention and a perceptron, both modulated by the condition (adaLN-Zero).

    Peebles and Xie 2023, arXiv:2212.09748, fig. 3. `columns` and `rows` say how several devices can share its layers:
    the outputs of some are divided (with query, key and value as three parts), and the inputs of those that follow.
    """

    columns: ClassVar[Mapping[str, int]] = {"qkv": 3, "mlp.0": 1}
    rows: ClassVar[tuple[str, ...]] = ("merge", "mlp.2")

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width)
        )
        self.modulate = nn.Linear(width, 6 * width)
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(
        self, h: Float[Tensor, "batch length width"], condition: Float[Tensor, "#batch width"]
    ) -> Float[Tensor, "batch length width"]:
        """Return the updated tokens."""
        tilt = self.modulate(condition)[:, None].chunk(6, dim=-1)
        normed = tilted(h, tilt[0], tilt[1])
        batch, length, width = h.shape
        # as many heads as lie here: all, or this device's share of them
        qkv = self.qkv(normed).view(batch, length, 3, -1, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2])
        h = added(h, tilt[2], self.merge(mixed.transpose(1, 2).reshape(batch, length, -1)))
        return added(h, tilt[5], self.mlp(tilted(h, tilt[3], tilt[4])))


@final
class Trunk(nn.Module):
    """Blocks with learned positions, a time embedding and an optional context."""

    def __init__(self, length: int, width: int, *, depth: int, heads: int, context_dim: int = 0) -> None:
        super().__init__()
        self.position = nn.Parameter(0.02 * torch.randn(1, length, width))
        self.time = TimeEmbedding(width)
        self.context = ContextEmbedding(context_dim, width) if context_dim else None
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.final = nn.Linear(width, 2 * width)
        nn.init.zeros_(self.final.weight)
        nn.init.zeros_(self.final.bias)

    def forward(
        self,
        h: Float[Tensor, "batch length width"],
        t: Float[Tensor, " batch"],
        context: Mapping[str, Tensor],
    ) -> Float[Tensor, "batch length width"]:
        """Return the tokens, normed and ready for a linear head.

        Raises:
            ValueError: There are more tokens than positions.
        """
        if h.shape[1] > self.position.shape[1]:
            raise ValueError(
                f"Got {h.shape[1]} tokens. Expected at most {self.position.shape[1]}, the length the network was "
                "built for. Cut the input or build a longer network."
            )
        condition = self.time(t)
        if self.context is not None:
            condition = condition + self.context(context)
        condition = functional.silu(condition)
        h = h + self.position[:, : h.shape[1]]
        for block in self.blocks:
            h = block(h, condition)
        scale, shift = self.final(condition)[:, None].chunk(2, dim=-1)
        return tilted(h, scale, shift)


@final
class TrajectoryDiT(nn.Module):
    """A one-dimensional diffusion transformer over trajectories.

    It reads `context["known"]`, a mask of pinned entries, and `context["context"]`, a vector, where given.

    Args:
        horizon: Longest trajectory, in steps.
        dim: Numbers in each step.
        width: Width of the transformer.
        depth: Blocks; 2 is enough for mazes (Lu et al. 2025, Diffusion Veteran, sec. 4.4).
        heads: Attention heads; divides `width`.
        patch: Steps that share one token; divides the horizon.
        waves: Sines and cosines of so many octaves of each number are read beside it, which makes sharp functions
            of a position, such as walls, quick to learn (Tancik et al. 2020, arXiv:2006.10739).
        context_dim: Length of the context vector, 0 for none.
    """

    def __init__(
        self,
        horizon: int,
        dim: int,
        *,
        width: int = 128,
        depth: int = 2,
        heads: int = 4,
        patch: int = 1,
        waves: int = 0,
        context_dim: int = 0,
    ) -> None:
        super().__init__()
        if horizon % patch or width % heads:
            raise ValueError(
                f"Got horizon={horizon}, patch={patch}, width={width}, heads={heads}. Expected patch to divide "
                "horizon and heads to divide width. Choose other numbers."
            )
        self.patch = patch
        self.register_buffer("octaves", torch.pi * 2.0 ** torch.arange(waves), persistent=False)
        self.embed = nn.Linear((2 + 2 * waves) * dim * patch, width)
        self.trunk = Trunk(horizon // patch, width, depth=depth, heads=heads, context_dim=context_dim)
        self.head = nn.Linear(width, dim * patch)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(
        self,
        x: Float[Tensor, "batch horizon dim"],
        t: Float[Tensor, " batch"],
        context: Mapping[str, Tensor],
    ) -> Float[Tensor, "batch horizon dim"]:
        """Return a tensor shaped like `x`."""
        known = context.get("known")
        flags = torch.zeros_like(x) if known is None else known.to(x.dtype).expand_as(x)
        angles = (x[..., None] * self.get_buffer("octaves")).flatten(2)
        read = torch.cat([x, flags, angles.sin(), angles.cos()], dim=-1)
        batch, horizon, _ = x.shape
        h = self.embed(read.reshape(batch, horizon // self.patch, -1))
        out: Tensor = self.head(self.trunk(h, t, context))
        return out.reshape(x.shape)


@final
class TokenDiT(nn.Module):
    """A diffusion transformer over tokens.

    Args:
        length: Longest row of tokens.
        vocabulary: Number of tokens, the mask token included.
        width: Width of the transformer.
        depth: Blocks.
        heads: Attention heads; divides `width`.
        context_dim: Length of the context vector, 0 for none.
    """

    def __init__(
        self,
        length: int,
        vocabulary: int,
        *,
        width: int = 128,
        depth: int = 2,
        heads: int = 4,
        context_dim: int = 0,
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.trunk = Trunk(length, width, depth=depth, heads=heads, context_dim=context_dim)
        self.head = nn.Linear(width, vocabulary)

    def forward(
        self,
        tokens: Int[Tensor, "batch length"],
        t: Float[Tensor, " batch"],
        context: Mapping[str, Tensor],
    ) -> Float[Tensor, "batch length vocabulary"]:
        """Return the logits of each token at each position."""
        logits: Tensor = self.head(self.trunk(self.embed(tokens), t, context))
        return logits
