"""Learning from pairs: a program that passed becomes likelier than one that failed for the same request."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from typing import final

import numpy as np
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.nn.block import BlockTransformer
from agentic_diffusion.errors import InvalidConfigError
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from agentic_diffusion_code.model.objective import surprise
from agentic_diffusion_code.model.rows import IGNORE, Batch, Noise, Piece, Row, noisy, packed
from agentic_diffusion_code.model.train import trainable


@final
@dataclass(frozen=True)
class Pair:
    """Two programs for one request.

    Args:
        passed: The one that passed.
        failed: The one that failed.
    """

    passed: Row
    failed: Row


@final
@dataclass(frozen=True)
class Drill:
    """How to learn from pairs.

    Args:
        steps: Optimiser steps.
        pairs: Pairs in a step.
        rows: Rows in a step that are learned as in training: programs that passed, and old ones.
        old: Share of these rows that are old, so that what was known is not forgotten.
        learning_rate: Peak rate of AdamW; a tenth of the first training or less.
        beta: How far the network may move from where it began for a pair; 0 learns from what passed alone.
        draws: Noisy copies of each program of a pair; both programs are hidden alike where they are of one length.
        blocks: Block sizes, one drawn for each step; 0 makes the whole program one block.
        seed: Root of all randomness.
    """

    steps: int = 100
    pairs: int = 8
    rows: int = 16
    old: float = 0.5
    learning_rate: float = 3e-4
    beta: float = 0.1
    draws: int = 2
    blocks: tuple[int, ...] = (16, 0)
    seed: int = 0

    def __post_init__(self) -> None:
        counts = min(self.steps, self.pairs, self.rows, self.draws)
        if counts < 1 or not 0 <= self.old < 1 or self.beta < 0 or not self.blocks or self.learning_rate <= 0:
            raise InvalidConfigError(
                repr(self),
                "steps, pairs, rows, draws >= 1, 0 <= old < 1, beta >= 0, learning_rate > 0, a block size",
                "The defaults are a fair start.",
            )


@final
@dataclass(frozen=True)
class Moved:
    """What one step of learning from pairs did.

    Args:
        step: Its number, counted from 1.
        surprise: Mean surprise at what passed and at old rows, in nats.
        preference: The loss of the pairs, in nats; log 2 where the network has no opinion.
        margin: How much likelier the passed program became than the failed one, in nats, since the beginning.
    """

    step: int
    surprise: float
    preference: float
    margin: float


def likelihood(network: BlockTransformer, pieces: Sequence[Piece], *, pad: int) -> Float[Tensor, " pieces"]:
    """Return an estimate of the log-likelihood bound of each program, in nats.

    Each token is asked for once, by the copy that hides it: Σ log p(token | what its copy shows). Its mean over noise
    is the any-order bound of masked diffusion (Zhu et al. 2025 (LLaDA 1.5), arXiv:2505.19223, eq. 4).

    Args:
        network: The network.
        pieces: Programs with their noisy copies.
        pad: Fills rows; padding of programs does not count.
    """
    longest = max(map(len, pieces))
    laid = [packed([piece], length=longest, pad=pad) for piece in pieces]
    batch = Batch(*(torch.cat([getattr(one, each.name) for one in laid]) for each in fields(Batch)))
    batch = _sent(batch, network)
    hidden, _ = network(batch.tokens, batch.position, batch.mask(), before=batch.before)
    asked = (batch.target != IGNORE) & (batch.target != pad)
    logits = network.logits(hidden[asked]).float()
    told = -functional.cross_entropy(logits, batch.target[asked], reduction="none")
    row = torch.arange(len(pieces), device=told.device)[:, None].expand_as(asked)[asked]
    return torch.zeros(len(pieces), device=told.device).index_add(0, row, told)


def _sent(batch: Batch, network: BlockTransformer) -> Batch:
    device = network.embed.weight.device
    return Batch(*(getattr(batch, each.name).to(device) for each in fields(Batch)))


def preference(
    network: BlockTransformer,
    reference: BlockTransformer,
    pairs: Sequence[Pair],
    *,
    noise: Noise,
    drill: Drill,
    rng: np.random.Generator,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Return the loss of some pairs and the mean margin, both in nats.

    -log σ(β [(B(passed) - B₀(passed)) - (B(failed) - B₀(failed))]), with the same noise for the network and for where
    it began (the antithetic sampling of VRPO, arXiv:2505.19223, sec. 3.3), which takes most of the variance away.
    """
    exact = Noise(noise.pad, noise.mask, span_share=0.0, wrong_share=0.0)
    size = int(rng.choice(drill.blocks))
    sides: list[list[Piece]] = [[], []]
    for pair in pairs:
        for _ in range(drill.draws):
            seed = int(rng.integers(1 << 62))
            for side, row in zip(sides, (pair.passed, pair.failed), strict=True):
                side.append(noisy(row, exact, size=size, rng=np.random.default_rng(seed)))
    pieces = [*sides[0], *sides[1]]
    now = likelihood(network, pieces, pad=noise.pad)
    with torch.no_grad():
        then = likelihood(reference, pieces, pad=noise.pad)
    moved = (now - then).view(2, len(pairs), drill.draws).mean(-1)
    margin = moved[0] - moved[1]
    return -functional.logsigmoid(drill.beta * margin).mean(), margin.detach().mean()


