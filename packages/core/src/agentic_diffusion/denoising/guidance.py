"""Guidance: tilts of a belief, composed in a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, final, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from agentic_diffusion.denoising.belief import Categorical, Gaussian
from agentic_diffusion.denoising.denoiser import Denoiser
from agentic_diffusion.denoising.state import Condition, Time
from agentic_diffusion.errors import InvalidConfigError

X = TypeVar("X")
B = TypeVar("B")
X_contra = TypeVar("X_contra", contravariant=True)


@runtime_checkable
class Guidance(Protocol[X_contra, B]):
    """Looks at a belief and returns it tilted; what must re-enter the network wraps a denoiser instead."""

    def __call__(self, belief: B, x: X_contra, t: Time) -> B:
        """Return the tilted belief."""
        ...


@runtime_checkable
class Conditional(Protocol[X, B]):
    """A guide that tilts otherwise for other conditions."""

    def under(self, condition: Condition[X]) -> Guidance[X, B]:
        """Return the guide for a condition."""
        ...


@final
@dataclass(frozen=True)
class RewardGradient:
    """mean ← mean + scale · var · ∇J(mean): the belief tilted by exp(scale · J).

    Exact for a Gaussian belief and a linear reward. Dhariwal and Nichol 2021, arXiv:2105.05233,
    algorithm 1; Janner et al. 2022, arXiv:2205.09991, algorithm 1; AdaptDiffuser, arXiv:2302.01877, eq. 7.

    Args:
        reward: From states to one reward a sample; differentiable.
        scale: Strength of the tilt.
        stop: Noise level below which the belief is left alone, so that the last steps repair plans.
        limit: Largest change of any coordinate, as a safety clamp; None for no clamp.
    """

    reward: Callable[[Float[Tensor, "batch *shape"]], Float[Tensor, " batch"]]
    scale: float = 1.0
    stop: float = 0.0
    limit: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.stop <= 1 or (self.limit is not None and self.limit <= 0):
            raise InvalidConfigError(
                f"RewardGradient(stop={self.stop}, limit={self.limit})",
                "0 <= stop <= 1 and a positive limit or None",
                "stop is a noise level: 0 guides to the end.",
            )

    def __call__(self, belief: Gaussian, x: Tensor, t: Time) -> Gaussian:
        """Return the belief with its mean moved uphill."""
        if bool((t <= self.stop).all()):
            return belief
        with torch.inference_mode(False), torch.enable_grad():
            mean = belief.mean.detach().clone().requires_grad_()
            (gradient,) = torch.autograd.grad(self.reward(mean).sum(), mean)
        move = self.scale * belief.var * torch.nan_to_num(gradient, 0.0, 0.0, 0.0)
        if self.limit is not None:
            move = move.clamp(-self.limit, self.limit)
        return replace(belief, mean=belief.mean + move)


@final
@dataclass(frozen=True)
class Allowed:
    """Forbids tokens: their logits become -inf.

    Args:
        allowed: From token states to what may stand at each position; may depend on what is shown.
    """

    allowed: Callable[[Tensor], Bool[Tensor, "#batch #length vocabulary"]]

    def __call__(self, belief: Categorical, x: Tensor, t: Time) -> Categorical:
        """Return the belief without the forbidden tokens; a row with none left stays as it was."""
        barred = torch.where(self.allowed(x), belief.logits, -torch.inf)
        dead = torch.isneginf(barred.amax(dim=-1, keepdim=True))
        return replace(belief, logits=torch.where(dead, belief.logits, barred))


@final
@dataclass(frozen=True)
class RewardLogits:
    """Adds reward to logits: the belief tilted by exp(scale · J) token by token.

    Args:
        reward: From token states to the reward of each token at each position.
        scale: Strength of the tilt.
    """

    reward: Callable[[Tensor], Float[Tensor, "#batch #length vocabulary"]]
    scale: float = 1.0

    def __call__(self, belief: Categorical, x: Tensor, t: Time) -> Categorical:
        """Return the tilted belief."""
        return replace(belief, logits=belief.logits + self.scale * self.reward(x))


def guided(
    denoiser: Denoiser[X, B], guides: Sequence[Guidance[X, B]]
) -> Callable[[X, Time, Condition[X]], B]:
    """Return a denoiser whose beliefs pass through every guide, first to last; see `Conditional` for some of them."""
    each = [(guide, guide.under if isinstance(guide, Conditional) else None) for guide in guides]

    def tilted(x: X, t: Time, condition: Condition[X]) -> B:
        belief = denoiser(x, t, condition)
        for guide, under in each:
            belief = (guide if under is None else under(condition))(belief, x, t)
        return belief

    return tilted
