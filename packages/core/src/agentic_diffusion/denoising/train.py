"""Training makes a belief less surprised by the truth: a generator of steps, with a moving average."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import torch
from torch import Tensor, nn

from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.denoiser import loss
from agentic_diffusion.denoising.process import Process
from agentic_diffusion.denoising.state import Condition, Rng
from agentic_diffusion.errors import InvalidConfigError

log = logging.getLogger(__name__)

Draw: TypeAlias = Callable[[Rng], tuple[Tensor, Condition[Tensor]]]
"""Draws a batch of truth and what is pinned in it."""


@final
@dataclass(frozen=True)
class Recipe:
    """How to train.

    Args:
        steps: Optimiser steps in all.
        learning_rate: Peak rate of AdamW; warms up linearly, then falls as a cosine to a tenth.
        warmup: Steps of warm-up.
        weight_decay: AdamW's decoupled decay.
        clip: Largest norm of the gradient.
        accumulate: Batches whose gradients are averaged into one step.
        average: Decay of the moving average of the weights (EMA); the average warms up with the steps.
        strata: Whether noise levels of a batch are spread evenly, which lowers the variance of the loss.
    """

    steps: int
    learning_rate: float = 3e-4
    warmup: int = 200
    weight_decay: float = 1e-5
    clip: float = 1.0
    accumulate: int = 1
    average: float = 0.9999
    strata: bool = True

    def __post_init__(self) -> None:
        positive = min(self.steps, self.accumulate) >= 1 and min(self.learning_rate, self.clip) > 0
        if not positive or not 0 <= self.average < 1 or self.warmup < 0:
            raise InvalidConfigError(
                repr(self),
                "steps, accumulate >= 1; learning_rate, clip > 0; 0 <= average < 1; warmup >= 0",
                "Correct the recipe; Recipe(steps=10_000) is a fair start.",
            )

    def rate(self, step: int) -> float:
        """Return the learning rate of the step with this number, counted from 0."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        share = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.learning_rate * (0.1 + 0.45 * (1 + math.cos(math.pi * min(share, 1.0))))


@final
@dataclass(frozen=True)
class TrainStep:
    """What one optimiser step did."""

    step: int
    loss: float
    gradient_norm: float
    learning_rate: float
    seconds: float
    skipped: bool = False


@final
class Training:
    """A training run that can be stopped, saved and taken up again with the same result.

    Args:
        denoiser: The module to train, in place.
        process: The space it learns in.
        draw: Draws the batches.
        recipe: How to train.
        rng: Where batches and noise come from; its state is part of the run.
        compute: Device and precision.
    """

    def __init__(
        self,
        denoiser: nn.Module,
        process: Process[Tensor, Any],
        *,
        draw: Draw,
        recipe: Recipe,
        rng: Rng,
        compute: Compute | None = None,
    ) -> None:
        self.compute = compute or Compute()
        self.denoiser = self.compute.place(denoiser)
        self.process = process
        self.draw = draw
        self.recipe = recipe
        self.rng = rng
        self.step = 0
        self.optimiser = torch.optim.AdamW(
            self.denoiser.parameters(),
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        self.scaler = torch.amp.GradScaler(self.compute.kind, enabled=self.compute.precision == "fp16")
        self.average = {name: value.detach().clone() for name, value in self.denoiser.state_dict().items()}

    def run(self) -> Iterator[TrainStep]:
        """Train to the end of the recipe, yielding after each optimiser step."""
        self.denoiser.train()
        while self.step < self.recipe.steps:
            yield self._one()

    def _one(self) -> TrainStep:
        started = time.perf_counter()
        rate = self.recipe.rate(self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        total = 0.0
        for _ in range(self.recipe.accumulate):
            surprise = self._surprise() / self.recipe.accumulate
            self.scaler.scale(surprise).backward()  # type: ignore[no-untyped-call]
            total += float(surprise.detach())
        self.scaler.unscale_(self.optimiser)
        norm = float(nn.utils.clip_grad_norm_(self.denoiser.parameters(), self.recipe.clip))
        skipped = not (math.isfinite(total) and math.isfinite(norm))
        if skipped:
            log.warning("step %d skipped: loss %s, gradient norm %s", self.step + 1, total, norm)
        else:
            self.scaler.step(self.optimiser)
            self._follow()
        self.scaler.update()
        self.step += 1
        seconds = time.perf_counter() - started
        return TrainStep(self.step, total, norm, rate, seconds, skipped)

    def _surprise(self) -> Tensor:
        clean, condition = self.draw(self.rng)
        count = clean.shape[0]
        if self.recipe.strata:
            t = (torch.rand(1, generator=self.rng) + torch.arange(count) / count) % 1.0
        else:
            t = torch.rand(count, generator=self.rng)
        clean, condition, t = self.compute.send((clean, condition, t))
        with self.compute.autocast():
            values = loss(self.process, self.denoiser, clean, t=t, condition=condition, rng=self.rng)
        return values.mean()

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        for name, value in self.denoiser.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)

    def averaged(self) -> dict[str, Tensor]:
        """Return the averaged weights, the ones to plan with."""
        return {name: value.detach().clone() for name, value in self.average.items()}

    def state(self) -> dict[str, Tensor]:
        """Return everything needed to go on later, as named tensors (see `store.save`)."""
        tensors = {f"weights/{k}": v for k, v in self.denoiser.state_dict().items()}
        tensors |= {f"average/{k}": v for k, v in self.average.items()}
        for index, slots in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser/{index}/{k}": torch.as_tensor(v) for k, v in slots.items()}
        tensors["rng"] = self.rng.get_state()
        tensors["step"] = torch.tensor(self.step)
        if self.scaler.is_enabled():
            scale = self.scaler.state_dict()
            tensors["scale"] = torch.tensor([scale["scale"], scale["_growth_tracker"]], dtype=torch.float64)
        return {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}

    def resume(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the run up where `state` left it.

        Raises:
            InvalidConfigError: The tensors belong to another network.
        """
        weights = _under(tensors, "weights/")
        if _shapes(weights) != _shapes(self.denoiser.state_dict()):
            raise InvalidConfigError(
                f"a run with {len(weights)} weights",
                f"a run of this network with {len(self.denoiser.state_dict())} weights",
                "Resume with the network, in name and size, that the run was started with.",
            )
        self.denoiser.load_state_dict(weights)
        self.average = dict(self.compute.send(_under(tensors, "average/")))
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in _under(tensors, "optimiser/").items():
            index, key = name.split("/", 1)
            slots.setdefault(int(index), {})[key] = value
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": slots, "param_groups": groups})
        self.rng.set_state(tensors["rng"].to(torch.uint8))
        self.step = int(tensors["step"])
        if self.scaler.is_enabled() and "scale" in tensors:
            scale, tracker = tensors["scale"].tolist()
            told = {"scale": scale, "_growth_tracker": int(tracker)}
            self.scaler.load_state_dict({**self.scaler.state_dict(), **told})


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in tensors.items()}


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def fit(
    denoiser: nn.Module,
    process: Process[Tensor, Any],
    *,
    draw: Draw,
    recipe: Recipe,
    rng: Rng,
    compute: Compute | None = None,
) -> Iterator[TrainStep]:
    """Train `denoiser` in place and leave it with the averaged weights; yields after each step."""
    training = Training(denoiser, process, draw=draw, recipe=recipe, rng=rng, compute=compute)
    yield from training.run()
    training.denoiser.load_state_dict(training.averaged())
    training.denoiser.eval()
