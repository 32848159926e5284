"""A transformer over tokens whose attention is a layout that the caller gives, with an exact cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

Past: TypeAlias = tuple[tuple[Tensor, Tensor], ...]
"""Keys and values of each layer, (batch, heads, length, width / heads), positions already turned in."""

EPSILON = 1e-6


@final
@dataclass(frozen=True)
class Shape:
    """The sizes of a `BlockTransformer`.

    Args:
        vocabulary: Number of tokens, special ones included.
        width: Width of the residual stream.
        depth: Layers.
        heads: Attention heads; width / heads must be even.
        inner: Width inside the gated perceptron; 8/3 of the width where 0, rounded up to a multiple of 32.
    """

    vocabulary: int
    width: int = 192
    depth: int = 6
    heads: int = 6
    inner: int = 0

    def __post_init__(self) -> None:
        if min(self.vocabulary, self.width, self.depth, self.heads) < 1 or self.width % (2 * self.heads):
            raise ValueError(
                f"Got {self}. Expected positive sizes and an even width for each head. Choose other numbers."
            )

    @property
    def hidden(self) -> int:
        """The width inside the perceptron."""
        return self.inner or -(-self.width * 8 // (3 * 32)) * 32


@final
class _Unit(torch.autograd.Function):
    """x / √(mean x² + ε) in few passes over memory, there and back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        scale = torch.rsqrt(torch.linalg.vector_norm(x, dim=-1, keepdim=True) ** 2 / x.shape[-1] + EPSILON)
        y = x * scale
        ctx.save_for_backward(y, scale)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        y, scale = ctx.saved_tensors
        share = (grads[0] * y).mean(-1, keepdim=True)
        back: Tensor = torch.addcmul(grads[0], y, share, value=-1).mul_(scale)
        return back


def unit(x: Float[Tensor, "*shape width"]) -> Float[Tensor, "*shape width"]:
    """Scale each vector to unit mean square, without weights: they would only scale the matrix that comes next.

    Zhang and Sennrich 2019, arXiv:1910.07467.
    """
    if x.is_cuda or not x.requires_grad:
        return functional.rms_norm(x, (x.shape[-1],), None, EPSILON)
    scaled: Tensor = _Unit.apply(x)
    return scaled


