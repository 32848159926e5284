"""How far each call can be trusted in a situation: learned from what calls reported, and added to a belief."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, final

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.denoiser import Denoiser
from agentic_diffusion.denoising.state import Condition, Time
from torch import Tensor, nn

from agentic_diffusion_worlds.acting.domain import MADE

HOPEFUL = (0.75, 0.25)
"""Calls that worked and that did not, as if seen before the first one: a call that nobody has tried is thought to work
more often than not, so that it is tried."""


@final
@dataclass(frozen=True)
class Trust:
    """The chance that a call works, averaged over every single word that it might depend on.

    p(l | s) = P(∅ | reports) · p_l + Σ_b P(b | reports) · (good + ¾) / (made + 1), counted over the reports of call l
    in which word b was as it is in s; P(b | reports) is how far word b is believed to be the one that decides, and ∅
    that none does. This is Bayesian averaging of trees with one split.

    Args:
        chance: For each call and word, the chance where the word is missing and where it is said: (calls, width, 2).
        share: For each call, how far each word is the one that decides: (calls, width).
        plain: For each call, the chance where no word decides, times how far that is believed: (calls,).
        since: How many reports there were before tools last changed; 0 where no change is believed.
    """

    chance: Tensor
    share: Tensor
    plain: Tensor
    since: int = 0

    def __call__(self, context: Tensor) -> Tensor:
        """Return the chance of each call in each situation: (batch, calls)."""
        said = context.to(self.chance)
        missing = (1 - said) @ (self.share * self.chance[..., 0]).T
        return (missing + said @ (self.share * self.chance[..., 1]).T + self.plain).float()


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
