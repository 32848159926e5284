"""Denoisers: from a noisy state to a belief about the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, final, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from agentic_diffusion.denoising.belief import Belief, Categorical, Gaussian
from agentic_diffusion.denoising.process import Process
from agentic_diffusion.denoising.schedule import FLOOR, Schedule, signal_to_noise
from agentic_diffusion.denoising.state import Condition, Rng, Time, expand

X = TypeVar("X")
B_co = TypeVar("B_co", covariant=True)
Shape = Float[Tensor, "batch *shape"]


@runtime_checkable
class Denoiser(Protocol[X, B_co]):
    """Looks at a noisy state and returns a belief about the truth."""

    def __call__(self, x: X, t: Time, condition: Condition[X]) -> B_co:
        """Return the belief formed at noise level `t`."""
        ...


@runtime_checkable
class Target(Protocol):
    """What a network is asked to predict, and how that turns into the truth."""

    def mean(self, output: Shape, x: Shape, survival: Time) -> Shape:
        """Return E[x₀ | x_t] from the network's output."""
        ...

    def weight(self, survival: Time) -> Time:
        """Return how much a squared error in x₀ counts, so that the loss is that of the target."""
        ...


@final
@dataclass(frozen=True)
class PredictTruth:
    """The network says x₀ itself."""

    def mean(self, output: Shape, x: Shape, survival: Time) -> Shape:
        """Return the output as it is."""
        return output

    def weight(self, survival: Time) -> Time:
        """Return 1."""
        return torch.ones_like(survival)


@final
@dataclass(frozen=True)
class PredictNoise:
    """The network says ε: x₀ = (x_t - √(1-ᾱ) ε) / √ᾱ (Ho et al. 2020, arXiv:2006.11239, eq. 15)."""

    def mean(self, output: Shape, x: Shape, survival: Time) -> Shape:
        """Return the truth that this noise would explain."""
        return (x - (1 - survival).sqrt() * output) / survival.sqrt()

    def weight(self, survival: Time) -> Time:
        """Return ᾱ/(1-ᾱ): an error in ε is this many times an error in x₀."""
        return signal_to_noise(survival)


@final
@dataclass(frozen=True)
class PredictVelocity:
    """The network says v = √ᾱ ε - √(1-ᾱ) x₀ (Salimans and Ho 2022, arXiv:2202.00512, appendix D)."""

    def mean(self, output: Shape, x: Shape, survival: Time) -> Shape:
        """Return √ᾱ x_t - √(1-ᾱ) v."""
        return survival.sqrt() * x - (1 - survival).sqrt() * output

    def weight(self, survival: Time) -> Time:
        """Return 1/(1-ᾱ): an error in v is this many times an error in x₀."""
        return 1 / (1 - survival).clamp(min=FLOOR)


