"""What comes next in a beginning: the network and the rules asked about one slot, in few operations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.fixed import Fixed
from agentic_diffusion.planning.domains.toolplan.net import FEATURES, ToolNet
from agentic_diffusion.planning.domains.toolplan.order import BEHIND
from agentic_diffusion.planning.domains.toolplan.recall import LITTLE

GUESSED = 8
"""Known plans whose beginnings are answered with the first question."""


@final
class Ahead:
    """Answers what may come next, and how likely it is, for beginnings of plans of one request, on the host.

    It says what `Ruled` says of the first hidden slot, up to rounding, and nothing of the slots behind. With the first
    question of a request the beginnings of the likeliest known plans are answered too: most of what a search asks
    next is among them, and one batch takes less time than several.

    Args:
        catalogue: The tools.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._parts: Sequence[Tensor] = ()
        self._fixed: tuple[ToolNet, Sequence[int], Fixed] | None = None
        self._ready: tuple[Tensor, Tensor, Tensor, list[Tensor]] | None = None
        self._kept: tuple[Tensor | None, dict[tuple[int, ...], Tensor]] = (None, {})

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
        fixed, more = self._settled(network), list[tuple[int, ...]]()
        mine = self._kept
        if mine[0] is not context["available"]:
            self._kept = mine = (context["available"], {})
            more = self._guessed(rows[0], context)
        kept = mine[1]  # of this request, whatever another thread asks meanwhile
        asked = [*dict.fromkeys(row for row in (*rows, *more) if row not in kept)]
        if asked:
            x, place = torch.tensor(asked), torch.tensor([row.index(self.catalogue.mask) for row in asked])
            kept.update(zip(asked, self._one(network, x, place, context, fixed=fixed), strict=True))
        return torch.stack([kept[row] for row in rows])

    def _guessed(self, row: tuple[int, ...], context: Mapping[str, Tensor]) -> list[tuple[int, ...]]:
        """Return the beginnings of the likeliest known plans that begin as this row does."""
        chances, mask = context["recalled"][0], self.catalogue.mask
        if len(chances) == 0:
            return []
        likely, which = chances.topk(min(GUESSED, len(chances)))
        plans = context["plans"][0][which[likely >= likely[0] * math.exp(-BEHIND)]].tolist()
        place, slots, found = row.index(mask), len(row), []
        for plan in plans:
            if tuple(plan[:place]) == row[:place]:
                tools = [token for token in plan if token < self.catalogue.stop]
                ends = range(place + 1, min(len(tools), slots - 1) + 1)
                found += [(*tools[:end], *[mask] * (slots - end)) for end in ends]
        return found

    def _one(
        self,
        network: ToolNet,
        x: Int[Tensor, "rows slots"],
        place: Int[Tensor, " rows"],
        context: Mapping[str, Tensor],
        *,
        fixed: Fixed,
    ) -> Float[Tensor, "rows vocabulary"]:
        """Return the logits of one slot of each row; a row that nothing is left for stays as it was."""
        stop = self.catalogue.stop
        left = torch.where(place > 0, x.gather(1, (place - 1).clamp(min=0)[:, None])[:, 0], stop)
        logits = self._believed(network, x, place, context, fixed=fixed, left=left)
        may = self._possible(x, place, context, fixed=fixed, left=left)
        told = torch.full((len(x), self.catalogue.vocabulary), -torch.inf)
        told[:, :-1] = torch.where(may | ~may.any(dim=1, keepdim=True), logits, -torch.inf)
        return told

    def _fits(self, network: ToolNet, rows: Sequence[tuple[int, ...]], context: Mapping[str, Tensor]) -> bool:
        mask, weights = self.catalogue.mask, network.place
        if network.training or torch.is_autocast_enabled("cpu") or "own" in context:
            return False
        if weights.device.type != "cpu" or weights.dtype is not torch.float32:
            return False
        if not all(isinstance(mixer.mlp[0], nn.Linear) for mixer in network.mixing()):
            return False  # the largest layers are the first that are in eight bits, and have no weights to look at
        if not bool(context["available"][0, self.catalogue.stop]):
            return False
        return all(row[-1] == mask and set(row[row.index(mask) :]) == {mask} for row in rows)

    def _believed(
        self,
        network: ToolNet,
        x: Int[Tensor, "rows slots"],
        place: Int[Tensor, " rows"],
        context: Mapping[str, Tensor],
        *,
        fixed: Fixed,
        left: Int[Tensor, " rows"],
    ) -> Float[Tensor, "rows tokens"]:
        """Return what the network says of one slot of each row; `left` is what stands before it."""
        table, features, around = self._told(network, context, fixed)
        h = table[x] + network.place[: x.shape[1]]
        for block, there in zip(fixed.blocks, around, strict=True):
            h = block(h, there, only=place if block is fixed.blocks[-1] else None)
        state = functional.layer_norm(h[:, 0], fixed.final[0].shape, *fixed.final)
        asked = functional.linear(state, *fixed.ask)
        width = table.shape[1]
        scores, weights = asked[:, :width] @ table[:-1].T, asked[:, width:]
        scores[:, :-1].addmm_(weights[:, :FEATURES], features.T)
        scores[:, -1] += weights[:, FEATURES]
        worth = weights[:, FEATURES + 1 :].clone()
        worth[:, 1] *= place == x.shape[1] - 1
        worth[:, 3] /= (x < self.catalogue.stop).sum(dim=1).clamp(min=1)
        company = fixed.company[x.clamp(max=self.catalogue.stop)].sum(dim=1)
        beside = [fixed.behind[left], fixed.end.expand(len(x), -1), company[:, 0], company[:, 1]]
        beside.append(self._recalled(x, place, context))
        return scores + (worth[:, None] @ torch.stack(beside, dim=1))[:, 0]

    def _recalled(self, x: Tensor, place: Tensor, context: Mapping[str, Tensor]) -> Tensor:
        """Return what `recalled` says of one slot of each row."""
        plans, weights, tokens = context["plans"][0], context["recalled"], self.catalogue.stop + 1
        told = torch.zeros(len(x), tokens)
        if len(plans) == 0:
            return told
        agrees = ((x[:, None] == plans) | (x >= tokens)[:, None]).all(dim=2)
        weights = weights * agrees
        told = told.scatter_add(1, plans.T[place], weights)
        return torch.log((told + 0.1 * LITTLE) / (weights.sum(dim=1, keepdim=True) + LITTLE))

    def _possible(
        self, x: Tensor, place: Tensor, context: Mapping[str, Tensor], *, fixed: Fixed, left: Tensor
    ) -> Tensor:
        """Return what `possible` says of one slot of each row."""
        catalogue, kept = self.catalogue, x.clamp(max=self.catalogue.stop)
        may = context["available"] & (fixed.follows[left] | (place == 0)[:, None])
        may = may & ~(x[:, :, None] == fixed.once).any(dim=1)
        hidden = x == catalogue.mask
        may = may & (fixed.follows[kept[:, :-1], kept[:, 1:]] | hidden[:, 1:]).all(dim=1, keepdim=True)
        if catalogue.facts:
            have = ((catalogue.gives[kept] & ~hidden[..., None]).any(dim=1) | context["known"]).float()
            needs = catalogue.needs.float()
            may = may & (needs.sum(dim=1) - have @ needs.T < 0.5)
        return may

    def _settled(self, network: ToolNet) -> Fixed:
        """Return what does not depend on the request, made anew where weights have changed."""
        if self._fixed is not None and self._fixed[0] is network and _marks(self._parts) == self._fixed[1]:
            return self._fixed[2]
        self._parts = [*network.parameters(), *network.buffers()]
        self._fixed = (network, _marks(self._parts), Fixed.of(network, self.catalogue))
        self._ready, self._kept = None, (None, {})
        return self._fixed[2]

    def _told(
        self, network: ToolNet, context: Mapping[str, Tensor], fixed: Fixed
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return embeddings, features, and keys and values; kept for a request."""
        ready = self._ready
        if ready is None or ready[0] is not context["meets"]:
            features, table, around = network.prepared(context, plain=fixed.plain, gather=fixed.gather)
            plain = functional.layer_norm(around, around.shape[-1:])
            seen = functional.linear(plain, *fixed.look).chunk(len(fixed.blocks), dim=-1)
            others = [block.split(part) for block, part in zip(fixed.blocks, seen, strict=True)]
            self._ready = ready = (context["meets"], table[0], features[0], others)
        return ready[1:]


def _marks(parts: Sequence[Tensor]) -> Sequence[int]:
    """Return how often each of these was changed in place."""
    return [part._version for part in parts]
