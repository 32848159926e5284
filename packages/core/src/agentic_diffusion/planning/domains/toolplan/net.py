"""A network that fills slots with tools by reading what speaks for each, so that tools may come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from agentic_diffusion.denoising.state import Shared
from agentic_diffusion.planning.domains.toolplan.habits import GLOBAL, LOCAL, Habits
from agentic_diffusion.planning.domains.toolplan.reading import CLAUSES, SIGNS, TRUST
from agentic_diffusion.planning.domains.toolplan.recall import recalled

CANDIDATES = 16
"""Tools that the slots attend to, the most promising ones."""

FEATURES = 18 + GLOBAL
BESIDE = LOCAL + 1
"""Numbers told of each tool beside what is shown: habits, and what known plans say."""

SKETCH = 128
"""Numbers that a tool's text is sketched by."""

HABIT = 0.5
"""What a nat of habit is worth before anything is learned."""

RECALL = 0.7
"""What a nat of the known plans is worth before anything is learned."""

LEXICAL = 8.0
"""What the best-fitting clause is worth, in nats, before anything is learned."""


@final
class Mixer(nn.Module):
    """Attention of one set to another and a perceptron, with norms before (Xiong et al. 2020, arXiv:2002.04745)."""

    def __init__(self, width: int, heads: int, *, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm, self.normed, self.last = (nn.LayerNorm(width) for _ in range(3))
        self.query, self.merge = nn.Linear(width, width), nn.Linear(width, width)
        self.keys = nn.Linear(width, 2 * width)
        self.mlp = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))

    def seen(self, other: Float[Tensor, "batch others width"]) -> Float[Tensor, "batch others double"]:
        """Return what of the other set is looked at; it is the same for all candidates and steps of a request."""
        there: Tensor = self.keys(self.normed(other))
        return there

    def forward(
        self, h: Float[Tensor, "batch slots width"], there: Float[Tensor, "#batch others double"]
    ) -> Float[Tensor, "batch slots width"]:
        """Return the set after it has looked at what is `seen` of the other one, and at itself."""
        batch, count, width = h.shape
        own = self.norm(h)
        query = self.query(own).view(batch, count, self.heads, -1).transpose(1, 2)
        seen = torch.cat([self.keys(own), there.expand(batch, -1, -1)], dim=1)
        key, value = (
            part.reshape(batch, seen.shape[1], self.heads, -1).transpose(1, 2)
            for part in seen.chunk(2, dim=-1)
        )
        mixed = functional.scaled_dot_product_attention(
            query, key, value, dropout_p=self.dropout if self.training else 0.0
        )
        h = h + self._drop(self.merge(mixed.transpose(1, 2).reshape(batch, count, width)))
        updated: Tensor = h + self._drop(self.mlp(self.last(h)))
        return updated

    def _drop(self, h: Tensor) -> Tensor:
        return functional.dropout(h, self.dropout) if self.training else h