@final
class GaussianNet(nn.Module):
    """A network over continuous states as a denoiser.

    The variance of the belief is 1-ᾱ, the posterior variance of unit normal data.

    Args:
        network: Called as `network(x, t, context)`; returns a tensor shaped like `x`.
        schedule: The schedule of the process the network is trained for.
        target: What the output means.
    """

    def __init__(self, network: nn.Module, schedule: Schedule, *, target: Target) -> None:
        super().__init__()
        self.network = network
        self.schedule = schedule
        self.target = target

    def forward(self, x: Shape, t: Time, condition: Condition[Tensor]) -> Gaussian:
        """Return the belief about the truth behind `x`."""
        level = t.to(x.device).expand(x.shape[0])
        output = self.network(x, level, condition.context).to(x.dtype)
        survival = expand(self.schedule(t), x)
        mean = self.target.mean(output, x, survival)
        return Gaussian(mean, 1 - survival, self.target.weight(survival))

    if TYPE_CHECKING:  # nn.Module's own __call__ returns Any and would pass for any denoiser

        def __call__(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Gaussian:
            """See `forward`."""
            ...


@final
class MaskedNet(nn.Module):
    """A network over tokens as a denoiser; the mask token itself is never believed in.

    Args:
        network: Called as `network(tokens, t, context)`; returns logits (batch, length, vocabulary).
        schedule: The schedule of the process; hidden tokens weigh 1/(1-α) in the loss.
        mask_token: The id that stands for a hidden token.
    """

    def __init__(self, network: nn.Module, schedule: Schedule, *, mask_token: int) -> None:
        super().__init__()
        self.network = network
        self.schedule = schedule
        self.mask_token = mask_token

    def forward(self, x: Int[Tensor, "batch length"], t: Time, condition: Condition[Tensor]) -> Categorical:
        """Return the belief about the tokens behind the masks."""
        level = t.to(x.device).expand(x.shape[0])
        logits = self.network(x, level, condition.context).float()
        barred = torch.zeros(logits.shape[-1], device=logits.device)
        barred[self.mask_token] = -torch.inf
        weight = 1 / (1 - self.schedule(t)).clamp(min=FLOOR)
        return Categorical(logits + barred, x == self.mask_token, weight)

    if TYPE_CHECKING:

        def __call__(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Categorical:
            """See `forward`."""
            ...


@final
@dataclass(frozen=True)
class ClassifierFree:
    """Beliefs pushed away from what the denoiser would say without the context.

    belief = blind + scale · (told - blind) (Ho and Salimans 2022, arXiv:2207.12598, eq. 6 with scale = 1 + w).

    Args:
        denoiser: Trained with its context now and then left out (see `forget`).
        scale: 1 leaves the belief as it is, above 1 exaggerates the context, 0 ignores it.
    """

    denoiser: Denoiser[Any, Any]
    scale: float

    def __call__(self, x: Any, t: Time, condition: Condition[Any]) -> Any:
        """Return the exaggerated belief; two calls of the network."""
        told = self.denoiser(x, t, condition)
        blind = self.denoiser(x, t, replace(condition, context=forget(condition.context)))
        return told.beyond(blind, self.scale)


def forget(
    context: Mapping[str, Tensor], rng: Rng | None = None, *, chance: float = 1.0
) -> dict[str, Tensor]:
    """Mark the context as left out, always or (for training) for a random share of the samples.

    Networks read the mark from the entry `"told"`, 1 where the context counts.
    """
    batch = max((value.shape[0] for value in context.values()), default=1)
    told = context.get("told", torch.ones(batch))
    if rng is None:
        return {**context, "told": torch.zeros_like(told)}
    kept = torch.rand(told.shape, generator=rng) >= chance
    return {**context, "told": told * kept.to(told)}


@final
@dataclass(frozen=True)
class RecallTrajectories:
    """The exact denoiser of a finite set of trajectories: no training, no network.

    E[x₀ | x_t] = Σ wᵢ xᵢ with wᵢ ∝ exp(-‖x_t - √ᾱ xᵢ‖² / 2(1-ᾱ)) (Karras et al. 2022, arXiv:2206.00364, eq. 57).

    Args:
        memory: The trajectories.
        schedule: The schedule of the process.
    """

    memory: Float[Tensor, "count *shape"]
    schedule: Schedule

    def __call__(self, x: Shape, t: Time, condition: Condition[Tensor]) -> Gaussian:
        """Return mean and variance of the trajectories that could lie behind `x`."""
        flat, known = x.flatten(1), self.memory.to(x).flatten(1)
        scale = self.schedule(t).to(x).reshape(-1, 1)
        exact = "donot_use_mm_for_euclid_dist"
        gap = torch.cdist(flat / scale.sqrt(), known, compute_mode=exact) ** 2
        weights = (-gap * scale / (2 * (1 - scale).clamp(min=FLOOR))).softmax(dim=1)
        mean = (weights @ known).view_as(x)
        var = (weights @ known**2).view_as(x) - mean**2
        return Gaussian(mean, var.clamp(min=0), torch.ones((), device=x.device))


@final
@dataclass(frozen=True)
class RecallTokens:
    """The exact denoiser of a finite set of token rows.

    Each hidden position is believed to be as it is in the rows that agree with everything shown.

    Args:
        memory: The rows; none contains the mask token.
        vocabulary: Number of tokens, the mask token included.
        mask_token: The id that stands for a hidden token.
    """

    memory: Int[Tensor, "count length"]
    vocabulary: int
    mask_token: int

    def __call__(self, x: Int[Tensor, "batch length"], t: Time, condition: Condition[Tensor]) -> Categorical:
        """Return the share of each token among the rows that agree; all rows where none does."""
        hidden, memory = x == self.mask_token, self.memory.to(x)
        agrees = ((x[:, None] == memory[None]) | hidden[:, None]).all(dim=-1).float()
        agrees = torch.where(agrees.sum(1, keepdim=True) > 0, agrees, 1.0)
        onehot = nn.functional.one_hot(memory, self.vocabulary).float()
        share = torch.einsum("bc,clv->blv", agrees / agrees.sum(1, keepdim=True), onehot)
        return Categorical(share.log(), hidden, torch.ones((), device=x.device))


def loss(
    process: Process[X, Any],
    denoiser: Callable[[X, Time, Condition[X]], Belief[X]],
    clean: X,
    *,
    t: Time,
    condition: Condition[X],
    rng: Rng,
    rows: slice | None = None,
) -> Float[Tensor, " rows"]:
    """Return how surprised the denoiser is by the truth, given a corrupted state; one value a sample.

    Args:
        process: The space.
        denoiser: What is asked.
        clean: The truth.
        t: The noise level of each sample.
        condition: What is pinned and told.
        rng: Where noise comes from; it is drawn for all samples, also where only some are looked at.
        rows: The samples that the denoiser looks at, of states that are tensors; all when left out.
    """
    noisy: Any = condition.pin(process.corrupt(clean, t, rng))
    if rows is None:
        return denoiser(noisy, t, condition).surprise(clean)
    truth: Any = clean
    context = {k: v[rows] if v.shape[:1] == t.shape else v for k, v in condition.context.items()}
    return denoiser(noisy[rows], t[rows], replace(condition, context=context)).surprise(truth[rows])
