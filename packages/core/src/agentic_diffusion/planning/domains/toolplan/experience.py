"""What was learned by heart: which tools, which lengths and which places went with which texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from agentic_diffusion.errors import InvalidConfigError

OFFSET = 0.3
"""The constant of the kernel: how much single grams count beside pairs of them."""


def closeness(products: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Return the kernel ((⟨a, b⟩ + c) / (1 + c))²: two texts are close where pairs of grams occur in both."""
    return torch.add(products, OFFSET).mul_(1 / (1 + OFFSET)).square_()


def spoken(products: Float[Tensor, "texts others"]) -> Float[Tensor, "texts 1"]:
    """Return 1 for each text that has a gram in common with anything, 0 for others."""
    told: Tensor = torch.linalg.vector_norm(products, dim=1, keepdim=True) > 0
    return told.float()


OF_TOOLS, OF_PLAN, OF_LENGTH, OF_FIRST, OF_LAST = 4.5, 1.7, 1.5, 2.1, 2.7
"""What the scores of its tools, its own, that of its length and those of its ends count for the chance of a plan."""

RANK = 200
"""Directions that all outputs but the tools are written in."""


def sparse_product(texts: Float[Tensor, "texts size"], columns: Float[Tensor, "size others"]) -> Tensor:
    """Return texts @ columns, reading only the places that occur."""
    row, place = texts.nonzero(as_tuple=True)
    starts = torch.searchsorted(row, torch.arange(len(texts), device=texts.device))
    return functional.embedding_bag(place, columns, starts, mode="sum", per_sample_weights=texts[row, place])


@final
@dataclass(frozen=True)
class Said:
    """What experience says of the texts of one request.

    Args:
        tools: For each text, how much speaks for each tool.
        plans: For the whole, the chance of each known plan; they sum to 1, or to 0 where no plan is known.
        lengths: For the whole, how much speaks for each length.
        ends: For the whole, how much speaks for each tool as the first one, and as the last.
        sure: How much speaks for the likeliest known plan.
    """

    tools: Float[Tensor, "texts tools"]
    plans: Float[Tensor, " plans"]
    lengths: Float[Tensor, " lengths"]
    ends: Float[Tensor, "tools 2"]
    sure: float


