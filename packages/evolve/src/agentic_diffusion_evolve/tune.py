"""Tuning: from a planner and a memory to a new planner; the old one is left as it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar, final

import numpy as np
import torch
from agentic_diffusion.denoising.state import Condition, Rng, generator
from agentic_diffusion.denoising.train import Recipe, fit
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.records import Outcome
from torch import Tensor, nn

from agentic_diffusion_evolve.encoded import Encoded, encode
from agentic_diffusion_evolve.memory import Memory, task_key

Q = TypeVar("Q")
V = TypeVar("V")

Tuner: TypeAlias = Callable[[Planner[Q, Tensor, Any, V], Memory[Q, V]], Planner[Q, Tensor, Any, V]]
"""From the old planner and what came of plans to a new planner."""


def best_share(outcomes: Sequence[Outcome[Q, V]], share: float) -> list[Outcome[Q, V]]:
    """Return the best `share` of each task, at least one; what is not trusted is left out."""
    tasks: dict[str, list[Outcome[Q, V]]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.trust > 0:
            tasks[task_key(outcome.request)].append(outcome)
    kept = []
    for group in tasks.values():
        level = float(np.quantile([o.reward for o in group], 1 - share))
        kept += [o for o in group if o.reward >= level]
    return kept


@final
@dataclass(frozen=True)
class FineTune:
    """Trains a copy of the denoiser on the best outcomes and on old data, half and half.

    Old data keep what was known from being forgotten; the return quantile is taken within each task, so that easy
    tasks do not crowd out hard ones (AdaptDiffuser, arXiv:2302.01877, uses one threshold for all). The new weights
    are the moving average of the run.

    Args:
        old: Draws a batch of old data with its condition, as the denoiser was first trained on.
        recipe: How to train; the learning rate should be a tenth of the first or less.
        batch: States a step, one half old and one half new.
        share: The best share of each task that is learned from.
        seed: Where batches and noise come from.
    """

    old: Callable[[Rng, int], Encoded]
    recipe: Recipe
    batch: int = 64
    share: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.batch < 2 or not 0 < self.share <= 1:
            raise InvalidConfigError(
                f"FineTune(batch={self.batch}, share={self.share})",
                "batch >= 2 and 0 < share <= 1",
                "Try 64 and 0.5.",
            )

    def __call__(
        self, planner: Planner[Q, Tensor, Any, V], memory: Memory[Q, V]
    ) -> Planner[Q, Tensor, Any, V]:
        """Return the tuned planner; the old one where nothing in the memory is trusted.

        Raises:
            InvalidConfigError: The denoiser has no weights to train.
        """
        kept = best_share(list(memory), self.share)
        if not kept:
            return planner
        student = deepcopy(_module(planner))
        for parameter in student.parameters():
            parameter.requires_grad_(True)
        new, half = encode(kept, planner.domain), self.batch // 2

        def draw(rng: Rng) -> tuple[Tensor, Condition[Tensor]]:
            index = torch.multinomial(new.trust, half, replacement=True, generator=rng)
            both = joined(new[index], self.old(rng, self.batch - half))
            return both.states, both.condition

        rng = generator(self.seed)
        for _ in fit(
            student, planner.process, draw=draw, recipe=self.recipe, rng=rng, compute=planner.compute
        ):
            pass
        tuned: Any = student
        return replace(planner, denoiser=tuned)


def joined(one: Encoded, two: Encoded) -> Encoded:
    """Return two batches as one; both must have been made by `encode` or be pinned alike."""
    pins: Any = (one.condition.pin, two.condition.pin)
    pin = replace(
        pins[0],
        values=torch.cat([pins[0].values, pins[1].values]),
        mask=torch.cat([pins[0].mask, pins[1].mask]),
    )
    names = one.condition.context.keys()
    context = {name: torch.cat([one.condition.context[name], two.condition.context[name]]) for name in names}
    return Encoded(
        torch.cat([one.states, two.states]),
        torch.cat([one.rewards, two.rewards]),
        torch.cat([one.trust, two.trust]),
        Condition(pin, context),
    )


def weights_of(planner: Planner[Any, Any, Any, Any]) -> Mapping[str, Tensor]:
    """Return the weights of the planner's denoiser, for a `Lineage`."""
    return {name: value.detach().cpu().clone() for name, value in _module(planner).state_dict().items()}


def with_weights(planner: Planner[Q, Any, Any, V], tensors: Mapping[str, Tensor]) -> Planner[Q, Any, Any, V]:
    """Return a new planner whose denoiser has these weights."""
    copy: Any = deepcopy(_module(planner))
    copy.load_state_dict(dict(tensors))
    return replace(planner, denoiser=copy)


def _module(planner: Planner[Any, Any, Any, Any]) -> nn.Module:
    if not isinstance(planner.denoiser, nn.Module):
        raise InvalidConfigError(
            f"a denoiser without weights ({type(planner.denoiser).__name__})",
            "a torch module such as GaussianNet",
            "Write a tuner of your own for it: a function of planner and memory.",
        )
    return planner.denoiser
