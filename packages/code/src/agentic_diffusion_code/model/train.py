"""Trains the embedded model from a stream of rows; a run can be stopped, saved and taken up again."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import torch
from agentic_diffusion.compute import Compute, MemoryWatch, is_out_of_memory
from agentic_diffusion.denoising.nn.block import BlockTransformer
from agentic_diffusion.errors import BudgetError, InvalidConfigError
from torch import Tensor

from agentic_diffusion_code.model.muon import Muon
from agentic_diffusion_code.model.objective import surprise
from agentic_diffusion_code.model.rows import Batch, Noise, Piece, Row, noisy, packed

ROUND = 8


@final
@dataclass(frozen=True)
class Recipe:
    """How to train.

    Args:
        steps: Optimiser steps in all.
        rows: Rows of data in a step.
        learning_rate: Peak rate of AdamW, which moves embeddings and vectors; warms up, then falls linearly to 2 %.
        muon: Peak rate of Muon, which moves all other matrices; follows the same course.
        warmup: Steps of warm-up.
        weight_decay: Decoupled decay of what Muon moves.
        average: Decay of the moving average of the weights.
        blocks: Block sizes, one drawn for each step; 0 makes the whole program one block.
        early: Block sizes of the first steps. Small blocks are easier and cheaper to learn from, and what they teach
            serves the larger ones (Cheng et al. 2025 (SDAR), arXiv:2510.06303).
        early_share: Share of the steps that are first ones.
        length: Tokens of a packed row; 0 takes the longest piece of each step, best on a CPU.
        pool: Steps whose rows are drawn together and sorted by size.
        seed: Root of all randomness.
    """

    steps: int
    rows: int = 48
    learning_rate: float = 3e-3
    muon: float = 2e-2
    warmup: int = 100
    weight_decay: float = 0.05
    average: float = 0.998
    blocks: tuple[int, ...] = (4, 8, 16, 0)
    early: tuple[int, ...] = (1, 2, 4)
    early_share: float = 0.25
    length: int = 0
    pool: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        sized = bool(self.blocks) and bool(self.early) and 0 <= self.early_share <= 1
        if min(self.steps, self.rows, self.pool) < 1 or not sized or not 0 <= self.average < 1:
            raise InvalidConfigError(
                repr(self),
                "steps, rows, pool >= 1, block sizes, 0 <= average < 1, 0 <= early_share <= 1",
                "Correct the recipe.",
            )

    def course(self, step: int) -> float:
        """Return the share of the peak rates that the step with this number has, counted from 0."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        share = (step - self.warmup) / max(1, self.steps - self.warmup)
        return max(0.02, 1 - share)

    def sizes(self, step: int) -> tuple[int, ...]:
        """Return the block sizes that are drawn from at the step with this number."""
        return self.early if step < self.early_share * self.steps else self.blocks


@final
@dataclass(frozen=True)
class Progress:
    """What one optimiser step did.

    Args:
        step: Its number, counted from 1.
        loss: Mean surprise in nats.
        tokens: Tokens that the network read.
        asked: Tokens that were asked for.
        seconds: How long it took, data included.
        flops: Floating-point operations of the step, by the usual estimate.
        host: Largest resident size of the process so far, in bytes; 0 where the system does not say.
        device: Most bytes of tensors on the GPU since the run began; None without one.
    """

    step: int
    loss: float
    tokens: int
    asked: int
    seconds: float
    flops: float
    host: int = 0
    device: int | None = None


