"""Baselines of the same run: the plan of the nearest request, and a linear model with an order of tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import final

import torch
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.denoiser import MaskedNet
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.state import Condition, Time, generator
from agentic_diffusion.denoising.train import TrainStep
from agentic_diffusion.planning.domains.toolplan.order import Beginnings
from agentic_diffusion.planning.domains.toolplan.text import Lexical
from agentic_diffusion.planning.domains.toolplan.training import ToolTraining
from torch import Tensor, nn

from agentic_diffusion_worlds.ultratool.data import Example

Tools = tuple[str, ...]


def nearest_plans(train: Sequence[Example], test: Sequence[Example]) -> list[Tools]:
    """Return for each test request the plan of the training request with the nearest text."""
    encode = Lexical().fit([request.goal for request, _ in train])
    known = encode([request.goal for request, _ in train])
    near = (encode([request.goal for request, _ in test]) @ known.T).argmax(dim=1)
    return [train[index][1].tools for index in near.tolist()]


@final
@dataclass(frozen=True)
class Logistic:
    """One logistic regression for each tool; tools above one half, put in the order that training plans had.

    Args:
        encode: Turns texts into rows.
        names: The tools.
        weights: (size, tools).
        offset: One a tool.
        links: Pairs that may stand next to each other.
        follows: How often one tool stood right before another.
    """

    encode: Lexical
    names: Tools
    weights: Tensor
    offset: Tensor
    links: frozenset[tuple[str, str]]
    follows: Counter[tuple[str, str]]

    def __call__(self, goals: Sequence[str]) -> list[Tools]:
        """Return one plan a goal."""
        chances = (self.encode(goals) @ self.weights + self.offset).sigmoid()
        plans = []
        for row in chances:
            likely = [index for index in row.argsort(descending=True)[:5].tolist() if row[index] > 0.5]
            picked = likely or [int(row.argmax())]
            plans.append(self._order([self.names[index] for index in picked]))
        return plans

    def _order(self, tools: Sequence[str]) -> Tools:
        def worth(path: Tools) -> float:
            return sum(self.follows[pair] + 0.5 * (pair in self.links) for pair in pairwise(path))

        return max(permutations(tools), key=worth)


def fit_logistic(
    train: Sequence[Example],
    names: Sequence[str],
    *,
    links: Sequence[tuple[str, str]],
    epochs: int = 15,
    seed: int = 0,
) -> Logistic:
    """Return the linear baseline, by AdamW on mini-batches with a falling rate.

    Args:
        train: Examples.
        names: The tools.
        links: Pairs that may stand next to each other.
        epochs: Passes over the examples.
        seed: Order of the examples.
    """
    encode = Lexical().fit([request.goal for request, _ in train])
    rows = encode([request.goal for request, _ in train])
    truth = torch.zeros(len(train), len(names))
    place = {name: index for index, name in enumerate(names)}
    for row, (_, plan) in zip(truth, train, strict=True):
        row[[place[name] for name in plan.tools]] = 1.0
    weights = torch.zeros(rows.shape[1], len(names), requires_grad=True)
    offset = torch.full((len(names),), -4.0, requires_grad=True)
    optimiser = torch.optim.AdamW([weights, offset], lr=0.1, weight_decay=0.0)
    rng, batch = generator(seed), 128
    total = epochs * -(-len(rows) // batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, total)
    for _ in range(epochs):
        for index in torch.randperm(len(rows), generator=rng).split(batch):  # type: ignore[no-untyped-call]
            logits = rows[index] @ weights + offset
            loss = nn.functional.binary_cross_entropy_with_logits(logits, truth[index], reduction="sum")
            optimiser.zero_grad(set_to_none=True)
            (loss / len(index)).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    follows = Counter(pair for _, plan in train for pair in pairwise(plan.tools))
    told = weights.detach(), offset.detach()
    return Logistic(encode, tuple(names), *told, frozenset(links), follows)


@final
class NextOnly(nn.Module):
    """A denoiser that is asked about the first hidden slot alone: next-token prediction.

    Args:
        denoiser: The same network that the diffusion model has.
    """

    def __init__(self, denoiser: MaskedNet) -> None:
        super().__init__()
        self.denoiser = denoiser

    def forward(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Categorical:
        """Return the belief about the first hidden slot."""
        belief: Categorical = self.denoiser(x, t, condition)
        first = belief.hidden & (belief.hidden.long().cumsum(dim=1) == 1)
        return Categorical(belief.logits, first, torch.ones(()))


def train_autoregressive(training: ToolTraining, process: MaskedProcess) -> Iterator[TrainStep]:
    """Train the networks of `training` to say the next tool, on the same features, batches and recipe."""
    yield from training.run(learn=NextOnly, noise=Beginnings(process, share=1.0))
