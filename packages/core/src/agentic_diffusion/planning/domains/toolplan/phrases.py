"""Phrases that told of one call each: which tool goes with which piece of text, learned from plans in words."""

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
from agentic_diffusion.planning.domains.toolplan.experience import closeness, sparse_product, spoken

LANDMARKS, STEADY = 1500, 1e-3
"""Phrases that others are compared with, and what is added to their kernel so that it can be inverted."""


@final
@dataclass(frozen=True)
class Phrases:
    """Kernel ridge regression from a piece of text to the tool it speaks of: k(text, landmarks) @ weights.

    Args:
        rows: The encoded landmarks, some of the phrases.
        weights: (landmarks, tools).
    """

    rows: Float[Tensor, "landmarks size"]
    weights: Float[Tensor, "landmarks tools"]

    @cached_property
    def columns(self) -> Tensor:
        """The rows turned, so that the few places of a text can be picked out."""
        return self.rows.T.contiguous()

    def said(self, products: Float[Tensor, "texts landmarks"]) -> Float[Tensor, "texts tools"]:
        """Return how much speaks for each tool; a text without a gram says nothing."""
        told: Tensor = closeness(products) @ self.weights * spoken(products)
        return told


@final
@dataclass(frozen=True)
class PhraseFold:
    """The fit of `Phrases` with all it takes to say what it would have been without those of some examples.

    Args:
        phrases: The fit.
        turn: From kernels with the landmarks to features whose inner products they are (landmarks, landmarks).
        inverse: (Φᵀ Φ + ridge)⁻¹ of the features Φ of all phrases.
        features: Φ.
        missed: What the fit leaves of the aims of all phrases (phrases, tools).
        owners: The example that each phrase belongs to.
    """

    phrases: Phrases
    turn: Float[Tensor, "landmarks landmarks"]
    inverse: Float[Tensor, "landmarks landmarks"]
    features: Float[Tensor, "phrases landmarks"]
    missed: Float[Tensor, "phrases tools"]
    owners: Int[Tensor, " phrases"]

    def without(
        self, texts: Sequence[Tensor], groups: Int[Tensor, " examples"]
    ) -> Iterator[tuple[int, Tensor]]:
        """Yield each example with what is said of its texts (texts, tools), as if its whole group were new.

        w₋ᴳ = w - H Φᴳᵀ (1 - Φᴳ H Φᴳᵀ)⁻¹ missedᴳ for ridge regression with the inverse H. Landmarks stay.

        Args:
            texts: The encoded texts of each example.
            groups: Examples of one group have the same number.
        """
        for key in groups.unique():  # type: ignore[no-untyped-call]
            members = (groups == key).nonzero()[:, 0]
            rows = torch.cat([texts[index] for index in members])
            products = sparse_product(rows, self.phrases.columns)
            told = self.phrases.said(products)
            out = torch.isin(self.owners, members)
            if bool(out.any()):
                gone = self.features[out]
                reach = gone @ self.inverse
                rest = torch.linalg.solve(torch.eye(len(gone)) - reach @ gone.T, self.missed[out])
                told = told - spoken(products) * (closeness(products) @ self.turn @ (reach.T @ rest))
            start = 0
            for index in members.tolist():
                yield index, told[start : start + len(texts[index])]
                start += len(texts[index])


def fit_phrases(
    rows: Float[Tensor, "phrases size"],
    tools: Int[Tensor, " phrases"],
    owners: Int[Tensor, " phrases"],
    *,
    count: int,
    landmarks: int = LANDMARKS,
    ridge: float = 0.3,
) -> PhraseFold:
    """Return the ridge regression and what leaving phrases out takes (Williams and Seeger 2001, for landmarks).

    Args:
        rows: The encoded phrases.
        tools: The tool that each speaks of.
        owners: The example that each belongs to.
        count: Number of tools.
        landmarks: How many phrases others are compared with; drawn, always the same ones.
        ridge: Pull towards 0.
    """
    if len(rows) == 0 or ridge <= 0:
        raise InvalidConfigError(
            f"{len(rows)} phrases and ridge={ridge}",
            "at least one phrase, and a ridge above 0",
            "Give phrases, or leave them out altogether.",
        )
    drawn = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))[:landmarks]
    marks = rows[drawn].half().float()  # as they are saved
    kernel = closeness(marks @ marks.T).double() + STEADY * torch.eye(len(marks), dtype=torch.float64)
    turn = torch.linalg.inv(torch.linalg.cholesky(kernel)).T.float().contiguous()
    features = closeness(rows @ marks.T) @ turn
    inner = (features.T @ features).double() + ridge * torch.eye(len(marks), dtype=torch.float64)
    inverse = torch.linalg.inv(inner).float()
    aims = functional.one_hot(tools, count).float()
    weights = inverse @ (features.T @ aims)
    missed = aims - features @ weights
    return PhraseFold(Phrases(marks, turn @ weights), turn, inverse, features, missed, owners)
