"""A second look at whole plans: what the request says of all their tools together, weighed beside their likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy, gelu

from agentic_diffusion.denoising.state import Rng, generator
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.habits import Habits
from agentic_diffusion.planning.domains.toolplan.looks import LOOKS, looks
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest
from agentic_diffusion.planning.select import likelihood_of

NEVER, NARROW = -25.0, 0.05
"""The log-likelihood of what cannot be, and the least spread that a number is measured by."""


HIDDEN, EPOCHS, BATCH, RATE, DROPPED = 32, 20, 64, 6e-3, 0.1
"""Units of a glance, and how it is trained: passes, requests a step, the largest rate, and the share dropped."""


@final
@dataclass(frozen=True)
class Glance:
    """What speaks for a plan: likelihood · its log-likelihood + gelu(looks @ weights + offset) @ worth.

    Args:
        likelihood: The weight of the log-likelihood.
        weights: (looks, hidden).
        offset: One a unit.
        worth: One a unit.
    """

    likelihood: float
    weights: Float[Tensor, "looks hidden"]
    offset: Float[Tensor, " hidden"]
    worth: Float[Tensor, " hidden"]

    def __call__(self, told: Float[Tensor, "plans looks"]) -> Float[Tensor, " plans"]:
        """Return the second term."""
        speaks: Tensor = gelu(told @ self.weights + self.offset) @ self.worth
        return speaks


@final
@dataclass(frozen=True)
class SecondLook:
    """Says how much speaks for each plan beside its likelihood.

    Args:
        domain: Reads the request.
        habits: What stood where in the examples.
        glance: Weighs the `looks`.
    """

    domain: ToolPlanDomain
    habits: Habits
    glance: Glance

    def __call__(self, request: ToolRequest, plans: Sequence[ToolPlan]) -> Sequence[float]:
        """Return one number a plan."""
        told = looks(self.domain.encode(plans), self.domain.read(request), habits=self.habits)
        speaks: list[float] = self.glance(told).tolist()
        return speaks


@final
@dataclass(frozen=True)
class Weighed:
    """The log-weight of a candidate: its log-likelihood times a weight, plus what speaks for it in its evidence.

    Args:
        likelihood: The weight of the log-likelihood.
    """

    likelihood: float

    def __call__(self, candidate: Any) -> float:
        """Return the log-weight, up to what all candidates of a request share.

        Raises:
            InvalidStateError: The candidate's evidence has no number `speaks`.
        """
        speaks = candidate.verdict.evidence.get("speaks")
        if not isinstance(speaks, int | float):
            raise InvalidStateError(
                f"a candidate with the evidence {sorted(candidate.verdict.evidence)}",
                "the number `speaks` of a second look",
                "Verify with `Feasible(..., second=SecondLook(...))`, or select without `Weighed`.",
            )
        return self.likelihood * max(NEVER, likelihood_of(candidate)) + float(speaks)


@final
@dataclass(frozen=True)
class Tried:
    """The candidates for an example that nothing was learned from.

    Args:
        candidates: Different candidates that passed, as `Candidate`s of plans.
        told: Their log-likelihoods, and their `looks`.
        truth: The plan that is right.
    """

    candidates: Sequence[Any]
    told: Float[Tensor, "candidates numbers"]
    truth: ToolPlan

    @staticmethod
    def of(
        candidates: Sequence[Any],
        truth: ToolPlan,
        *,
        context: Mapping[str, Tensor],
        domain: ToolPlanDomain,
        habits: Habits,
    ) -> Tried | None:
        """Return what was tried; None where no candidate passed."""
        different = {c.value.tools: c for c in candidates if c.verdict.passed}
        if not different:
            return None
        kept = [*different.values()]
        likely = torch.tensor([[max(NEVER, likelihood_of(c))] for c in kept])
        x = domain.encode([c.value for c in kept])
        numbers = looks(x, context, habits=habits)
        return Tried(kept, torch.cat([likely, numbers], dim=1), truth)

    @property
    def right(self) -> int | None:
        """The candidate that is right, if any."""
        told = [index for index, c in enumerate(self.candidates) if c.value.tools == self.truth.tools]
        return told[0] if told else None

    def seen(self, glance: Glance) -> Sequence[Any]:
        """Return the candidates with what speaks for them at a glance."""
        speaks = glance(self.told[:, 1:]).tolist()
        return [
            c.model_copy(
                update={
                    "verdict": c.verdict.model_copy(update={"evidence": {**c.verdict.evidence, "speaks": n}})
                }
            )
            for c, n in zip(self.candidates, speaks, strict=True)
        ]


def fit_glance(tried: Sequence[Tried], *, decay: float, seed: int = 0) -> Glance:
    """Return the glance under which the right candidates are likeliest: a conditional logit (McFadden 1974).

    min of -Σ log softmax(likelihood · log-likelihood + gelu(looks @ weights + offset) @ worth)[right], by AdamW with a
    falling rate, from likelihood alone. Requests without a right candidate say nothing; with fewer than a few batches
    of the others hardly anything is learned.

    Args:
        tried: Candidates of examples that nothing was learned from.
        decay: Weight decay.
        seed: First weights and the order of the requests.

    Raises:
        InvalidStateError: No finite weights were found.
    """
    useful = [(one.told, one.right) for one in tried if one.right is not None]
    every = torch.cat([told for told, _ in useful]) if useful else torch.zeros(1, 1 + LOOKS)
    middle, spread = every.mean(dim=0), every.std(dim=0, correction=0).clamp(min=NARROW)
    rng = generator(seed)
    scale = torch.ones(())
    weights = torch.randn(LOOKS, HIDDEN, generator=rng) / LOOKS**0.5
    parts = [scale, weights, torch.zeros(HIDDEN), torch.zeros(HIDDEN)]
    if useful:
        most = max(len(told) for told, _ in useful)
        table, barred = torch.zeros(len(useful), most, 1 + LOOKS), torch.full((len(useful), most), -torch.inf)
        for place, (told, _) in enumerate(useful):
            table[place, : len(told)], barred[place, : len(told)] = told, 0.0
        table[..., 1:] = (table[..., 1:] - middle[1:]) / spread[1:]
        right = torch.tensor([index for _, index in useful])
        with torch.enable_grad():
            _fit(parts, (table, barred, right), decay=decay, rng=rng)
    weights, offset, worth = parts[1] / spread[1:, None], parts[2], parts[3]
    offset = offset - middle[1:] @ weights
    if not all(bool(part.isfinite().all()) for part in (parts[0], weights, offset, worth)):
        raise InvalidStateError(
            f"numbers of {len(useful)} requests that the fit diverged on, or that are not finite",
            "numbers for which finite weights exist",
            "Check the candidates' likelihoods and what was read of the requests.",
        )
    return Glance(float(parts[0]), weights, offset, worth)


def _fit(parts: Sequence[Tensor], data: tuple[Tensor, Tensor, Tensor], *, decay: float, rng: Rng) -> None:
    """Change the likelihood's weight and the three parts of a glance, in place."""
    table, barred, right = data
    for part in parts:
        part.requires_grad_()
    groups = [{"params": parts[1:], "weight_decay": decay}, {"params": parts[:1], "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=RATE)
    steps = EPOCHS * len(right) // BATCH
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps))
    for _ in range(steps):
        index = torch.randint(len(right), (BATCH,), generator=rng)
        inner = gelu(table[index, :, 1:] @ parts[1] + parts[2])
        kept = torch.rand(inner.shape, generator=rng) >= DROPPED
        scores = parts[0] * table[index, :, 0] + (inner * kept / (1 - DROPPED)) @ parts[3]
        loss = cross_entropy(scores + barred[index], right[index])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        falling.step()
    for part in parts:
        part.requires_grad_(False)


def without_own(tried: Sequence[Tried], *, decay: float, folds: int = 5) -> list[Glance]:
    """Return for each example the glance fitted on the other folds, for an honest confidence."""
    fitted = [
        fit_glance([one for place, one in enumerate(tried) if place % folds != fold], decay=decay)
        for fold in range(folds)
    ]
    return [fitted[place % folds] for place in range(len(tried))]
