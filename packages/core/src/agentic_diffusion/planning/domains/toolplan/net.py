"""A network that fills slots with tools by reading what the tools are for, so that tools may come and go."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from agentic_diffusion.denoising.nn.dit import Block
from agentic_diffusion.planning.domains.toolplan.reading import HINTS

LEXICAL = 8.0
"""What the best-fitting clause is worth, in nats, before anything is learned."""


@final
class ToolNet(nn.Module):
    """Scores of each tool in each slot: a slot's state meets the embedding of the tool's text, plus what hints say.

    No weight belongs to one tool, so that it also scores tools it has never seen.

    Args:
        texts: The texts of the tools, one row each (tools, size).
        slots: Calls in the longest plan.
        width: Width of the network.
        depth: Blocks.
        heads: Attention heads; divides `width`.
    """

    def __init__(
        self,
        texts: Float[Tensor, "tools size"],
        slots: int,
        *,
        width: int = 128,
        depth: int = 2,
        heads: int = 4,
    ) -> None:
        super().__init__()
        self.register_buffer("texts", texts, persistent=False)
        self.read = nn.Linear(texts.shape[1], width, bias=False)
        self.facts = nn.Linear(texts.shape[1], width, bias=False)
        self.special = nn.Parameter(0.02 * torch.randn(2, width))  # stop, mask
        self.place = nn.Parameter(0.02 * torch.randn(slots, width))
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.ask = nn.Linear(width, width)
        self.weigh = nn.Linear(width, HINTS + 1)
        nn.init.zeros_(self.ask.weight)
        nn.init.zeros_(self.weigh.weight)
        with torch.no_grad():
            self.weigh.bias.copy_(torch.tensor([LEXICAL / 2, LEXICAL, 0.0, 0.0]))

    def over(self, texts: Float[Tensor, "tools size"]) -> ToolNet:
        """Return the network with the same weights over other tools."""
        other = copy(self)
        other._buffers = {**self._buffers, "texts": texts}
        return other

    def forward(
        self, tokens: Int[Tensor, "batch slots"], t: Float[Tensor, " batch"], context: Mapping[str, Tensor]
    ) -> Float[Tensor, "batch slots vocabulary"]:
        """Return the logits of each tool, of the stop token and of the mask token."""
        tools = torch.cat([self.read(self.get_buffer("texts")), self.special], dim=0)
        told = functional.silu(self.read(context["goal"]) + self.facts(context["facts"]))
        h = tools[tokens] + self.place[: tokens.shape[1]]
        for block in self.blocks:
            h = block(h, told.expand(h.shape[0], -1))
        h = functional.layer_norm(h, h.shape[-1:]) + told[:, None]
        scores = self.ask(h) @ tools[:-1].T / h.shape[-1] ** 0.5
        weights = self.weigh(h)
        hints = context["hints"].expand(h.shape[0], -1, -1)
        scores = scores + weights[..., :-1] @ hints.transpose(1, 2)
        ended = torch.zeros_like(scores)
        ended[..., -1] = weights[..., -1]
        return functional.pad(scores + ended, (0, 1))