@final
@dataclass
class Run:
    """One training run.

    Args:
        network: The network to train, in place.
        noise: How programs are hidden and spoilt.
        recipe: How to train.
        compute: Device and precision, fp32 or bf16: gradients are not scaled, as fp16 would need.

    Raises:
        InvalidConfigError: The precision is fp16.
    """

    network: BlockTransformer
    noise: Noise
    recipe: Recipe
    compute: Compute = field(default_factory=Compute)

    def __post_init__(self) -> None:
        trainable(self.compute)
        self.compute.place(self.network)
        self.step = 0
        self.rng = np.random.default_rng(self.recipe.seed)
        embed = self.network.embed.weight
        matrices = [p for p in self.network.parameters() if p.ndim == 2 and p is not embed]
        others = [p for p in self.network.parameters() if p.ndim != 2 or p is embed]
        rate, decay = self.recipe.learning_rate, self.recipe.weight_decay
        adam = torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
        muon = Muon(matrices, lr=self.recipe.muon, weight_decay=decay)
        self.optimisers: dict[str, torch.optim.Optimizer] = {"adam": adam, "muon": muon}
        self.peaks = {"adam": rate, "muon": self.recipe.muon}
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self._ready: list[Batch] = []
        self._memory = MemoryWatch(self.compute.where)

    def begin(self, weights: Mapping[str, Tensor]) -> None:
        """Begin with these weights instead of with chance."""
        self.network.load_state_dict(dict(weights))
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}

    def run(self, rows: Iterator[Row]) -> Iterator[Progress]:
        """Train to the end of the recipe, yielding after each step; rows are drawn as they are needed.

        Raises:
            BudgetError: There is not enough memory for one step.
        """
        self.network.train()
        self._memory = MemoryWatch(self.compute.where)
        while self.step < self.recipe.steps:
            started = time.perf_counter()
            if not self._ready:
                self._ready = self.batches(rows)
            yield self._within_memory(self._ready.pop(), started)

    def _within_memory(self, batch: Batch, started: float) -> Progress:
        try:
            return self._one(batch, started)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise BudgetError(
                f"out of memory in step {self.step + 1}",
                f"room for {self.recipe.rows} rows, their gradient and the optimisers' moments",
                "Use fewer rows, shorter programs or bf16; then go on from the last checkpoint.",
            ) from error

    def batches(self, rows: Iterator[Row]) -> list[Batch]:
        """Draw the batches of the next few steps, in random order."""
        recipe, sizes = self.recipe, self.rng.choice(self.recipe.sizes(self.step), self.recipe.pool)
        drawn = sorted((next(rows) for _ in range(recipe.rows * recipe.pool)), key=lambda row: len(row.code))
        made = []
        for index, size in enumerate(sizes):
            some = drawn[index * recipe.rows : (index + 1) * recipe.rows]
            made.append(self._laid([noisy(row, self.noise, size=int(size), rng=self.rng) for row in some]))
        return [made[index] for index in self.rng.permutation(len(made))]

    def _laid(self, pieces: list[Piece]) -> Batch:
        longest = -(-max(map(len, pieces)) // ROUND) * ROUND
        return packed(pieces, length=max(self.recipe.length, longest), pad=self.noise.pad)

    def _one(self, batch: Batch, started: float) -> Progress:
        for name, optimiser in self.optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = self.peaks[name] * self.recipe.course(self.step)
        batch = self.compute.send(batch)
        self.network.zero_grad(set_to_none=True)
        with self.compute.autocast():
            loss = surprise(self.network, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if math.isfinite(float(norm)):
            for optimiser in self.optimisers.values():
                optimiser.step()
            self._follow()
        self.step += 1
        asked = int((batch.weight > 0).sum())
        tokens = int((batch.row >= 0).sum())
        flops = 6.0 * (batch.tokens.numel() * self._trunk() + asked * self._head())
        peak, told = self._memory.peak(), float(loss.detach())
        seconds = time.perf_counter() - started
        return Progress(self.step, told, tokens, asked, seconds, flops, peak.host, peak.device)

    def _trunk(self) -> int:
        return sum(p.numel() for p in self.network.layers.parameters())

    def _head(self) -> int:
        return self.network.embed.weight.numel()

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        for name, value in self.network.state_dict().items():
            self.average[name].lerp_(value.float(), 1 - decay)

    def averaged(self) -> dict[str, Tensor]:
        """Return the averaged weights, the ones to write programs with."""
        return {name: value.detach().cpu().clone() for name, value in self.average.items()}

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything needed to go on later: tensors and plain facts."""
        tensors = {f"weights/{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"average/{k}": v for k, v in self.average.items()}
        for kind, optimiser in self.optimisers.items():
            for index, slots in optimiser.state_dict()["state"].items():
                tensors |= {f"{kind}/{index}/{k}": torch.as_tensor(slot) for k, slot in slots.items()}
        facts = {"step": self.step, "rng": json.dumps(self.rng.bit_generator.state)}
        return {name: value.detach().cpu().clone() for name, value in tensors.items()}, facts

    def resume(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Take the run up where `state` left it.

        Raises:
            InvalidConfigError: The tensors belong to another network.
        """
        weights = _under(tensors, "weights/")
        ours = {name: value.shape for name, value in self.network.state_dict().items()}
        if {name: value.shape for name, value in weights.items()} != ours:
            raise InvalidConfigError(
                f"a run with {len(weights)} weights of other sizes",
                "a run of this network",
                "Resume with the sizes that the run was started with.",
            )
        self.network.load_state_dict(weights)
        self.average = {k: v.to(self.compute.where) for k, v in _under(tensors, "average/").items()}
        for kind, optimiser in self.optimisers.items():
            slots: dict[int, dict[str, Tensor]] = {}
            for name, value in _under(tensors, f"{kind}/").items():
                index, key = name.split("/", 1)
                slots.setdefault(int(index), {})[key] = value
            groups = optimiser.state_dict()["param_groups"]
            optimiser.load_state_dict({"state": slots, "param_groups": groups})
        self.rng.bit_generator.state = json.loads(facts["rng"])
        self.step = int(facts["step"])


def trainable(compute: Compute) -> None:
    """Refuse what the code model cannot be trained with.

    Raises:
        InvalidConfigError: The precision is fp16.
    """
    if compute.precision == "fp16":
        raise InvalidConfigError(
            "precision='fp16' to train a code model",
            "fp32 or bf16",
            "Its gradients are not scaled, and small ones would be lost in fp16; a GPU that has fp16 has bf16 or fp32.",
        )


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
