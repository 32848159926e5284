"""A second look at whole plans: what the request says of all their tools together, weighed beside their likelihood."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest
from agentic_diffusion.planning.select import likelihood_of

LOOKS = 16
"""Numbers that are told of a whole plan beside its likelihood."""

NEVER, NARROW = -25.0, 0.05
"""The log-likelihood of what cannot be, and the least spread that a number is measured by."""


def looks(
    x: Int[Tensor, "plans slots"], context: Mapping[str, Tensor], *, tools: int
) -> Float[Tensor, "plans looks"]:
    """Return what is told of each plan.

    log chance of the plan by what was learned by heart and whether it is unknown; its length, whether it is 1, whether
    it is 3 or more; of what experience says of its tools the sum and the least, by the whole request and by the clause
    that fits each best; of what the tools' texts say the sum and the least by clause, and the sum by the whole; sum of
    the log shares that known plans and neighbours give its tools, and the least of the known plans; what speaks for
    its length.

    Args:
        x: The plans, as tokens.
        context: What was read of the request (see `Reading.told`).
        tools: Number of tools.
    """
    meets, places, rows = context["meets"][0], context["places"][0], x.tolist()
    used = sorted({token for row in rows for token in row if token < tools})
    spoken = (meets[1:] != 0).flatten(1).any(dim=1)
    clauses = meets[1:, used][spoken] if bool(spoken.any()) else meets[:1, used]
    best, shares = clauses.max(dim=0).values, (places[used][:, [3, 1]].clamp(min=0) + 0.01).log()
    table = dict(zip(used, torch.cat([meets[0, used], best, shares], dim=1).tolist(), strict=True))
    same = (x[:, None] == context["plans"][0]).all(dim=-1)
    chances, lengths = (same * context["recalled"]).sum(dim=1).tolist(), context["lengths"][0].tolist()
    return torch.tensor(
        [
            _looks([table[token] for token in row if token < tools], chance, lengths)
            for row, chance in zip(rows, chances, strict=True)
        ]
    ).reshape(len(rows), LOOKS)


def _looks(told: Sequence[Sequence[float]], chance: float, lengths: Sequence[float]) -> list[float]:
    """Return the numbers of one plan; `told` of each tool: whole, text, best clause, text, known plans, neighbours."""
    count = len(told)
    whole, text, clause, spelled, held, voted = zip(*told, strict=True) if count else ((0.0,),) * 6
    numbers = [math.log(chance + 1e-3), chance <= 1e-6, count, count == 1, count >= 3]
    numbers += [sum(whole), min(whole), sum(clause), min(clause), sum(spelled), min(spelled), sum(text)]
    return [float(number) for number in (*numbers, sum(held), sum(voted), min(held), lengths[count])]


@final
@dataclass(frozen=True)
class SecondLook:
    """Says how much speaks for each plan beside its likelihood.

    Args:
        domain: Reads the request.
        weights: Of the log-likelihood first, then of each of the `looks`.
    """

    domain: ToolPlanDomain
    weights: tuple[float, ...]

    def __call__(self, request: ToolRequest, plans: Sequence[ToolPlan]) -> Sequence[float]:
        """Return one number a plan."""
        x, tools = self.domain.encode(plans), len(self.domain.catalogue)
        numbers = looks(x, self.domain.read(request), tools=tools) @ torch.tensor(self.weights[1:])
        told: list[float] = numbers.tolist()
        return told


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
    ) -> Tried | None:
        """Return what was tried; None where no candidate passed."""
        different = {c.value.tools: c for c in candidates if c.verdict.passed}
        if not different:
            return None
        kept = [*different.values()]
        likely = torch.tensor([[max(NEVER, likelihood_of(c))] for c in kept])
        x = domain.encode([c.value for c in kept])
        numbers = looks(x, context, tools=len(domain.catalogue))
        return Tried(kept, torch.cat([likely, numbers], dim=1), truth)

    @property
    def right(self) -> int | None:
        """The candidate that is right, if any."""
        told = [index for index, c in enumerate(self.candidates) if c.value.tools == self.truth.tools]
        return told[0] if told else None

    def seen(self, weights: Sequence[float]) -> Sequence[Any]:
        """Return the candidates with what speaks for them by these weights."""
        speaks = (self.told[:, 1:] @ torch.tensor(weights[1:])).tolist()
        return [
            c.model_copy(
                update={
                    "verdict": c.verdict.model_copy(update={"evidence": {**c.verdict.evidence, "speaks": n}})
                }
            )
            for c, n in zip(self.candidates, speaks, strict=True)
        ]


def fit_weights(tried: Sequence[Tried], *, pull: float) -> tuple[float, ...]:
    """Return the weights under which the right candidates are likeliest: a conditional logit (McFadden 1974).

    min over w of -Σ log softmax(told · w)[right] + pull · |s (w - w₀)|², with s the spread of each number and w₀ = 1
    for the log-likelihood and 0 for the rest. Requests without a right candidate say nothing.

    Args:
        tried: Candidates of examples that nothing was learned from.
        pull: How strongly the weights are held back.

    Raises:
        InvalidStateError: No finite weights were found.
    """
    start = torch.zeros(1 + LOOKS, dtype=torch.double)
    start[0] = 1.0
    useful = [(one.told.double(), one.right) for one in tried if one.right is not None]
    if not useful:
        return tuple(start.tolist())
    every = torch.cat([told for told, _ in useful])
    spread = every.std(dim=0, correction=0).clamp(min=NARROW)
    most = max(len(told) for told, _ in useful)
    table = torch.zeros(len(useful), most, 1 + LOOKS, dtype=torch.double)
    barred = torch.full((len(useful), most), -torch.inf, dtype=torch.double)
    for place, (told, _) in enumerate(useful):
        table[place, : len(told)], barred[place, : len(told)] = told / spread, 0.0
    right = torch.tensor([index for _, index in useful])
    weights = (start * spread).requires_grad_()
    optimiser = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimiser.zero_grad()
        fit = torch.nn.functional.cross_entropy(table @ weights + barred, right, reduction="sum")
        total = fit + pull * ((weights - start * spread) ** 2).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return float(total.detach())

    with torch.enable_grad():
        optimiser.step(loss)  # type: ignore[no-untyped-call]
    fitted: list[float] = (weights.detach() / spread).tolist()
    if not all(map(math.isfinite, fitted)):
        raise InvalidStateError(
            f"numbers of {len(useful)} requests that the fit diverged on, or that are not finite",
            "numbers for which finite weights exist",
            "Check the candidates' likelihoods and what was read of the requests; hold back more with `pull`.",
        )
    return tuple(fitted)


def without_own(tried: Sequence[Tried], *, pull: float, folds: int = 5) -> list[tuple[float, ...]]:
    """Return for each example the weights fitted on the other folds, for an honest confidence."""
    fitted = [
        fit_weights([one for place, one in enumerate(tried) if place % folds != fold], pull=pull)
        for fold in range(folds)
    ]
    return [fitted[place % folds] for place in range(len(tried))]
