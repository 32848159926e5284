"""Training makes a belief less surprised by the truth: a generator of steps, with a moving average."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import torch
from torch import Tensor, nn

from agentic_diffusion.compute import Compute, MemoryWatch, is_out_of_memory
from agentic_diffusion.compute.distributed import ALONE, Cuts, Piece, Shards, Team, cuts
from agentic_diffusion.denoising.denoiser import loss
from agentic_diffusion.denoising.process import Process
from agentic_diffusion.denoising.state import Condition, Rng
from agentic_diffusion.errors import BudgetError, InvalidConfigError

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
    """What one optimiser step did.

    Args:
        step: Its number, counted from 1.
        loss: Mean surprise of the batch.
        gradient_norm: Norm of the gradient before it was clipped.
        learning_rate: The rate of the step.
        seconds: How long it took, data included.
        skipped: Whether it was left out, for a loss or gradient that is no finite number.
        host: Largest resident size of the process so far, in bytes; 0 where the system does not say.
        device: Most bytes of tensors on the GPU since the run began; None without one.
    """

    step: int
    loss: float
    gradient_norm: float
    learning_rate: float
    seconds: float
    skipped: bool = False
    host: int = 0
    device: int | None = None


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
        team: The processes that train together; each of them must make the same run and take the same steps.
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
        team: Team = ALONE,
    ) -> None:
        self.compute = compute or Compute()
        self._memory = MemoryWatch(self.compute.where)
        # a network that will be divided is placed after that, not before
        self.denoiser = self.compute.ready(denoiser) if team.splits_weights else self.compute.place(denoiser)
        self.team, self.shards = team, Shards(self.denoiser, team, where=self.compute.where)
        self.process = process
        self.draw = draw
        self.recipe = recipe
        self.rng = rng
        self.step = 0
        self.optimiser = torch.optim.AdamW(
            self.shards.groups(),
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        self.scaler = torch.amp.GradScaler(self.compute.kind, enabled=self.compute.precision == "fp16")
        self.average = {name: value.detach().clone() for name, value in self.denoiser.state_dict().items()}

    def run(self) -> Iterator[TrainStep]:
        """Train to the end of the recipe, yielding after each optimiser step.

        Raises:
            WorkerError: Another process of the team is gone.
            InvalidConfigError: The processes of the team are not at the same step.
            BudgetError: There is not enough memory for one step.
        """
        self.team.agree(self.step, about="the step they are at")
        self.denoiser.train()
        while self.step < self.recipe.steps:
            with self.team.watching(f"step {self.step + 1}"):
                told = self._within_memory()
            yield told

    def _within_memory(self) -> TrainStep:
        try:
            return self._one()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise BudgetError(
                f"out of memory in step {self.step + 1}",
                "room for one batch, its gradient and the optimiser's moments",
                "Go on from the last checkpoint with recompute, bf16, or fsdp over several processes. A smaller batch "
                "with a larger `accumulate` is another run: begin it in another folder.",
            ) from error

    def _one(self) -> TrainStep:
        started = time.perf_counter()
        rate = self.recipe.rate(self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        total = 0.0
        for batch in range(1, self.recipe.accumulate + 1):
            with self.shards.syncing(last=batch == self.recipe.accumulate):
                surprise = self._surprise() / self.recipe.accumulate
                self.scaler.scale(surprise).backward()  # type: ignore[no-untyped-call]
            total += float(surprise.detach())
        total = self.team.mean(total)
        self.scaler.unscale_(self.optimiser)
        norm = self.shards.clip(self.recipe.clip)
        skipped = not (math.isfinite(total) and math.isfinite(norm))
        if skipped:
            log.warning("step %d skipped: loss %s, gradient norm %s", self.step + 1, total, norm)
        else:
            self.scaler.step(self.optimiser)
            self._follow()
        self.scaler.update()
        self.step += 1
        seconds, peak = time.perf_counter() - started, self._memory.peak()
        return TrainStep(self.step, total, norm, rate, seconds, skipped, peak.host, peak.device)

    def _surprise(self) -> Tensor:
        clean, condition = self.draw(self.rng)
        count = clean.shape[0]
        if self.recipe.strata:
            t = (torch.rand(1, generator=self.rng) + torch.arange(count) / count) % 1.0
        else:
            t = torch.rand(count, generator=self.rng)
        clean, condition, t = self.compute.send((clean, condition, t))
        rows = self.team.rows(count) if self.team.splits_rows else None
        with self.compute.autocast():
            values = loss(self.process, self.shards, clean, t=t, condition=condition, rng=self.rng, rows=rows)
        return self.team.weighted(values, count)

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        for name, value in self.denoiser.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)

    def averaged(self, *, everywhere: bool = True) -> dict[str, Tensor]:
        """Return the averaged weights, the ones to plan with, whole; in a team all must ask.

        Args:
            everywhere: Whether every process is given them; else the one that leads is, and the others hold no more
                than one weight at a time.
        """
        ask = self.shards.whole if everywhere else self.shards.whole_for_leader
        with self.team.watching("the averaged weights"):
            told = {name: ask(name, value) for name, value in self.average.items()}
        return {name: value for name, value in told.items() if value is not None}

    def state(self) -> dict[str, Tensor]:
        """Return everything needed to go on later, as named tensors (see `store.save`).

        In a team all must ask. The one that leads is given whole tensors, with which a team of another size or
        strategy, or one process, can go on; the others are given nothing, and hold no more than one weight at a time.
        """
        with self.team.watching("the checkpoint"):
            told = {path: self.shards.whole_for_leader(name, value) for path, name, value in self._held()}
        return {path: value for path, value in told.items() if value is not None}

    def pieces(self) -> list[Piece]:
        """Return this process's part of everything needed to go on later (see `store.save_shards`).

        Together the parts of all processes are what `state` gathers, and are resumed like it. Nothing is sent or
        copied: the pieces are the run's own tensors, to be written before its next step.
        """
        return self.shards.dealt(self._held())

    def _held(self) -> Iterator[tuple[str, str, Tensor]]:
        """Yield what makes up the run: what it is called on disk, the weight it belongs to, and the tensor."""
        for name, value in self.denoiser.state_dict().items():
            yield f"weights/{name}", name, value
        for name, value in self.average.items():
            yield f"average/{name}", name, value
        for index, (name, parameter) in enumerate(self.denoiser.named_parameters()):
            # in the same order in all processes of a team, whatever the order in the file that was resumed
            for key, value in sorted(self.optimiser.state.get(parameter, {}).items()):
                yield f"optimiser/{index}/{key}", name if value.ndim else "", torch.as_tensor(value)
        yield "rng", "", self.rng.get_state()
        yield "step", "", torch.tensor(self.step)
        if self.scaler.is_enabled():
            scale = self.scaler.state_dict()
            values = [scale["scale"], scale["_growth_tracker"]]
            yield "scale", "", torch.tensor(values, dtype=torch.float64)

    def resume(self, tensors: Mapping[str, Any] | Cuts) -> None:
        """Take the run up where `state` or `pieces` left it, in a team of any size.

        Args:
            tensors: What was read, such as `store.load(folder).tensors`; of `store.opened(folder)` each process reads
                no more than its part.

        Raises:
            InvalidConfigError: The tensors belong to another network.
            BudgetError: There is not enough memory to read them.
        """
        try:
            self._taken_up(tensors)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise BudgetError(
                "out of memory in step 0, the reading of the checkpoint",
                "room for weights, average and the optimiser's moments",
                "Free memory, or divide them by fsdp over several processes; the checkpoint is untouched.",
            ) from error

    def _taken_up(self, tensors: Mapping[str, Any] | Cuts) -> None:
        source, held = cuts(tensors), self.denoiser.state_dict()
        saved = [path for path in source if path.startswith("weights/")]
        shapes = {path.removeprefix("weights/"): tuple(source.shape(path)) for path in saved}
        if shapes != {name: tuple(value.shape) for name, value in held.items()}:
            raise InvalidConfigError(
                f"a run with {len(shapes)} weights",
                f"a run of this network with {len(held)} weights",
                "Resume with the network, in name and size, that the run was started with.",
            )
        part = self.shards.part
        self.shards.load(source, "weights/")
        self.average = {
            name: part(name, source, f"average/{name}", like=value) for name, value in held.items()
        }
        names = list(self.denoiser.named_parameters())
        for path in source:
            if path.startswith("optimiser/"):
                _, index, key = path.split("/", 2)
                name, parameter = names[int(index)]
                like = parameter if source.shape(path) else torch.empty((), device=parameter.device)
                self.optimiser.state[parameter][key] = part(name, source, path, like=like)
        self.rng.set_state(_all(source, "rng").to(torch.uint8))
        self.step = int(_all(source, "step"))
        if self.scaler.is_enabled() and "scale" in source:
            scale, tracker = _all(source, "scale").tolist()
            told = {"scale": scale, "_growth_tracker": int(tracker)}
            self.scaler.load_state_dict({**self.scaler.state_dict(), **told})


def _all(source: Cuts, path: str) -> Tensor:
    shape = source.shape(path)
    return source.cut(path, (0,) * len(shape), shape).clone()


def fit(
    denoiser: nn.Module,
    process: Process[Tensor, Any],
    *,
    draw: Draw,
    recipe: Recipe,
    rng: Rng,
    compute: Compute | None = None,
    team: Team = ALONE,
) -> Iterator[TrainStep]:
    """Train `denoiser` in place and leave it with the averaged weights; yields after each step.

    In a team whose strategy divides the weights a copy is divided and trained, and `denoiser` itself stays whole.
    """
    student = deepcopy(denoiser) if team.splits_weights else denoiser
    training = Training(student, process, draw=draw, recipe=recipe, rng=rng, compute=compute, team=team)
    yield from training.run()
    denoiser.load_state_dict(training.averaged())
    denoiser.eval()
