"""What was learned by heart: which tools, which lengths and which places went with which texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from agentic_diffusion.errors import InvalidConfigError

OFFSET = 0.3
"""The constant of the kernel: how much single grams count beside pairs of them."""


def closeness(products: Float[Tensor, "a b"]) -> Float[Tensor, "a b"]:
    """Return the kernel ((⟨a, b⟩ + c) / (1 + c))²: two texts are close where pairs of grams occur in both."""
    return ((products + OFFSET) / (1 + OFFSET)) ** 2


@final
@dataclass(frozen=True)
class Experience:
    """Kernel ridge regression from texts to what their plans hold, and the examples themselves as neighbours.

    Scores are k(text, examples) @ weights. Outputs are, in this order: for each tool whether it is called; for each
    tool where it is called, from -1 (first) to 1 (last), 0 where it is not; for each length whether it is the
    length of the plan.

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

    def products(self, texts: Float[Tensor, "texts size"]) -> Float[Tensor, "texts examples"]:
        """Return the inner product of each text with each example, over the places that occur."""
        used = texts.abs().sum(dim=0).nonzero()[:, 0]
        return texts[:, used] @ self.columns[used]

    def scores(self, products: Float[Tensor, "texts examples"]) -> Float[Tensor, "texts outputs"]:
        """Return what the examples say of each text; a text without a gram says nothing."""
        told = closeness(products) @ self.weights
        return told * (products.abs().sum(dim=1, keepdim=True) > 0)


def targets(plans: Int[Tensor, "examples slots"], tools: int) -> Float[Tensor, "examples outputs"]:
    """Return what is to be learned of each plan (see `Experience`)."""
    count, slots = plans.shape
    held, place = torch.zeros(count, tools), torch.zeros(count, tools)
    length = (plans < tools).sum(dim=1)
    for index in range(slots - 1, -1, -1):
        rows = (plans[:, index] < tools).nonzero()[:, 0]
        token = plans[rows, index]
        held[rows, token] = 1.0
        place[rows, token] = 2 * index / (length[rows] - 1).clamp(min=1) - 1
    return torch.cat([held, place * held, torch.nn.functional.one_hot(length, slots + 1).float()], dim=1)


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

    def without(self, texts: Sequence[Tensor], *, whole_group: bool) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Yield each example with the scores and the first row of products of its texts, as if it had not been seen.

        w₋ᴳ = w - A⁻¹[:, G] (A⁻¹[G, G])⁻¹ w[G] for ridge regression with A = K + ridge (Rifkin and Lippert 2007).

        Args:
            texts: The encoded texts of each example: the whole, then the clauses.
            whole_group: Whether all examples with the same plan are left out, or the example alone.
        """
        every = torch.arange(len(texts))
        keys = self.groups if whole_group else every
        for key in keys.unique():  # type: ignore[no-untyped-call]
            out = (keys == key).nonzero()[:, 0]
            correction = torch.linalg.solve(self.inverse[out][:, out], self.experience.weights[out])
            products = self.experience.products(torch.cat([texts[index] for index in out]))
            kernel = closeness(products)
            scores = kernel @ self.experience.weights - (kernel @ self.inverse[:, out]) @ correction
            scores = scores * (products.abs().sum(dim=1, keepdim=True) > 0)
            products[:, out] = -1.0
            start = 0
            for index in out.tolist():
                rows = slice(start, start + len(texts[index]))
                yield index, scores[rows], products[start]
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