@final
class ToolNet(nn.Module):
    """Scores of each tool in each slot: the slot's state meets the tool's embedding, plus what features weigh there.

    A tool is embedded by its text, by what the request says of it and, where it was trained on, by a row of its own;
    rows of tools that it was not trained on are 0. Slots attend to each other, to the clauses and to the most
    promising tools.

    Args:
        texts: The texts of the tools, one row each (tools, size).
        slots: Calls in the longest plan.
        width: Width of the network.
        depth: Mixers of the slots.
        heads: Attention heads; divides `width`.
        dropout: Share of activations that is dropped in training.
    """

    def __init__(
        self,
        texts: Float[Tensor, "tools size"],
        slots: int,
        *,
        width: int = 96,
        depth: int = 2,
        heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self._kept: list[tuple[Tensor, tuple[Tensor, Tensor, list[Tensor]]]] = []
        self.register_buffer("texts", sketch(texts), persistent=False)
        self.read = nn.Linear(SKETCH, width, bias=False)
        self.own = nn.Parameter(torch.zeros(len(texts), width))
        self.special = nn.Parameter(0.02 * torch.randn(2, width))  # stop, mask
        self.place = nn.Parameter(0.02 * torch.randn(slots, width))
        self.clause = nn.Parameter(0.02 * torch.randn(CLAUSES, width))
        self.facts = nn.Linear(SIGNS + slots + 1 + TRUST, width)
        self.habits = Habits(len(texts))
        self.feel = nn.Sequential(nn.Linear(FEATURES, 32), nn.GELU(), nn.Linear(32, width))
        self.gather = Mixer(width, heads, dropout=dropout)
        self.mixers = nn.ModuleList([Mixer(width, heads, dropout=dropout) for _ in range(depth)])
        self.final = nn.LayerNorm(width)
        self.ask = nn.Linear(width, width)
        self.weigh = nn.Linear(width, FEATURES + 1 + BESIDE)
        nn.init.zeros_(self.ask.weight)
        nn.init.zeros_(self.weigh.weight)
        with torch.no_grad():
            self.weigh.bias.zero_()
            self.weigh.bias[[5, 6]] = torch.tensor([LEXICAL / 2, LEXICAL])
            self.weigh.bias[[0, 1, 8]] = torch.tensor([8.0, 3.0, 3.0])
            self.weigh.bias[-BESIDE:] = HABIT
            self.weigh.bias[-1] = RECALL

    def over(self, texts: Float[Tensor, "tools size"], *, own: Tensor | None = None) -> ToolNet:
        """Return the network with the same weights over other tools; rows of their own are 0 where not given."""
        other = copy(self)
        other._kept = []
        other._buffers = {**self._buffers, "texts": sketch(texts)}
        row = torch.zeros(len(texts), self.own.shape[1]) if own is None else own
        other._parameters = {**self._parameters, "own": nn.Parameter(row.to(self.own))}
        other._modules = {**self._modules, "habits": Habits(len(texts))}
        return other

    def train(self, mode: bool = True) -> ToolNet:
        """Switch between training and use; nothing is kept across the switch."""
        self._kept = []
        return super().train(mode)

    def forward(
        self, tokens: Int[Tensor, "batch slots"], t: Float[Tensor, " batch"], context: Mapping[str, Tensor]
    ) -> Float[Tensor, "batch slots vocabulary"]:
        """Return the logits of each tool, of the stop token and of the mask token."""
        own, times = context.get("own"), context.get("times")
        features, table, around = self._prepared(context)
        slots, of = tokens.shape[1], context.of if isinstance(context, Shared) else None
        if len(table) == 1:
            h = table[0][tokens]  # one request: the same table for all rows
        elif of is not None:
            h = table[of[:, None], tokens]
        else:
            h = table.gather(1, tokens[..., None].expand(-1, -1, table.shape[-1]))
        h = h + self.place[:slots]
        for mixer, there in zip(self.mixers, around, strict=True):
            h = mixer(h, there if of is None else there[of])
        h = self.final(h)
        scores = met(self.ask(h), table[:, :-1], of) / h.shape[-1] ** 0.5
        weights = self.weigh(h)
        said = met(weights[..., :FEATURES], features, of)
        scores = scores + torch.cat([said, weights[..., FEATURES : FEATURES + 1]], dim=-1)
        beside = self.habits.local(tokens, own, times)
        scores = scores + (beside @ weights[..., -BESIDE:-1, None])[..., 0]
        told = recalled(tokens, context["plans"][0], context["recalled"], tokens=scores.shape[-1])
        scores = scores + told * weights[..., -1:]
        return functional.pad(scores, (0, 1))

    def _prepared(self, context: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return features and embeddings of the tools, and what each mixer sees of the rest; once for each request."""
        context = context.rows if isinstance(context, Shared) else context
        meets = context["meets"]
        for known, told in self._kept:
            if known is meets and not torch.is_grad_enabled():
                return told
        features, table, around = self.prepared(context, plain=self.plain(), gather=self.gathered)
        ready = features, table, [mixer.seen(around) for mixer in self.mixing()]
        self._kept = [] if torch.is_grad_enabled() or self.training else [(meets, ready)]
        return ready

    def plain(self) -> Float[Tensor, "tools width"]:
        """Return what is known of the tools without a request."""
        told: Tensor = self.read(self.get_buffer("texts")) + self.own
        return told

    def gathered(self, around: Float[Tensor, "batch others width"]) -> Float[Tensor, "batch others width"]:
        """Return the set that the slots attend to after it has looked at itself."""
        told: Tensor = self.gather(around, self.gather.seen(around[:, :0]))
        return told

    def prepared(
        self, context: Mapping[str, Tensor], *, plain: Tensor, gather: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return features and embeddings of the tools, and the set that the slots attend to.

        Args:
            context: What is read of the requests.
            plain: What is known of the tools without a request.
            gather: Lets that set look at itself.
        """
        meets = context["meets"]
        features = featured(meets, context["places"])
        overall = self.habits.overall(meets[:, 0, :, 0], context.get("own"), context.get("times"))
        features = torch.cat([features, overall], dim=-1)
        tools = plain + self.feel(functional.dropout(features, self.dropout / 2, self.training))
        table = torch.cat([tools, self.special.expand(len(tools), -1, -1)], dim=1)
        return features, table, gather(self._around(plain, tools, features, context))

    def _around(
        self, plain: Tensor, tools: Tensor, features: Tensor, context: Mapping[str, Tensor]
    ) -> Float[Tensor, "batch others width"]:
        """Return the most promising tools, the clauses, the facts and lengths, before they look at each other."""
        hope = (features[..., [0, 1, 5, 6, 8]] * features.new_tensor([1.0, 0.5, 0.2, 0.3, 0.5])).sum(-1)
        best = hope.topk(min(CANDIDATES, hope.shape[1]), dim=1).indices
        promising = tools.gather(1, best[..., None].expand(-1, -1, tools.shape[-1]))
        meets = context["meets"][:, 1:]
        spoken = (meets.abs().sum(dim=(2, 3)) > 0)[..., None]
        about = (8 * (meets[..., 0] + 0.5 * meets[..., 1])).softmax(dim=-1) @ plain
        clauses = torch.where(spoken, about + self.clause, 0.0)
        lengths = context["lengths"].expand(-1, len(self.place) + 1)
        facts = self.facts(torch.cat([context["signs"], lengths, context["trust"]], dim=-1))
        return torch.cat([promising, clauses, facts[:, None]], dim=1)

    def mixing(self) -> Iterator[Mixer]:
        """Yield the mixers of the slots."""
        for mixer in self.mixers:
            assert isinstance(mixer, Mixer)
            yield mixer


def met(
    asked: Float[Tensor, "batch slots size"],
    told: Float[Tensor, "requests tools size"],
    of: Int[Tensor, " batch"] | None,
) -> Float[Tensor, "batch slots tools"]:
    """Return the products of each row with what is told of the tools of its request: one product for each request.

    Args:
        asked: What is asked of each tool in each slot.
        told: What answers, for each request; one may answer all.
        of: The request of each row; None where each row is a request.
    """
    if len(told) == 1:
        return asked @ told[0].T
    if of is None:
        return asked @ told.transpose(1, 2)
    counts = torch.bincount(of, minlength=len(told))
    most, order = int(counts.max()), of.argsort(stable=True)
    place = torch.empty_like(of)
    place[order] = torch.arange(len(of), device=of.device) - (counts.cumsum(0) - counts)[of[order]]
    laid = asked.new_zeros(len(told), most, *asked.shape[1:]).index_put((of, place), asked)
    found = laid.flatten(1, 2) @ told.transpose(1, 2)
    return found.view(len(told), most, asked.shape[1], -1)[of, place]


def featured(
    meets: Float[Tensor, "batch rows tools 3"], places: Float[Tensor, "batch tools 6"]
) -> Float[Tensor, "batch tools features"]:
    """Return what is known of each tool: the whole, the best clause, the sum, and where in the request it is meant."""
    whole, parts = meets[:, 0], meets[:, 1:]
    best = parts.max(dim=1).values
    total = parts.clamp(min=0).sum(dim=1)
    sharp = parts.clamp(min=0) ** 4
    said = (parts != 0).flatten(2).any(dim=2).sum(dim=1).clamp(min=2)[:, None, None, None]
    order = 2 * torch.arange(parts.shape[1], device=meets.device)[:, None, None] / (said - 1) - 1
    where = (sharp * order).sum(dim=1) / (sharp.sum(dim=1) + 1e-8)
    told = [whole[..., 0], best[..., 0], total[..., 0], where[..., 0], places[..., 0]]
    told += [whole[..., 1], best[..., 1], where[..., 1], places[..., 1], places[..., 2]]
    told += [places[..., 3], torch.ones_like(whole[..., 0]), places[..., 4], places[..., 5]]
    told += [whole[..., 2], best[..., 2], total[..., 2], where[..., 2]]
    return torch.stack(told, dim=-1)


def sketch(texts: Float[Tensor, "tools size"]) -> Float[Tensor, "tools sketch"]:
    """Return a random projection that keeps inner products about as they are (Johnson and Lindenstrauss 1984)."""
    rng = torch.Generator().manual_seed(0)
    thrown = torch.randn(texts.shape[1], SKETCH, generator=rng).to(texts)
    sketched: Tensor = texts @ thrown / SKETCH**0.5
    return sketched