@final
class Layer(nn.Module):
    """Attention with normed queries and keys, then a gated perceptron (SwiGLU), each on a normed stream.

    Su et al. 2021 (rotary positions), arXiv:2104.09864; Shazeer 2020 (SwiGLU), arXiv:2002.05202;
    Henry et al. 2020 (normed queries and keys, one learned temperature for each head), arXiv:2010.04245.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width, inner = shape.width, shape.hidden
        self.heads = shape.heads
        self.sharp = nn.Parameter(torch.ones(shape.heads, 1, 1))
        self.query, self.key, self.value, self.merge = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.gate, self.lift = (nn.Linear(width, inner, bias=False) for _ in range(2))
        self.back = nn.Linear(inner, width, bias=False)

    def forward(
        self,
        h: Float[Tensor, "batch length width"],
        turn: tuple[Tensor, Tensor],
        mask: Bool[Tensor, "#batch 1 length seen"] | None,
        *,
        past: tuple[Tensor, Tensor] | None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the updated tokens, and their keys and values."""
        batch, length, width = h.shape
        heads, seen = (batch, length, self.heads, width // self.heads), unit(h)
        query = rotate(unit(self.query(seen).view(heads)), turn).transpose(1, 2) * self.sharp
        key = rotate(unit(self.key(seen).view(heads)), turn).transpose(1, 2)
        value = self.value(seen).view(heads).transpose(1, 2)
        fresh = (key, value)
        if past is not None:
            count = (batch, -1, -1, -1)
            key = torch.cat([past[0].expand(count), key], dim=2)
            value = torch.cat([past[1].expand(count), value], dim=2)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        h = h + self.merge(mixed.transpose(1, 2).reshape(batch, length, width))
        seen = unit(h)
        return h + self.back(functional.silu(self.gate(seen)) * self.lift(seen)), fresh


@final
class BlockTransformer(nn.Module):
    """Tokens in, hidden states out; who may look at whom is an argument, so one network serves every layout.

    A layout in which no earlier token looks at a later block makes the cache exact: keys and values of finished
    blocks never change (block diffusion, Arriola et al. 2025, arXiv:2503.09573, sec. 3.2). Embeddings are tied.
    Each token also carries the one before it: a hidden token then asks for what followed the same token elsewhere in
    the first layer already, which is how names are copied (So et al. 2021 (Primer), arXiv:2109.08668, sec. 4).

    Args:
        shape: The sizes.
    """

    tied: ClassVar[Mapping[str, str]] = {
        "head": "embed"
    }  # layers without weights of their own, and whose they use

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.head: nn.Module | None = None
        self.embed = nn.Embedding(shape.vocabulary, shape.width)
        self.carry = nn.Linear(shape.width, shape.width, bias=False)
        self.layers = nn.ModuleList([Layer(shape) for _ in range(shape.depth)])
        half = shape.width // shape.heads // 2
        turns = 10_000.0 ** (-torch.arange(half, dtype=torch.float32) / half)
        self.register_buffer("turns", turns, persistent=False)
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                deep = (2 * shape.depth) ** -0.5 if name.endswith(("merge.weight", "back.weight")) else 1.0
                nn.init.normal_(weight, std=deep * weight.shape[1] ** -0.5)

    def forward(
        self,
        tokens: Int[Tensor, "batch length"],
        position: Int[Tensor, "#batch length"],
        mask: Bool[Tensor, "#batch 1 length seen"] | None = None,
        *,
        before: Int[Tensor, "#batch length"] | None = None,
        past: Past = (),
    ) -> tuple[Float[Tensor, "batch length width"], Past]:
        """Return the normed hidden states, and the keys and values of these tokens.

        Args:
            tokens: The tokens.
            position: Where each stands; may be negative.
            mask: True where a token may look; the tokens of `past` come first. None lets all look at all.
            before: The token before each, -1 where there is none. None takes the one to the left.
            past: Keys and values of tokens read before.
        """
        angle = position[:, :, None, None] * self.get_buffer("turns")
        before = left_of(tokens) if before is None else before
        h = self.embed(tokens) + self.carry(self.embed(before.clamp(min=0)) * (before >= 0)[..., None])
        turn = angle.cos(), angle.sin()
        fresh = []
        for index, layer in enumerate(self.layers):
            h, pair = layer(h, turn, mask, past=past[index] if past else None)
            fresh.append(pair)
        return unit(h), tuple(fresh)

    def logits(self, hidden: Float[Tensor, "*shape width"]) -> Float[Tensor, "*shape vocabulary"]:
        """Return the logits of each token, by the embeddings themselves or by a layer that was made of them."""
        if self.head is not None:
            told: Tensor = self.head(hidden)
            return told
        return functional.linear(hidden, self.embed.weight)


def left_of(
    tokens: Int[Tensor, "batch length"], first: Int[Tensor, " #batch"] | None = None
) -> Int[Tensor, "batch length"]:
    """Return the token to the left of each; `first` stands to the left of the row, nothing (-1) where left out."""
    edge = tokens.new_full((1,), -1) if first is None else first
    return torch.cat([edge[:, None].expand(len(tokens), 1), tokens[:, :-1]], dim=1)


def rotate(
    x: Float[Tensor, "batch length heads dim"], turn: tuple[Tensor, Tensor]
) -> Float[Tensor, "batch length heads dim"]:
    """Turn each pair of neighbouring numbers by its position's angle."""
    cos, sin = turn
    if not x.is_cuda and x.dtype == torch.float32:
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
        return torch.view_as_real(pairs * torch.complex(cos, sin)).flatten(-2)
    left, right = x.reshape(*x.shape[:-1], -1, 2).unbind(-1)
    turned = torch.stack([left * cos - right * sin, right * cos + left * sin], dim=-1)
    return turned.flatten(-2).to(x.dtype)


def joined(*parts: Past) -> Past:
    """Return the keys and values of several runs of tokens, one after the other."""
    told: Sequence[Past] = [part for part in parts if part]
    if len(told) < 2:
        return told[0] if told else ()
    batch = max(part[0][0].shape[0] for part in told)

    def whole(layer: int, which: int) -> Tensor:
        return torch.cat([part[layer][which].expand(batch, -1, -1, -1) for part in told], dim=2)

    return tuple((whole(layer, 0), whole(layer, 1)) for layer in range(len(told[0])))
