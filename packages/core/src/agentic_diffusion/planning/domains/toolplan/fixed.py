"""What stays the same from request to request: the weights of a network, joined, and the tables of a catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.net import Mixer, ToolNet

Weights = tuple[Tensor, Tensor]


@final
@dataclass(frozen=True)
class Block:
    """The weights of one mixer, with what is projected from the same numbers joined."""

    norm: Weights
    project: Weights
    merge: Weights
    last: Weights
    widen: Weights
    narrow: Weights
    heads: int

    @staticmethod
    def of(mixer: Mixer) -> Block:
        """Return the weights of a mixer."""
        widen, _, narrow = mixer.mlp
        both = [(mixer.query.weight, mixer.query.bias), (mixer.keys.weight, mixer.keys.bias)]
        weight, bias = (torch.cat(parts) for parts in zip(*both, strict=True))
        rest = _pair(mixer.merge), _pair(mixer.last), _pair(widen), _pair(narrow)
        return Block(_pair(mixer.norm), (weight, bias), *rest, mixer.heads)

    def __call__(self, h: Tensor, there: Tensor | None = None, *, only: Tensor | None = None) -> Tensor:
        """Return what the mixer makes of all slots (batch, slots, width), or of one slot of each row alone.

        Args:
            h: The slots.
            there: Keys and values of what is looked at beside the slots (2, 1, heads, others, size).
            only: The slot of each row that is wanted; all where it is None.
        """
        batch, slots, width = h.shape
        own = functional.layer_norm(h, (width,), *self.norm)
        told = functional.linear(own, *self.project).view(batch, slots, 3, self.heads, -1)
        query, seen = told[:, :, 0].transpose(1, 2), told[:, :, 1:].permute(2, 0, 3, 1, 4)
        if only is not None:
            rows = torch.arange(batch)
            h, query = h[rows, only][:, None], query[rows, :, only][:, :, None]
        if there is not None:
            seen = torch.cat([seen, there.expand(-1, batch, -1, -1, -1)], dim=3)
        mixed = functional.scaled_dot_product_attention(query, seen[0], seen[1])
        h = h + functional.linear(mixed.transpose(1, 2).reshape(batch, -1, width), *self.merge)
        inner = functional.linear(functional.layer_norm(h, (width,), *self.last), *self.widen)
        return h + functional.linear(functional.gelu(inner), *self.narrow)

    def split(self, seen: Tensor) -> Tensor:
        """Return keys and values (1, others, 2 · width) as (2, 1, heads, others, size)."""
        return seen.reshape(1, seen.shape[1], 2, self.heads, -1).permute(2, 0, 3, 1, 4)


@final
@dataclass(frozen=True)
class Fixed:
    """What stays the same from request to request.

    Args:
        blocks: The mixers.
        gather: The mixer of what the slots attend to.
        look: Projects what the slots attend to, normed, onto the keys and values of all mixers.
        plain: What is known of the tools without a request.
        final: The last norm.
        ask: Projects the state of a slot onto what tools, features and habits are weighed with.
        behind: For each token on the left, what habit says of each token.
        company: For each shown token, what the order and its company say of each token (tokens, 2, tokens).
        end: What habit says of each token before the end of a plan.
        follows: Whether a token may stand behind another.
        once: Each token that a plan may hold once at most; -1 for others.
    """

    blocks: Sequence[Block]
    gather: Block
    look: Weights
    plain: Tensor
    final: Weights
    ask: Weights
    behind: Tensor
    company: Tensor
    end: Tensor
    follows: Tensor
    once: Tensor

    @staticmethod
    def of(network: ToolNet, catalogue: Catalogue) -> Fixed:
        """Return what a network and a catalogue say whatever the request."""
        width = network.place.shape[1]
        ask = (
            torch.cat([network.ask.weight / width**0.5, network.weigh.weight]),
            torch.cat([network.ask.bias / width**0.5, network.weigh.bias]),
        )
        tables = network.habits.get_buffer("tables")
        pairs = tables[2:].clone()
        pairs[:, :, -1] = pairs[:, -1] = 0.0
        once = torch.arange(catalogue.stop + 1).masked_fill(~catalogue.once, -1)
        return Fixed(
            [Block.of(mixer) for mixer in network.mixing()],
            Block.of(network.gather),
            _looking(network),
            network.plain(),
            _pair(network.final),
            ask,
            tables[0],
            pairs.transpose(0, 1).contiguous(),
            tables[1, -1],
            catalogue.ways[0] > 0,
            once,
        )


def _pair(layer: Any) -> Weights:
    assert isinstance(layer, nn.Linear | nn.LayerNorm)
    return layer.weight, layer.bias


def _looking(network: ToolNet) -> Weights:
    """Return one projection for what each mixer makes of its norm, scaled and shifted, and of its keys."""
    pairs = [(mixer.normed, mixer.keys) for mixer in network.mixing()]
    weight = torch.cat([keys.weight * norm.weight for norm, keys in pairs])
    return weight, torch.cat([keys.weight @ norm.bias + keys.bias for norm, keys in pairs])
