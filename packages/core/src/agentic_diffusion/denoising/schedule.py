"""Schedules: how much of the truth survives at time t."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

import torch

from agentic_diffusion.denoising.state import Time
from agentic_diffusion.errors import InvalidConfigError

FLOOR = 1e-5
"""The least survival, so that the signal-to-noise ratio stays finite at t = 1."""


def _survival(share: Time, t: Time) -> Time:
    """Keep a share within [FLOOR, 1], and at exactly 1 for t = 0 whatever the rounding."""
    return torch.where(t == 0, 1.0, share.clamp(FLOOR, 1.0))


@runtime_checkable
class Schedule(Protocol):
    """Survival in [0, 1]: 1 at t = 0, about 0 at t = 1, never rising.

    For trajectories it is the share of variance (ᾱ in DDPM), for tokens the share that is shown.
    """

    def __call__(self, t: Time) -> Time:
        """Return the survival at `t`, same shape."""
        ...


@final
@dataclass(frozen=True)
class Linear:
    """ᾱ(t) = exp(-β₀t - ½(β₁-β₀)t²): noise added at a rate that rises linearly.

    Ho et al. 2020, arXiv:2006.11239, sec. 4; continuous form in Song et al. 2021, arXiv:2011.13456, eq. 33.
    """

    beta_min: float = 0.1
    beta_max: float = 20.0

    def __post_init__(self) -> None:
        if not 0 < self.beta_min <= self.beta_max:
            raise InvalidConfigError(
                f"Linear(beta_min={self.beta_min}, beta_max={self.beta_max})",
                "0 < beta_min <= beta_max",
                "Use the defaults 0.1 and 20 unless you know better.",
            )

    def __call__(self, t: Time) -> Time:
        """Return the survival at `t`."""
        rate = self.beta_min * t + 0.5 * (self.beta_max - self.beta_min) * t**2
        return _survival(torch.exp(-rate), t)


@final
@dataclass(frozen=True)
class Cosine:
    """ᾱ(t) = cos²(½π(t+s)/(1+s)) / cos²(½πs/(1+s)).

    Nichol and Dhariwal 2021, arXiv:2102.09672, eq. 17.
    """

    offset: float = 0.008

    def __post_init__(self) -> None:
        if not 0 <= self.offset < 1:
            raise InvalidConfigError(
                f"Cosine(offset={self.offset})", "0 <= offset < 1", "The paper uses 0.008."
            )

    def __call__(self, t: Time) -> Time:
        """Return the survival at `t`."""
        start = math.cos(0.5 * math.pi * self.offset / (1 + self.offset)) ** 2
        angle = 0.5 * math.pi * (t + self.offset) / (1 + self.offset)
        return _survival(torch.cos(angle) ** 2 / start, t)


@final
@dataclass(frozen=True)
class LogLinear:
    """α(t) = 1 - (1-ε)t: the total noise -log α is log-linear, the share shown falls evenly.

    Sahoo et al. 2024 (MDLM), arXiv:2406.07524, appendix E.1.
    """

    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        if not 0 <= self.epsilon < 1:
            raise InvalidConfigError(
                f"LogLinear(epsilon={self.epsilon})", "0 <= epsilon < 1", "The paper uses 0.001."
            )

    def __call__(self, t: Time) -> Time:
        """Return the survival at `t`."""
        return _survival(1 - (1 - self.epsilon) * t, t)


@final
@dataclass(frozen=True)
class Sigmoid:
    """ᾱ(t) = (σ(b/τ) - σ((a+(b-a)t)/τ)) / (σ(b/τ) - σ(a/τ)): slow at both ends.

    Jabri et al. 2022, arXiv:2212.11972; in this form Chen 2023, arXiv:2301.10972, algorithm 1.
    """

    start: float = -3.0
    end: float = 3.0
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not (self.start < self.end and self.temperature > 0):
            raise InvalidConfigError(
                f"Sigmoid(start={self.start}, end={self.end}, temperature={self.temperature})",
                "start < end and temperature > 0",
                "The paper uses -3, 3 and 1.",
            )

    def __call__(self, t: Time) -> Time:
        """Return the survival at `t`."""
        low = 1 / (1 + math.exp(-self.start / self.temperature))
        high = 1 / (1 + math.exp(-self.end / self.temperature))
        here = torch.sigmoid((self.start + (self.end - self.start) * t) / self.temperature)
        return _survival((high - here) / (high - low), t)


def signal_to_noise(survival: Time) -> Time:
    """Return ᾱ / (1-ᾱ), finite also at t = 0."""
    return survival / (1 - survival).clamp(min=FLOOR)


def times(steps: int, *, last: float = 0.0, rho: float = 1.0) -> tuple[float, ...]:
    """Return `steps` + 1 falling noise levels from 1 to `last`.

    Args:
        steps: Denoising steps to make.
        last: The level to stop at.
        rho: 1 for an even grid; above 1 crowds the steps near the truth.

    Raises:
        InvalidConfigError: Fewer than one step, `last` outside [0, 1), or steps so crowded that the last ones come to
            the same number.
    """
    if steps < 1 or not 0 <= last < 1 or rho <= 0:
        raise InvalidConfigError(
            f"times(steps={steps}, last={last}, rho={rho})",
            "steps >= 1, 0 <= last < 1 and rho > 0",
            "Ask for at least one denoising step.",
        )
    levels = tuple(last + (1 - last) * (1 - k / steps) ** rho for k in range(steps + 1))
    if levels[-2] <= last:
        raise InvalidConfigError(
            f"times(steps={steps}, last={last}, rho={rho}), whose last two levels are the same number",
            "levels that can be told apart",
            "Take fewer steps or a smaller rho.",
        )
    return levels