@final
@dataclass(frozen=True)
class Experience:
    """Kernel ridge regression from texts to what their plans hold, and the examples themselves as neighbours.

    The scores of tools are k(text, examples) @ weights. For the whole request, what can be told by order too, with a
    kernel that also sees where words stand: k'(whole, examples) @ rest @ spread. These outputs are, in this order:
    for each different plan whether it is the plan; for each length whether it is the length; for each tool whether it
    is the first one; for each tool whether it is the last.

    Args:
        rows: The encoded texts of the examples.
        plans: Their plans, as tokens.
        weights: (examples, tools).
        rest: (examples, rank).
        spread: (rank, outputs): the main directions of those outputs; with fewer than `RANK` nothing is lost.
        stands: Where the words of the examples stand (examples, places); no places where nobody says.
        reach: Distance to the nearest other example that one in twenty exceeds.
    """

    rows: Float[Tensor, "examples size"]
    plans: Int[Tensor, "examples slots"]
    weights: Float[Tensor, "examples tools"]
    rest: Float[Tensor, "examples rank"]
    spread: Float[Tensor, "rank outputs"]
    stands: Float[Tensor, "examples places"]
    reach: float = 1.0

    @cached_property
    def columns(self) -> Tensor:
        """The rows turned, so that the few places of a text can be picked out."""
        return self.rows.T.contiguous()

    @cached_property
    def standing(self) -> Tensor:
        """Where words stand, turned likewise."""
        return self.stands.T.contiguous()

    @cached_property
    def spans(self) -> Tensor:
        """The squared length of each example with where its words stand."""
        return 1 + (self.stands**2).sum(dim=1)

    @cached_property
    def known(self) -> Int[Tensor, "plans slots"]:
        """The different plans, in the order of the outputs."""
        known: Tensor = torch.unique(self.plans, dim=0)
        return known

    @property
    def tools(self) -> int:
        """Number of tools."""
        return self.weights.shape[1]

    @cached_property
    def holds(self) -> Float[Tensor, "plans tools"]:
        """Which tools each known plan holds."""
        held: Tensor = held_by(self.known, self.tools)
        return held

    @cached_property
    def shapes(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of each known plan: what holding tools costs, its length, its first tool and its last."""
        length = (self.known < self.tools).sum(dim=1)
        last = self.known.gather(1, (length[:, None] - 1).clamp(min=0))[:, 0]
        return 0.5 * self.holds.sum(dim=1), length, self.known[:, 0], last

    def products(self, texts: Float[Tensor, "texts size"]) -> Float[Tensor, "texts examples"]:
        """Return the inner product of each text with each example."""
        return sparse_product(texts, self.columns)

    def whole(
        self, products: Float[Tensor, " examples"], stand: Float[Tensor, " places"]
    ) -> Float[Tensor, " examples"]:
        """Return how close a request is to each example, with where its words stand; 0 without a gram."""
        if len(stand):
            stood = sparse_product(stand[None], self.standing)[0]
            products = (products + stood) / ((1 + stand @ stand) * self.spans).sqrt()
        some = bool(torch.linalg.vector_norm(products) > 0)
        return closeness(products) if some else torch.zeros_like(products)

    def said(self, products: Float[Tensor, "texts examples"], stand: Float[Tensor, " places"]) -> Said:
        """Return what the examples say of the texts of a request, the whole first; without a gram they say nothing."""
        kernel = closeness(products) * spoken(products)
        return self.weighed(kernel @ self.weights, self.whole(products[0], stand) @ self.rest @ self.spread)

    def weighed(self, tools: Tensor, rest: Tensor, *, barred: Tensor | None = None) -> Said:
        """Return the scores with the chance of each known plan.

        log p(plan) = OF_TOOLS · Σ (score of a tool - 1/2) over its tools + OF_PLAN · its own score
        + OF_LENGTH · that of its length + OF_FIRST · that of its first tool + OF_LAST · that of its last + const.

        Args:
            tools: The scores of the tools, one row a text.
            rest: The scores of plans, lengths and ends, for the whole.
            barred: Plans that are taken for unknown.
        """
        count = len(self.known)
        own, lengths, ends = rest[:count], rest[count : -2 * self.tools], rest[-2 * self.tools :]
        ends = functional.pad(ends.view(2, self.tools), (0, 1))
        costs, length, first, last = self.shapes
        worth = OF_TOOLS * (self.holds @ tools[0] - costs) + OF_PLAN * own + OF_LENGTH * lengths[length]
        worth = worth + OF_FIRST * ends[0, first] + OF_LAST * ends[1, last]
        if barred is not None:
            worth = worth.masked_fill(barred, -torch.inf)
            own = own.masked_fill(barred, 0.0)
        chances = worth.softmax(dim=0).nan_to_num(0.0)
        return Said(tools, chances, lengths, ends[:, :-1].T, float(own.max()) if count else 0.0)


def held_by(plans: Int[Tensor, "plans slots"], tools: int) -> Float[Tensor, "plans tools"]:
    """Return which tools each plan holds."""
    return torch.zeros(len(plans), tools + 1).scatter(1, plans, 1.0)[:, :tools]


def targets(plans: Int[Tensor, "examples slots"], tools: int) -> tuple[Tensor, Tensor]:
    """Return what is to be learned of each plan: its tools, and the rest (see `Experience`)."""
    known, which = torch.unique(plans, dim=0, return_inverse=True)
    length = (plans < tools).sum(dim=1)
    last = plans.gather(1, (length[:, None] - 1).clamp(min=0))[:, 0]
    ends = [functional.one_hot(end, tools + 1)[:, :tools] for end in (plans[:, 0], last)]
    parts = [functional.one_hot(which, len(known)), functional.one_hot(length, plans.shape[1] + 1), *ends]
    return held_by(plans, tools), torch.cat(parts, dim=1).float()


def main_directions(aims: Float[Tensor, "examples outputs"]) -> Float[Tensor, "rank outputs"]:
    """Return the directions in which the outputs vary most, at most `RANK` of them."""
    values, vectors = torch.linalg.eigh((aims.T @ aims).double())
    some = int((values > 1e-6 * values[-1]).sum())
    main: Tensor = vectors[:, -min(some, RANK) :].T.float().contiguous()
    return main


@final
@dataclass(frozen=True)
class Fold:
    """The fit of an `Experience` with all it takes to say what it would have been without some examples.

    Args:
        experience: The fit.
        inverse: (K + ridge)⁻¹, of the kernel for tools.
        other: The same of the kernel for the rest.
        groups: Examples of one group have the same number; leaving an example out, its group goes with it.
    """

    experience: Experience
    inverse: Float[Tensor, "examples examples"]
    other: Float[Tensor, "examples examples"]
    groups: Int[Tensor, " examples"]

    def without(self, texts: Sequence[Tensor], *, whole_group: bool) -> Iterator[tuple[int, Said, Tensor]]:
        """Yield each example with what is said of it and the first row of products of its texts, as if it were new.

        w₋ᴳ = w - A⁻¹[:, G] (A⁻¹[G, G])⁻¹ w[G] for ridge regression with A = K + ridge (Rifkin and Lippert 2007). A plan
        that no other example has is not known then.

        Args:
            texts: The encoded texts of each example: the whole, then the clauses.
            whole_group: Whether all examples with the same plan are left out, or the example alone.
        """
        known, every = self.experience, torch.arange(len(texts))
        alike = torch.bincount(self.groups)
        keys = self.groups if whole_group else every
        for key in keys.unique():  # type: ignore[no-untyped-call]
            out = (keys == key).nonzero()[:, 0]
            less = torch.linalg.solve(self.inverse[out][:, out], known.weights[out])
            gone = torch.linalg.solve(self.other[out][:, out], known.rest[out])
            products = known.products(torch.cat([texts[index] for index in out]))
            kernel = closeness(products) * spoken(products)
            scores = kernel @ known.weights - kernel @ self.inverse[:, out] @ less
            start = 0
            for index in out.tolist():
                rows = slice(start, start + len(texts[index]))
                group = self.groups[index]
                barred = torch.arange(len(alike)) == (group if whole_group or alike[group] == 1 else -1)
                near = known.whole(products[start], known.stands[index])
                rest = (near @ known.rest - near @ self.other[:, out] @ gone) @ known.spread
                products[start, out] = -1.0
                yield index, known.weighed(scores[rows], rest, barred=barred), products[start]
                start += len(texts[index])


def fit_experience(
    rows: Float[Tensor, "examples size"],
    plans: Int[Tensor, "examples slots"],
    *,
    tools: int,
    stands: Float[Tensor, "examples places"] | None = None,
    ridge: float = 0.05,
) -> Fold:
    """Return the ridge regression, exact, and what leaving examples out takes.

    Args:
        rows: Encoded texts.
        plans: Their plans, as tokens; equal plans form a group.
        tools: Number of tools.
        stands: Where their words stand (see `Standing`), if anybody says.
        ridge: Pull towards 0.
    """
    if len(rows) == 0 or ridge <= 0:
        raise InvalidConfigError(
            f"{len(rows)} texts and ridge={ridge}",
            "at least one text, and a ridge above 0",
            "Give (request, plan) examples.",
        )
    rows = rows.half().float()  # as it is saved
    stands = rows[:, :0] if stands is None else stands.half().float()
    products = rows @ rows.T
    apart = 1 - (products - 2 * torch.eye(len(rows))).max(dim=1).values.clamp(min=0)
    reach = float(apart.quantile(0.95).clamp(min=0.05)) if len(rows) > 1 else 1.0
    inverse = _inverse(products, ridge)
    span = (1 + (stands**2).sum(dim=1)).sqrt()
    other = (
        _inverse((products + stands @ stands.T) / span[:, None] / span, ridge) if stands.any() else inverse
    )
    held, aims = targets(plans, tools)
    spread = main_directions(aims)
    known = Experience(rows, plans, inverse @ held, other @ (aims @ spread.T), spread, stands, reach)
    groups: Tensor = torch.unique(plans, dim=0, return_inverse=True)[1]
    return Fold(known, inverse, other, groups)


def _inverse(
    products: Float[Tensor, "examples examples"], ridge: float
) -> Float[Tensor, "examples examples"]:
    kernel = closeness(products).double()
    told: Tensor = torch.linalg.inv(kernel + ridge * torch.eye(len(kernel), dtype=torch.float64)).float()
    return told
