"""Processes: the three verbs noise, corrupt and revert, for trajectories and for tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar, final, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from agentic_diffusion.denoising.belief import Categorical, Gaussian
from agentic_diffusion.denoising.schedule import FLOOR, Schedule
from agentic_diffusion.denoising.state import Rng, Time, expand, normal, uniform
from agentic_diffusion.errors import InvalidConfigError

X = TypeVar("X")
B_contra = TypeVar("B_contra", contravariant=True)


@runtime_checkable
class Process(Protocol[X, B_contra]):
    """How truth turns into noise, and one move of the way back."""

    def noise(self, like: X, rng: Rng) -> X:
        """Draw a state in which nothing of the truth is left."""
        ...

    def corrupt(self, clean: X, t: Time, rng: Rng) -> X:
        """Draw x_t ~ q(x_t | x₀)."""
        ...

    def revert(self, x: X, belief: B_contra, t: Time, s: Time, rng: Rng) -> X:
        """Draw x_s ~ p(x_s | x_t, belief) for s < t."""
        ...


@final
@dataclass(frozen=True)
class GaussianProcess:
    """x_t = √ᾱ x₀ + √(1-ᾱ) ε: truth fades into standard normal noise.

    Ho et al. 2020, arXiv:2006.11239, eq. 4 (corrupt) and eqs. 6, 7 (revert).

    Args:
        schedule: ᾱ(t), the share of variance that survives.
        temperature: Scale of the noise that is drawn; below 1 gives plans nearer to the mode.
    """

    schedule: Schedule
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature >= 0:
            raise InvalidConfigError(
                f"temperature={self.temperature}", "a number >= 0", "1 samples the model as it is."
            )

    def noise(self, like: Float[Tensor, "batch *shape"], rng: Rng) -> Float[Tensor, "batch *shape"]:
        """Draw standard normal noise, scaled by the temperature."""
        return self.temperature * normal(like, rng)

    def corrupt(
        self, clean: Float[Tensor, "batch *shape"], t: Time, rng: Rng
    ) -> Float[Tensor, "batch *shape"]:
        """Scale the truth down and add noise."""
        survival = expand(self.schedule(t), clean)
        return survival.sqrt() * clean + (1 - survival).sqrt() * normal(clean, rng)

    def revert(
        self, x: Float[Tensor, "batch *shape"], belief: Gaussian, t: Time, s: Time, rng: Rng
    ) -> Float[Tensor, "batch *shape"]:
        """Draw from q(x_s | x_t, x₀) with x₀ at the mean of the belief."""
        at_t, at_s = expand(self.schedule(t), x), expand(self.schedule(s), x)
        between = at_t / at_s
        fade = (1 - at_t).clamp(min=FLOOR)
        mean = at_s.sqrt() * (1 - between) / fade * belief.mean
        mean = mean + between.sqrt() * (1 - at_s) / fade * x
        var = (1 - at_s) / fade * (1 - between)
        return mean + self.temperature * var.clamp(min=0).sqrt() * normal(x, rng)


@final
@dataclass(frozen=True)
class MaskedProcess:
    """Each token is shown with probability α(t) and hidden behind the mask token otherwise.

    Sahoo et al. 2024 (MDLM), arXiv:2406.07524, eqs. 3 and 7; Austin et al. 2021, arXiv:2107.03006.

    Args:
        schedule: α(t), the share of tokens that is shown.
        mask_token: The id that stands for a hidden token.
    """

    schedule: Schedule
    mask_token: int

    def noise(self, like: Int[Tensor, "batch length"], rng: Rng) -> Int[Tensor, "batch length"]:
        """Return a state in which every token is hidden."""
        return torch.full_like(like, self.mask_token)

    def corrupt(self, clean: Int[Tensor, "batch length"], t: Time, rng: Rng) -> Int[Tensor, "batch length"]:
        """Hide each token independently."""
        shown = uniform(clean, rng) < expand(self.schedule(t), clean)
        return torch.where(shown, clean, self.mask_token)

    def revert(
        self, x: Int[Tensor, "batch length"], belief: Categorical, t: Time, s: Time, rng: Rng
    ) -> Int[Tensor, "batch length"]:
        """Reveal each hidden token with probability (α_s-α_t)/(1-α_t), drawn from the belief."""
        at_t, at_s = expand(self.schedule(t), x), expand(self.schedule(s), x)
        chance = (at_s - at_t) / (1 - at_t).clamp(min=FLOOR)
        reveal = (x == self.mask_token) & ((uniform(x, rng) < chance) | (expand(s, x) <= 0))
        return torch.where(reveal, belief.sample(rng), x)
