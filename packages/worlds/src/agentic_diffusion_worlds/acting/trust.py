"""How far each call can be trusted in a situation: learned from what calls reported, and added to a belief."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.denoiser import Denoiser
from agentic_diffusion.denoising.state import Condition, Time
from agentic_diffusion.errors import InvalidConfigError
from torch import Tensor, nn

from agentic_diffusion_worlds.acting.domain import MADE

HOPEFUL = (1.5, 0.5)
"""Calls that worked and that did not, as if seen before the first one: a call that nobody has tried is thought to work
more often than not, so that it is tried."""


@final
@dataclass(frozen=True)
class Trust:
    """The chance that a call works, averaged over every single word that it might depend on.

    p(l | s) = Σ_b P(b | reports) · (good + 1.5) / (made + 2), counted over the reports of call l in which word b was
    as it is in s; P(b | reports) is the share of the evidence for word b as the one that decides. This is Bayesian
    averaging of trees with one split.

    Args:
        chance: For each call and word, the chance where the word is missing and where it is said: (calls, width, 2).
        share: For each call, how far each word is the one that decides: (calls, width).
    """

    chance: Tensor
    share: Tensor

    def __call__(self, context: Tensor) -> Tensor:
        """Return the chance of each call in each situation: (batch, calls)."""
        said = context.to(self.chance)
        missing = ((1 - said) @ (self.share * self.chance[..., 0]).T).float()
        return missing + (said @ (self.share * self.chance[..., 1]).T).float()


@final
@dataclass(frozen=True)
class Report:
    """What one call reported.

    Args:
        context: The vector of the situation before the plan was made.
        call: The number of the call.
        worked: Whether it was done.
    """

    context: Tensor
    call: int
    worked: bool


def fit_trust(reports: Iterable[Report], *, calls: int, width: int, forget: float = 1.0) -> Trust:
    """Return the trust that reports give reason for.

    Args:
        reports: What calls reported, oldest first.
        calls: How many calls there are.
        width: Length of the vector of a situation.
        forget: The weight of a report, compared with the report after it of the same call.

    Raises:
        InvalidConfigError: `forget` is not in (0, 1].
    """
    if not 0 < forget <= 1:
        raise InvalidConfigError(f"forget={forget}", "a number in (0, 1]", "1 forgets nothing.")
    told = list(reports)
    prior = torch.tensor(HOPEFUL, dtype=torch.float64)
    chance = torch.full((calls, width, 2), float(prior[0] / prior.sum()), dtype=torch.float64)
    share = torch.full((calls, width), 1 / width, dtype=torch.float64)
    for call in range(calls):
        mine = [report for report in told if report.call == call]
        if not mine:
            continue
        said = torch.stack([report.context for report in mine]).double()
        weight = forget ** torch.arange(len(mine) - 1, -1, -1, dtype=torch.float64)
        good = weight * torch.tensor([float(report.worked) for report in mine], dtype=torch.float64)
        seen = torch.stack([1 - said, said], dim=-1)  # (reports, width, 2)
        worked, made = torch.einsum("r,rwk->wk", good, seen), torch.einsum("r,rwk->wk", weight, seen)
        one, two = worked + prior[0], made - worked + prior[1]
        evidence = (one.lgamma() + two.lgamma() - (one + two).lgamma()).sum(dim=1)
        silent = (made == 0).any(
            dim=1
        )  # always or never said: all these words are one hypothesis, that none decides
        evidence = evidence - silent * silent.sum().clamp(min=1).log()
        chance[call], share[call] = one / (one + two), evidence.softmax(dim=0)
    return Trust(chance, share)


@final
class Trusting(nn.Module):
    """A denoiser whose belief is sharpened, and tilted by how far each call can be trusted.

    log odds of making call l ← sharpness · log odds + scale · (log trust_l - mean of log trust), where the mean is over
    the calls that the belief has not decided, so that trust chooses among rivals and not between much and little.

    Args:
        denoiser: What to believe without experience.
        trust: What experience says; None for nothing.
        scale: Strength of the tilt.
        sharpness: Above 1 the likely becomes likelier.
    """

    def __init__(
        self,
        denoiser: nn.Module,
        trust: Trust | None = None,
        *,
        scale: float = 2.0,
        sharpness: float = 1.0,
    ) -> None:
        super().__init__()
        self.denoiser, self.trust, self.scale, self.sharpness = denoiser, trust, scale, sharpness

    def forward(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Categorical:
        """Return the tilted belief; while training, the belief as it is."""
        believed: Denoiser[Tensor, Any] = self.denoiser
        belief: Categorical = believed(x, t, condition)
        if self.training:
            return belief
        logits = self.sharpness * belief.logits
        if self.trust is not None:
            chance = logits[..., : MADE + 1].softmax(dim=-1)[..., MADE]
            open_ = (chance * (1 - chance) + 1e-6) * belief.hidden
            told = self.trust(condition.context["context"]).to(logits).log()
            mean = (open_ * told).sum(dim=1, keepdim=True) / open_.sum(dim=1, keepdim=True).clamp(min=1e-9)
            logits[..., MADE] += self.scale * (told - mean)
        return replace(belief, logits=logits)