def drilled(
    network: BlockTransformer,
    pairs: Sequence[Pair],
    passed: Sequence[Row],
    *,
    noise: Noise,
    drill: Drill,
    old: Iterator[Row] | None = None,
    compute: Compute | None = None,
    only: Collection[int] = (),
) -> Iterator[tuple[Moved, BlockTransformer]]:
    """Train a copy of a network on what passed, on pairs and on old rows; yield it after each step.

    What passed is learned as in training (rejection fine-tuning); pairs add the loss of `preference`.

    Args:
        network: Where to begin; it stays as it is.
        pairs: What was preferred; may be empty.
        passed: Programs that passed.
        noise: As in training.
        drill: How to learn.
        old: Rows that the network was trained on, without end.
        compute: Device and precision.
        only: Tokens whose embeddings alone are moved; the whole network where empty.

    Raises:
        InvalidConfigError: There is nothing to learn from, or the precision is fp16.
    """
    if not passed:
        raise InvalidConfigError("no program that passed", "at least one", "Report outcomes first.")
    device = compute or Compute()
    trainable(device)
    student = deepcopy(network).requires_grad_(True).train()
    device.place(student)
    reference = deepcopy(student).requires_grad_(False).eval()
    moving = _moving(student, only)
    decay = 0.0 if only else 0.01
    optimiser = torch.optim.AdamW(moving, lr=drill.learning_rate, betas=(0.9, 0.98), weight_decay=decay)
    rng = np.random.default_rng(drill.seed)
    for step in range(drill.steps):
        for group in optimiser.param_groups:
            group["lr"] = drill.learning_rate * max(0.05, 1 - step / drill.steps)
        optimiser.zero_grad(set_to_none=True)
        rows = _drawn(passed, old, drill, rng)
        size = int(rng.choice(drill.blocks))
        pieces = [noisy(row, noise, size=size, rng=rng) for row in rows]
        batch = device.send(packed(pieces, length=max(map(len, pieces)), pad=noise.pad))
        with device.autocast():
            told = surprise(student, batch)
            loss, margin, opinion = told, 0.0, math.log(2)
            if pairs and drill.beta > 0:
                some = [pairs[int(i)] for i in rng.integers(len(pairs), size=drill.pairs)]
                said, gap = preference(student, reference, some, noise=noise, drill=drill, rng=rng)
                loss, margin, opinion = told + said, float(gap), float(said.detach())
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(moving, 1.0)
        if math.isfinite(float(norm)):
            optimiser.step()
        yield Moved(step + 1, float(told.detach()), opinion, margin), student


def _moving(student: BlockTransformer, only: Collection[int]) -> list[Tensor]:
    """Return what is trained; of the embeddings of some tokens the gradients of all others are taken away."""
    if not only:
        return list(student.parameters())
    table = student.requires_grad_(False).embed.weight
    table.requires_grad_(True)
    kept = torch.zeros_like(table[:, :1])
    kept[sorted(only)] = 1.0
    table.register_hook(lambda grad: grad * kept)  # type: ignore[no-untyped-call]
    return [table]


def _drawn(
    passed: Sequence[Row], old: Iterator[Row] | None, drill: Drill, rng: np.random.Generator
) -> list[Row]:
    count = 0 if old is None else round(drill.rows * drill.old)
    fresh = [passed[int(i)] for i in rng.integers(len(passed), size=drill.rows - count)]
    return fresh if old is None else [*fresh, *(next(old) for _ in range(count))]
