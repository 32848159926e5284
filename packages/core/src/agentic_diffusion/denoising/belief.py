"""Beliefs: what a denoiser thinks the truth is, and how surprised the truth would leave it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar, final, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from agentic_diffusion.denoising.state import Rng, uniform

X = TypeVar("X")
Bel = TypeVar("Bel", bound="Belief[Any]")


@runtime_checkable
class Belief(Protocol[X]):
    """A distribution over the truth, held by a denoiser that has seen a noisy state."""

    def surprise(self, clean: X) -> Float[Tensor, " batch"]:
        """Return how little the truth was expected: the training loss, one value a sample."""
        ...

    def guess(self, x: X) -> X:
        """Return the single best reconstruction of the truth, given the noisy state."""
        ...

    def beyond(self: Bel, other: Bel, scale: float) -> Bel:
        """Return the belief on the far side: `other` + scale · (self - `other`)."""
        ...


@final
@dataclass(frozen=True)
class Gaussian:
    """A belief over continuous states: 𝒩(mean, var) in each coordinate.

    Args:
        mean: E[x₀ | x_t].
        var: Var[x₀ | x_t]; broadcasts against `mean`. Guidance is scaled by it.
        weight: How much an error counts at this noise level; broadcasts against `mean`.
    """

    mean: Float[Tensor, "batch *shape"]
    var: Float[Tensor, "*broadcast"]
    weight: Float[Tensor, "*broadcast2"]

    def surprise(self, clean: Float[Tensor, "batch *shape"]) -> Float[Tensor, " batch"]:
        """Return the weighted mean squared error of each sample."""
        error = self.weight * (self.mean.float() - clean) ** 2
        return error.flatten(1).mean(dim=1)

    def guess(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch *shape"]:
        """Return the mean."""
        return self.mean

    def beyond(self, other: Gaussian, scale: float) -> Gaussian:
        """Extrapolate the mean away from `other`."""
        return replace(self, mean=other.mean + scale * (self.mean - other.mean))


@final
@dataclass(frozen=True)
class Categorical:
    """A belief over tokens: one distribution for each position, independent of the others.

    Args:
        logits: Unnormalised log-probabilities; -inf for what cannot be.
        hidden: True where the token was masked, and so where the belief matters.
        weight: How much an error counts at this noise level; one value a sample, or one for all.
        amend: Makes a guess what it may be, from the guess and from what was hidden: tokens that are each the likeliest
            may contradict each other. Guesses stay as they are where it is left out.
        counted: Logits and the entropy of each of their positions, where somebody counted it: for whoever has the same
            distribution in many rows. Other logits have another entropy; what is told of these is not looked at then.
    """

    logits: Float[Tensor, "batch length vocabulary"]
    hidden: Bool[Tensor, "batch length"]
    weight: Float[Tensor, "*broadcast"]
    amend: Callable[[Tensor, Tensor], Tensor] | None = None
    counted: tuple[Tensor, Tensor] | None = None

    def surprise(self, clean: Int[Tensor, "batch length"]) -> Float[Tensor, " batch"]:
        """Return the weighted cross-entropy on hidden tokens over the length, of each sample."""
        loss = functional.cross_entropy(self.logits.float().transpose(1, 2), clean, reduction="none")
        return self.weight * loss.masked_fill(~self.hidden, 0.0).sum(dim=1) / clean.shape[1]

    def guess(self, x: Int[Tensor, "batch length"]) -> Int[Tensor, "batch length"]:
        """Return the state with each hidden token set to its most likely value, and amended."""
        likeliest = torch.where(self.hidden, self.logits.argmax(dim=-1), x)
        return likeliest if self.amend is None else self.amend(likeliest, self.hidden)

    def beyond(self, other: Categorical, scale: float) -> Categorical:
        """Extrapolate the log-probabilities away from `other`; what cannot be stays impossible."""
        here, there = self.logits.log_softmax(-1), other.logits.log_softmax(-1)
        mixed = there + scale * (here - there)
        impossible = torch.isneginf(here) | torch.isneginf(there)
        return replace(self, logits=mixed.masked_fill(impossible, -torch.inf))

    def sample(self, rng: Rng, *, temperature: float = 1.0) -> Int[Tensor, "batch length"]:
        """Draw one token for each position (Gumbel-max); at temperature 0 take the most likely one."""
        if temperature == 0:
            return self.logits.argmax(dim=-1)
        drawn = uniform(self.logits, rng).clamp(1e-20, 1 - 1e-7)
        return (self.logits.float() - temperature * torch.log(-torch.log(drawn))).argmax(dim=-1)

    def entropy(self) -> Float[Tensor, "batch length"]:
        """Return the entropy of each position in nats."""
        if self.counted is not None and self.counted[0] is self.logits:
            return self.counted[1]
        logp = self.logits.float().log_softmax(-1)
        return -(logp.exp() * logp.masked_fill(torch.isneginf(logp), 0.0)).sum(dim=-1)
