"""A small network from what is known and what is already decided to what each call should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from agentic_diffusion.denoising.state import Shared
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional


@final
class FactNet(nn.Module):
    """Logits of every token from a straight path and a perceptron beside it.

    The straight path lets single facts speak for single calls, which few examples are enough for; the perceptron
    starts silent and learns what facts say together. Words that never came up in training say nothing.

    Args:
        length: Tokens in a row.
        vocabulary: Number of tokens, the mask token included.
        context_dim: Length of the context vector.
        width: Width of the perceptron.
        dropout: Share of the context that is hidden while training.
    """

    def __init__(
        self,
        length: int,
        vocabulary: int,
        *,
        context_dim: int,
        width: int = 128,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.length, self.vocabulary, self.dropout = length, vocabulary, dropout
        into, out = context_dim + length * vocabulary, length * vocabulary
        self.straight = nn.Linear(into, out)
        nn.init.zeros_(self.straight.weight)
        nn.init.zeros_(self.straight.bias)
        last = nn.Linear(width, out)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        first = nn.Linear(into + 1, width)
        nn.init.zeros_(first.weight[:, :context_dim])
        self.perceptron = nn.Sequential(first, nn.SiLU(), nn.Linear(width, width), nn.SiLU(), last)

    def forward(
        self,
        tokens: Int[Tensor, "batch length"],
        t: Float[Tensor, " batch"],
        context: Mapping[str, Tensor],
    ) -> Float[Tensor, "batch length vocabulary"]:
        """Return the logits of each token at each position."""
        straight, first = self.straight, self.perceptron[0]
        if not self.training and isinstance(straight, nn.Linear) and isinstance(first, nn.Linear):
            return self._read_once(tokens, t, context, layers=(straight, first))
        told = context["context"].expand(tokens.shape[0], -1)
        told = functional.dropout(told, self.dropout, self.training)
        shown = functional.one_hot(tokens, self.vocabulary).to(told).flatten(1)
        read = torch.cat([told, shown], dim=1)
        timed = torch.cat([read, t[:, None].to(read)], dim=1)
        logits: Tensor = self.straight(read) + self.perceptron(timed)
        return logits.view(-1, self.length, self.vocabulary)

    def _read_once(
        self,
        tokens: Int[Tensor, "batch length"],
        t: Float[Tensor, " batch"],
        context: Mapping[str, Tensor],
        *,
        layers: tuple[nn.Linear, nn.Linear],
    ) -> Float[Tensor, "batch length vocabulary"]:
        """Return the same logits; what is known of a request is read once, however many rows it has."""
        told = context.rows["context"] if isinstance(context, Shared) else context["context"]
        shown = functional.one_hot(tokens, self.vocabulary).to(told).flatten(1)
        timed = torch.cat([shown, t[:, None].to(told)], dim=1)
        summed = []
        for layer, own in zip(layers, (shown, timed), strict=True):
            known = functional.linear(told, layer.weight[:, : told.shape[1]], layer.bias)
            known = known[context.of] if isinstance(context, Shared) else known
            summed.append(known + functional.linear(own, layer.weight[:, told.shape[1] :]))
        logits: Tensor = summed[0] + self.perceptron[1:](summed[1])
        return logits.view(-1, self.length, self.vocabulary)
