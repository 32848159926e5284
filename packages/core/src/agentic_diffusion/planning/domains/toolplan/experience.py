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


def closeness(products: Float[Tensor, "a b"]) -> Float[Tensor, "a b"]:
    """Return the kernel ((⟨a, b⟩ + c) / (1 + c))²: two texts are close where pairs of grams occur in both."""
    return ((products + OFFSET) / (1 + OFFSET)) ** 2


SHARP, COUNTED = 4.0, 0.5
"""How sharply plans are told apart, and what the length of a plan counts beside its tools."""


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
        sure: How much speaks for the likeliest known plan.
    """

    tools: Float[Tensor, "texts tools"]
    plans: Float[Tensor, " plans"]
    lengths: Float[Tensor, " lengths"]
    sure: float


@final
@dataclass(frozen=True)
class Experience:
    """Kernel ridge regression from texts to what their plans hold, and the examples themselves as neighbours.

    Scores are k(text, examples) @ weights. Outputs are, in this order: for each tool whether it is called; for each
    different plan whether it is the plan; for each length whether it is the length of the plan.

    Args:
        rows: The encoded texts of the examples.
        plans: Their plans, as tokens.
        weights: (examples, outputs).
        reach: Distance to the nearest other example that one in twenty exceeds.
    """

    rows: Float[Tensor, "examples size"]
    plans: Int[Tensor, "examples slots"]
    weights: Float[Tensor, "examples outputs"]
    reach: float = 1.0

    @cached_property
    def columns(self) -> Tensor:
        """The rows turned, so that the few places of a text can be picked out."""
        return self.rows.T.contiguous()

    @cached_property
    def known(self) -> Int[Tensor, "plans slots"]:
        """The different plans, in the order of the outputs."""
        known: Tensor = torch.unique(self.plans, dim=0)
        return known

    @property
    def tools(self) -> int:
        """Number of tools."""
        return self.weights.shape[1] - len(self.known) - self.plans.shape[1] - 1

    @cached_property
    def parts(self) -> tuple[Tensor, Tensor]:
        """The weights of the tools, and those of plans and lengths."""
        return self.weights[:, : self.tools].contiguous(), self.weights[:, self.tools :].contiguous()

    @cached_property
    def holds(self) -> Float[Tensor, "plans tools"]:
        """Which tools each known plan holds."""
        held: Tensor = held_by(self.known, self.tools)
        return held

    def products(self, texts: Float[Tensor, "texts size"]) -> Float[Tensor, "texts examples"]:
        """Return the inner product of each text with each example."""
        return sparse_product(texts, self.columns)

    def said(self, products: Float[Tensor, "texts examples"]) -> Said:
        """Return what the examples say of the texts of a request, the whole first; without a gram they say nothing."""
        kernel = closeness(products) * (products.abs().sum(dim=1, keepdim=True) > 0)
        tools, rest = self.parts
        return self.weighed(kernel @ tools, (kernel[:1] @ rest)[0])

    def weighed(self, tools: Tensor, rest: Tensor, *, barred: Tensor | None = None) -> Said:
        """Return the scores with the chance of each known plan.

        log p(plan) = SHARP · (its own score + Σ (score of a tool - 1/2) over its tools + COUNTED · that of its length)
        + const, which is the squared error of the regressions, up to what all plans share.

        Args:
            tools: The scores of the tools, one row a text.
            rest: The scores of plans and lengths, for the whole.
            barred: Plans that are taken for unknown.
        """
        count = len(self.known)
        own, lengths = rest[:count], rest[count:]
        size = self.holds.sum(dim=1)
        worth = own + self.holds @ tools[0] - 0.5 * size + COUNTED * lengths[size.long()]
        if barred is not None:
            worth = worth.masked_fill(barred, -torch.inf)
            own = own.masked_fill(barred, 0.0)
        chances = (SHARP * worth).softmax(dim=0).nan_to_num(0.0)
        return Said(tools, chances, lengths, float(own.max()) if count else 0.0)


def held_by(plans: Int[Tensor, "plans slots"], tools: int) -> Float[Tensor, "plans tools"]:
    """Return which tools each plan holds."""
    return torch.zeros(len(plans), tools + 1).scatter(1, plans, 1.0)[:, :tools]


def targets(plans: Int[Tensor, "examples slots"], tools: int) -> Float[Tensor, "examples outputs"]:
    """Return what is to be learned of each plan (see `Experience`)."""
    known, which = torch.unique(plans, dim=0, return_inverse=True)
    length = functional.one_hot((plans < tools).sum(dim=1), plans.shape[1] + 1)
    return torch.cat(
        [held_by(plans, tools), functional.one_hot(which, len(known)).float(), length.float()], dim=1
    )


@final
@dataclass(frozen=True)
class Fold:
    """The fit of an `Experience` with all it takes to say what it would have been without some examples.

    Args:
        experience: The fit.
        inverse: (K + ridge)⁻¹.
        groups: Examples of one group have the same number; leaving an example out, its group goes with it.
    """

    experience: Experience
    inverse: Float[Tensor, "examples examples"]
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
        tools, rest = known.parts
        alike = torch.bincount(self.groups)
        keys = self.groups if whole_group else every
        for key in keys.unique():  # type: ignore[no-untyped-call]
            out = (keys == key).nonzero()[:, 0]
            correction = torch.linalg.solve(self.inverse[out][:, out], known.weights[out])
            less, gone = correction[:, : known.tools], correction[:, known.tools :]
            products = known.products(torch.cat([texts[index] for index in out]))
            kernel = closeness(products) * (products.abs().sum(dim=1, keepdim=True) > 0)
            shift = kernel @ self.inverse[:, out]
            scores = kernel @ tools - shift @ less
            start = 0
            for index in out.tolist():
                rows = slice(start, start + len(texts[index]))
                group = self.groups[index]
                barred = torch.arange(len(alike)) == (group if whole_group or alike[group] == 1 else -1)
                whole = kernel[start] @ rest - shift[start] @ gone
                products[start, out] = -1.0
                yield index, known.weighed(scores[rows], whole, barred=barred), products[start]
                start += len(texts[index])


def fit_experience(
    rows: Float[Tensor, "examples size"],
    plans: Int[Tensor, "examples slots"],
    *,
    tools: int,
    ridge: float = 0.05,
) -> Fold:
    """Return the ridge regression, exact, and what leaving examples out takes.

    Args:
        rows: Encoded texts.
        plans: Their plans, as tokens; equal plans form a group.
        tools: Number of tools.
        ridge: Pull towards 0.
    """
    if len(rows) == 0 or ridge <= 0:
        raise InvalidConfigError(
            f"{len(rows)} texts and ridge={ridge}",
            "at least one text, and a ridge above 0",
            "Give (request, plan) examples.",
        )
    rows = rows.half().float()  # as it is saved
    products = rows @ rows.T
    apart = 1 - (products - 2 * torch.eye(len(rows))).max(dim=1).values.clamp(min=0)
    reach = float(apart.quantile(0.95).clamp(min=0.05)) if len(rows) > 1 else 1.0
    kernel = closeness(products).double()
    inverse = torch.linalg.inv(kernel + ridge * torch.eye(len(rows), dtype=torch.float64)).float()
    weights = inverse @ targets(plans, tools)
    groups: Tensor = torch.unique(plans, dim=0, return_inverse=True)[1]
    return Fold(Experience(rows, plans, weights, reach), inverse, groups)
