"""Rewards made of rewards: weighted sums, penalties and clips of plain callables."""

from __future__ import annotations

import torch
from agentic_diffusion.errors import InvalidConfigError
from torch import Tensor

from agentic_diffusion_evolve.reward import Reward


def weighted(*terms: tuple[float, Reward]) -> Reward:
    """Return Σ wᵢ · rᵢ(x).

    Raises:
        InvalidConfigError: There is no term.
    """
    if not terms:
        raise InvalidConfigError("weighted()", "at least one (weight, reward)", "weighted((1.0, reward))")

    def reward(x: Tensor) -> Tensor:
        return torch.stack([weight * term(x) for weight, term in terms]).sum(dim=0)

    return reward


def penalty(cost: Reward, *, allowed: float = 0.0, scale: float = 1.0) -> Reward:
    """Return -scale · max(0, cost(x) - allowed): nothing is gained by costing less than is allowed."""

    def reward(x: Tensor) -> Tensor:
        return -scale * (cost(x) - allowed).clamp(min=0.0)

    return reward


def clipped(reward: Reward, *, low: float, high: float) -> Reward:
    """Return the reward kept within [low, high]; beyond them its gradient is 0.

    Raises:
        InvalidConfigError: The bounds are in the wrong order.
    """
    if not low < high:
        raise InvalidConfigError(f"clipped(low={low}, high={high})", "low < high", "Exchange the two.")

    def kept(x: Tensor) -> Tensor:
        return reward(x).clamp(low, high)

    return kept
