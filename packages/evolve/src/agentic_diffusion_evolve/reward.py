"""Reward models: ensembles that learn from outcomes what good looks like, and know where they disagree."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Protocol, TypeAlias, TypeVar, final, runtime_checkable

import torch
from agentic_diffusion.denoising.process import Process
from agentic_diffusion.denoising.state import EMPTY, Condition, Rng, Time, generator
from agentic_diffusion.errors import InvalidConfigError
from torch import Tensor, nn

from agentic_diffusion_evolve.encoded import Encoded

X = TypeVar("X")

Reward: TypeAlias = Callable[[Tensor], Tensor]
"""From states to one reward a sample; any callable will do."""


@runtime_checkable
class RewardModel(Protocol[X]):
    """Says how good noisy states will turn out to be."""

    def score(self, x: X, t: Time, condition: Condition[X]) -> Tensor:
        """Return the expected reward of each sample."""
        ...


@final
class RewardEnsemble(nn.Module):
    """Several small networks over flattened noisy states, trained on different resamples of the same outcomes.

    Where they agree there was data; where they disagree there was none (Lakshminarayanan et al. 2017,
    arXiv:1612.01474). All members are computed at once.

    Args:
        shape: Shape of one state, without the batch.
        process: Makes the noisy states it is trained on.
        members: Networks.
        width: Width of the two hidden layers.
        context: Name of the entry of the context that is read beside the state, with its size.
        seed: The first weights.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        process: Process[Tensor, object],
        members: int = 5,
        width: int = 64,
        context: tuple[str, int] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if members < 2 or width < 1:
            raise InvalidConfigError(
                f"members={members}, width={width}", "at least two members", "One alone cannot disagree."
            )
        self.shape, self.process, self.context, self.members = shape, process, context, members
        rng = generator(seed)
        sizes = [math.prod(shape) + 5 + (context[1] if context else 0), width, width, 1]
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for into, out in pairwise(sizes):
            scale = math.sqrt(2 / into)
            self.weights.append(nn.Parameter(scale * torch.randn(members, into, out, generator=rng)))
            self.biases.append(nn.Parameter(torch.zeros(members, 1, out)))
        self.register_buffer("centre", torch.zeros(()))
        self.register_buffer("unit", torch.ones(()))

    def forward(self, x: Tensor, t: Time, context: Mapping[str, Tensor]) -> Tensor:
        """Return what each member expects: (members, batch), in the unit of the rewards."""
        level = t.to(x).expand(x.shape[0])[:, None]
        waves = [level, *(wave(math.pi * k * level) for k in (1, 2) for wave in (torch.sin, torch.cos))]
        parts = [x.flatten(1), *waves]
        if self.context is not None:
            parts.append(context[self.context[0]].to(x).expand(x.shape[0], -1))
        hidden = torch.cat(parts, dim=1).expand(self.members, -1, -1)
        last = len(self.weights) - 1
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = torch.baddbmm(bias, hidden, weight)
            hidden = hidden if index == last else nn.functional.silu(hidden)
        return self.get_buffer("centre") + self.get_buffer("unit") * hidden[..., 0]

    def score(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Tensor:
        """Return the mean of the members, one value a sample; differentiable in `x`."""
        mean: Tensor = self(x, t, condition.context).mean(dim=0)
        return mean

    def disagreement(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Tensor:
        """Return the standard deviation between the members."""
        spread: Tensor = self(x, t, condition.context).std(dim=0)
        return spread

    def reward(self, condition: Condition[Tensor] | None = None, *, caution: float = 0.0) -> Reward:
        """Return the score of clean states as the `reward` of a `RewardGradient`.

        Args:
            condition: What the context is, where the ensemble reads one.
            caution: How many standard deviations of disagreement are taken off, so that a guide is not
                drawn to where nothing is known.
        """
        context = condition.context if condition is not None else EMPTY

        def judge(x: Tensor) -> Tensor:
            told: Tensor = self(x, torch.zeros(()), context)
            return told.mean(dim=0) - (caution * told.std(dim=0) if caution else 0.0)

        return judge

    def learning(
        self, data: Encoded, *, rng: Rng, steps: int = 400, batch: int = 128, rate: float = 3e-3
    ) -> Iterator[float]:
        """Learn from outcomes, yielding the loss of each step; may be called again when there is more data.

        Args:
            data: The outcomes; each counts as far as it is trusted.
            rng: Where resamples, batches and noise come from.
            steps: Optimiser steps.
            batch: Outcomes a step.
            rate: Peak learning rate of AdamW; falls as a cosine to 0.
        """
        total = data.trust.sum()
        if not bool(total > 0):
            raise InvalidConfigError("no trusted outcome", "at least one", "Give the sources some trust.")
        centre = (data.trust * data.rewards).sum() / total
        unit = ((data.trust * (data.rewards - centre) ** 2).sum() / total).sqrt().clamp(min=1e-6)
        self.get_buffer("centre").copy_(centre)
        self.get_buffer("unit").copy_(unit)
        share = torch.poisson(torch.ones(self.members, len(data)), generator=rng) * data.trust
        optimiser = torch.optim.AdamW(self.parameters(), lr=rate, weight_decay=1e-3)
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            index = torch.randint(len(data), (min(batch, 4 * len(data)),), generator=rng)
            rows = data[index]
            # half of the noise levels are 0, for that is where guides ask
            t = (2 * torch.rand(len(rows), generator=rng) - 1).clamp(min=0.0)
            noisy = rows.condition.pin(self.process.corrupt(rows.states, t, rng))
            error = ((self(noisy, t, rows.condition.context) - rows.rewards) / unit) ** 2
            loss = (share[:, index] * error).sum() / share[:, index].sum().clamp(min=1e-6)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            yield float(loss.detach())

    def fit(self, data: Encoded, *, rng: Rng, steps: int = 400) -> Mapping[str, float]:
        """Learn from outcomes and return `loss`, the mean over the last tenth, and `seconds`."""
        started = time.perf_counter()
        losses = list(self.learning(data, rng=rng, steps=steps))
        tail = losses[-max(1, steps // 10) :]
        return {"loss": sum(tail) / len(tail), "seconds": time.perf_counter() - started}
