"""Weights in [0, 1] that are small for plans unlike any real one: hallucinated, and not to be trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, final

import torch
from agentic_diffusion.denoising.denoiser import Denoiser
from agentic_diffusion.denoising.process import Process
from agentic_diffusion.denoising.sample import denoise
from agentic_diffusion.denoising.state import Condition, Rng, Time, generator
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.planner import Domain
from agentic_diffusion.planning.verify import Verifier
from agentic_diffusion.records import Verdict
from torch import Tensor

Q = TypeVar("Q")
V = TypeVar("V")

Signal: TypeAlias = Callable[[Tensor, Condition[Tensor]], Tensor]
"""From clean states and what was pinned to one number a sample; larger is stranger. A dynamics residual is one."""


@final
@dataclass(frozen=True)
class _From:
    """A process whose noise is the given states, corrupted: the one loop then starts half way."""

    process: Process[Tensor, Any]
    states: Tensor
    level: Time

    def noise(self, like: Tensor, rng: Rng) -> Tensor:
        return self.process.corrupt(self.states, self.level, rng)

    def corrupt(self, clean: Tensor, t: Time, rng: Rng) -> Tensor:
        return self.process.corrupt(clean, t, rng)

    def revert(self, x: Tensor, belief: Any, t: Time, s: Time, rng: Rng) -> Tensor:
        return self.process.revert(x, belief, t, s, rng)


@final
@dataclass(frozen=True)
class RestorationGap:
    """How far a plan moves when it is noised and denoised again: E ‖restore(corrupt(x, t)) - x‖.

    A denoiser brings back what it knows and bends what it does not (Lee et al. 2023, arXiv:2310.19427).
    Distances are root mean squares, or shares of tokens that differ.

    Args:
        process: The space.
        denoiser: Trained on real plans.
        level: Noise level t.
        steps: Denoising steps on the way back.
        draws: Over how many noises the distance is averaged.
        seed: The same seed gives the same gap.
    """

    process: Process[Tensor, Any]
    denoiser: Denoiser[Tensor, Any]
    level: float = 0.4
    steps: int = 3
    draws: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.level <= 1 or min(self.steps, self.draws) < 1:
            raise InvalidConfigError(
                f"RestorationGap(level={self.level}, steps={self.steps}, draws={self.draws})",
                "0 < level <= 1, at least one step and one draw",
                "0.4 keeps the shape of a plan and blurs its details.",
            )

    def __call__(self, x: Tensor, condition: Condition[Tensor]) -> Tensor:
        """Return the gap of each sample."""
        rng = generator(self.seed)
        start = _From(self.process, x, torch.tensor(self.level))
        levels = [self.level * (1 - k / self.steps) for k in range(self.steps + 1)]
        gaps = []
        for _ in range(self.draws):
            with torch.inference_mode():
                *_, last = denoise(start, self.denoiser, like=x, condition=condition, times=levels, rng=rng)
            gaps.append(_distance(last.x, x))
        return torch.stack(gaps).mean(dim=0)


def _distance(a: Tensor, b: Tensor) -> Tensor:
    if a.is_floating_point():
        return (a - b).flatten(1).pow(2).mean(dim=1).sqrt()
    return (a != b).flatten(1).float().mean(dim=1)


@final
@dataclass(frozen=True)
class ManifoldDistance:
    """Mean root-mean-square distance to the nearest known plans.

    Args:
        known: Real plans, encoded.
        neighbours: How many of the nearest count.
    """

    known: Tensor
    neighbours: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.neighbours <= self.known.shape[0]:
            raise InvalidConfigError(
                f"neighbours={self.neighbours} among {self.known.shape[0]} known plans",
                "at least one neighbour and no more than there are plans",
                "Give more plans or ask for fewer neighbours.",
            )

    def __call__(self, x: Tensor, condition: Condition[Tensor]) -> Tensor:
        """Return the distance of each sample."""
        flat, known = x.float().flatten(1), self.known.to(x.device).float().flatten(1)
        exact = "donot_use_mm_for_euclid_dist"
        gaps = torch.cdist(flat, known, compute_mode=exact) / flat.shape[1] ** 0.5
        nearest: Tensor = gaps.topk(self.neighbours, dim=1, largest=False).values
        return nearest.mean(dim=1)


@final
@dataclass(frozen=True)
class Weigher:
    """The weight of a plan, from signals that were calibrated on real plans held out for this.

    Each signal becomes the share of held-out plans at least as strange (a conformal p-value: for a real plan it is
    at most a in a share a of cases); the weight is the smallest of m signals times m, at most 1, which keeps
    that promise for the weight (Bonferroni).

    Args:
        signals: What makes a plan strange.
        held: The sorted signals of the held-out plans, one row a signal.
    """

    signals: tuple[Signal, ...]
    held: Tensor

    def __call__(self, x: Tensor, condition: Condition[Tensor]) -> Tensor:
        """Return the weight of each sample in (0, 1]; what is not a number weighs the least."""
        shares = []
        for signal, known in zip(self.signals, self.held, strict=True):
            told = torch.nan_to_num(signal(x, condition).double().cpu(), nan=torch.inf)
            below = torch.searchsorted(known, told - 1e-9 * told.abs().nan_to_num(posinf=0.0), right=False)
            shares.append((1 + len(known) - below) / (len(known) + 1))
        least = torch.stack(shares).min(dim=0).values
        return (len(self.signals) * least).clamp(max=1.0).float()


def calibrate_weigher(
    signals: Sequence[Signal], held_out: Tensor, condition: Condition[Tensor] | None = None
) -> Weigher:
    """Return a weigher whose weights are shares of held-out real plans.

    Args:
        signals: What makes a plan strange.
        held_out: Real plans that neither the denoiser nor the signals have seen, encoded.
        condition: What was pinned in them.

    Raises:
        InvalidConfigError: No signal, or too few plans to tell anything.
    """
    if not signals or held_out.shape[0] < 10:
        raise InvalidConfigError(
            f"{len(signals)} signals and {held_out.shape[0]} held-out plans",
            "at least one signal and 10 plans",
            "Hold more plans out; a hundred tell a weight to about one percent.",
        )
    told = [signal(held_out, condition or Condition()).double().cpu() for signal in signals]
    return Weigher(tuple(signals), torch.stack([row.sort().values for row in told]))


def weighing(
    verify: Verifier[Q, V], weigher: Weigher, domain: Domain[Q, Tensor, V], *, floor: float = 0.01
) -> Verifier[Q, V]:
    """Return a verifier that also asks for a weight of at least `floor` and writes it into the evidence.

    Args:
        verify: The verifier that is asked first.
        weigher: Gives the weights.
        domain: Encodes the values.
        floor: Share of real plans that may be refused.
    """

    def judge(request: Q, values: Sequence[V]) -> Sequence[Verdict]:
        weights = weigher(domain.encode(values), domain.condition(request)).tolist()
        return [
            Verdict(
                passed=verdict.passed and weight >= floor,
                score=verdict.score,
                evidence={**verdict.evidence, "weight": weight},
            )
            for verdict, weight in zip(verify(request, values), weights, strict=True)
        ]

    return judge
