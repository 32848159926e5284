"""What comes next in a beginning: the network and the rules asked about one slot, in few operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.net import BESIDE, FEATURES, Mixer, ToolNet
from agentic_diffusion.planning.domains.toolplan.recall import LITTLE

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

    def __call__(self, h: Tensor, there: Tensor | None = None, *, only: int | None = None) -> Tensor:
        """Return what the mixer makes of all slots (batch, slots, width), or of one slot alone.

        Args:
            h: The slots.
            there: Keys and values of what is looked at beside the slots (2, 1, heads, others, size).
            only: The slot that is wanted; all where it is None.
        """
        batch, slots, width = h.shape
        own = functional.layer_norm(h, (width,), *self.norm)
        told = functional.linear(own, *self.project).view(batch, slots, 3, self.heads, -1)
        query, seen = told[:, :, 0].transpose(1, 2), told[:, :, 1:].permute(2, 0, 3, 1, 4)
        if only is not None:
            h, query = h[:, only : only + 1], query[:, :, only : only + 1]
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


@final
class Ahead:
    """Answers what may come next, and how likely it is, for beginnings of plans of one request, on the host.

    It says what `Ruled` says of the first hidden slot, up to rounding, and nothing of the slots behind.

    Args:
        catalogue: The tools.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._parts: Sequence[Tensor] = ()
        self._fixed: tuple[ToolNet, Sequence[int], Fixed] | None = None
        self._ready: tuple[Tensor, Tensor, Tensor, list[Tensor]] | None = None

    def __call__(
        self, denoiser: object, rows: Sequence[tuple[int, ...]], context: Mapping[str, Tensor]
    ) -> Float[Tensor, "rows vocabulary"] | None:
        """Return the logits of the first hidden slot of each row; None where that takes the whole network.

        Args:
            denoiser: What believes; only a float network of tools on the host can be asked about one slot.
            rows: Beginnings: tokens, and behind the first hidden slot nothing but hidden ones.
            context: What is read of the request.
        """
        network = getattr(denoiser, "network", None)
        if not isinstance(network, ToolNet) or not self._fits(network, rows, context):
            return None
        fixed = self._settled(network)
        places = [row.index(self.catalogue.mask) for row in rows]
        if len(set(places)) == 1:
            return self._one(network, torch.tensor(rows), places[0], context, fixed=fixed)
        told = torch.empty(len(rows), self.catalogue.vocabulary)
        for place in sorted(set(places)):
            mine = [index for index, other in enumerate(places) if other == place]
            x = torch.tensor([rows[index] for index in mine])
            told[mine] = self._one(network, x, place, context, fixed=fixed)
        return told

    def _one(
        self,
        network: ToolNet,
        x: Int[Tensor, "rows slots"],
        place: int,
        context: Mapping[str, Tensor],
        *,
        fixed: Fixed,
    ) -> Float[Tensor, "rows vocabulary"]:
        """Return the logits of one slot; a row that nothing is left for stays as it was."""
        logits = self._believed(network, x, place, context, fixed=fixed)
        may = self._possible(x, place, context, fixed=fixed)
        barred = logits.masked_fill(~may, -torch.inf)
        alive = may.any(dim=1, keepdim=True)
        if not bool(alive.all()):
            barred = torch.where(alive, barred, logits)
        return functional.pad(barred, (0, 1), value=-torch.inf)

    def _fits(self, network: ToolNet, rows: Sequence[tuple[int, ...]], context: Mapping[str, Tensor]) -> bool:
        mask, weights = self.catalogue.mask, network.place
        if network.training or torch.is_autocast_enabled("cpu") or "own" in context:
            return False
        if weights.device.type != "cpu" or weights.dtype is not torch.float32:
            return False
        if not bool(context["available"][0, self.catalogue.stop]):
            return False
        return all(row[-1] == mask and set(row[row.index(mask) :]) == {mask} for row in rows)

    def _believed(
        self,
        network: ToolNet,
        x: Int[Tensor, "rows slots"],
        place: int,
        context: Mapping[str, Tensor],
        *,
        fixed: Fixed,
    ) -> Float[Tensor, "rows tokens"]:
        """Return what the network says of one slot of each row."""
        table, known, around = self._told(network, context, fixed)
        h = table[x] + network.place[: x.shape[1]]
        for block, there in zip(fixed.blocks, around, strict=True):
            h = block(h, there, only=place if block is fixed.blocks[-1] else None)
        state = functional.layer_norm(h[:, 0], fixed.final[0].shape, *fixed.final)
        asked = functional.linear(state, *fixed.ask)
        weights = asked[:, -BESIDE:]
        scores = asked[:, :-BESIDE] @ known
        if place:
            shown = (x[:, :place] < self.catalogue.stop).sum(dim=1, keepdim=True).clamp(min=1)
            beside = torch.cat(
                [fixed.behind[x[:, place - 1], None], fixed.company[x[:, :place]].sum(dim=1)], dim=1
            )
            worth = torch.cat([weights[:, :1], weights[:, 2:3], weights[:, 3:4] / shown], dim=1)
            scores = scores + (worth[:, None] @ beside)[:, 0]
        else:
            scores = scores + weights[:, :1] * fixed.behind[-1]
        if place == x.shape[1] - 1:
            scores = scores + weights[:, 1:2] * fixed.end
        return scores + self._recalled(x, place, context) * weights[:, -1:]

    def _recalled(self, x: Tensor, place: int, context: Mapping[str, Tensor]) -> Tensor:
        """Return what `recalled` says of one slot of each row."""
        plans, weights, tokens = context["plans"][0], context["recalled"], self.catalogue.stop + 1
        told = torch.zeros(len(x), tokens)
        if len(plans) == 0:
            return told
        weights = weights.expand(len(x), -1)
        for before in range(place):
            weights = weights * (x[:, before, None] == plans[:, before])
        told = told.index_add(1, plans[:, place], weights)
        return torch.log((told + 0.1 * LITTLE) / (weights.sum(dim=1, keepdim=True) + LITTLE))

    def _possible(self, x: Tensor, place: int, context: Mapping[str, Tensor], *, fixed: Fixed) -> Tensor:
        """Return what `possible` says of one slot of each row."""
        catalogue, may = self.catalogue, context["available"].expand(len(x), -1)
        if place:
            may = may & fixed.follows[x[:, place - 1]]
            may = may.masked_fill((x[:, :place, None] == fixed.once).any(dim=1), False)
        if place > 1:
            may = may & fixed.follows[x[:, : place - 1], x[:, 1:place]].all(dim=1, keepdim=True)
        if catalogue.facts:
            have = (catalogue.gives[x[:, :place]].any(dim=1) | context["known"]).float()
            needs = catalogue.needs.float()
            may = may & (needs.sum(dim=1) - have @ needs.T < 0.5)
        return may

    def _settled(self, network: ToolNet) -> Fixed:
        """Return what does not depend on the request, made anew where weights have changed."""
        if self._fixed is not None and self._fixed[0] is network and _marks(self._parts) == self._fixed[1]:
            return self._fixed[2]
        self._parts = [*network.parameters(), *network.buffers()]
        self._fixed = (network, _marks(self._parts), Fixed.of(network, self.catalogue))
        self._ready = None
        return self._fixed[2]

    def _told(
        self, network: ToolNet, context: Mapping[str, Tensor], fixed: Fixed
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return embeddings, what a slot's state is held against, and keys and values; kept for a request."""
        if self._ready is None or self._ready[0] is not context["meets"]:
            features, table, around = network.prepared(context, plain=fixed.plain, gather=fixed.gather)
            plain = functional.layer_norm(around, around.shape[-1:])
            seen = functional.linear(plain, *fixed.look).chunk(len(fixed.blocks), dim=-1)
            known = torch.zeros(FEATURES + 1, table.shape[1] - 1)
            known[:FEATURES, :-1] = features[0].T
            known[FEATURES, -1] = 1.0
            others = [block.split(part) for block, part in zip(fixed.blocks, seen, strict=True)]
            self._ready = (context["meets"], table[0], torch.cat([table[0, :-1].T, known]), others)
        return self._ready[1:]


def _pair(layer: Any) -> Weights:
    assert isinstance(layer, nn.Linear | nn.LayerNorm)
    return layer.weight, layer.bias


def _looking(network: ToolNet) -> Weights:
    """Return one projection for what each mixer makes of its norm, scaled and shifted, and of its keys."""
    pairs = [(mixer.normed, mixer.keys) for mixer in network.mixing()]
    weight = torch.cat([keys.weight * norm.weight for norm, keys in pairs])
    return weight, torch.cat([keys.weight @ norm.bias + keys.bias for norm, keys in pairs])


def _marks(parts: Sequence[Tensor]) -> Sequence[int]:
    """Return how often each of these was changed in place."""
    return [part._version for part in parts]
