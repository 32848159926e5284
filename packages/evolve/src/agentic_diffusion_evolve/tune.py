"""Tuning: from a planner and a memory to a new planner; the old one is left as it was."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar, final

import torch
from agentic_diffusion.denoising.state import Condition, Rng, generator
from agentic_diffusion.denoising.train import Recipe, fit
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.planner import Domain, Planner
from agentic_diffusion.records import Outcome
from torch import Tensor, nn

from agentic_diffusion_evolve.adapters import Rank, adapted, merged
from agentic_diffusion_evolve.credit import Credit
from agentic_diffusion_evolve.encoded import Encoded, encode
from agentic_diffusion_evolve.keep import Keep, Keeps, best_share
from agentic_diffusion_evolve.memory import ListMemory, Memory

Q = TypeVar("Q")
V = TypeVar("V")

Tuner: TypeAlias = Callable[[Planner[Q, Tensor, Any, V], Memory[Q, V]], Planner[Q, Tensor, Any, V]]
"""From the old planner and what came of plans to a new planner."""


@final
@dataclass(frozen=True)
class FineTune:
    """Trains a copy of the denoiser on the best outcomes and on old data, half and half.

    Old data keep what was known from being forgotten; the return quantile is taken within each task, so that easy
    tasks do not crowd out hard ones (AdaptDiffuser, arXiv:2302.01877, uses one threshold for all; see
    `adapt_diffuser`). The new weights are the moving average of the run. Denoisers of trajectories and of tokens
    are trained alike.

    Args:
        old: Draws a batch of old data with its condition, as the denoiser was first trained on; None to learn
            from new data alone, which forgets.
        recipe: How to train; the learning rate should be a tenth of the first or less.
        batch: States a step, old and new.
        share: The best share of each task that is learned from, where `keep` is left out.
        seed: Where batches and noise come from.
        keep: What is learned from, such as a `Keep` with a dynamics test.
        new: The share of new data in a batch.
        credits: How much each outcome counts, multiplied: `plausible(weigher)`, `preferred(taste)`.
        floor: Outcomes with less credit than this are left out before `keep` looks at them.
        adapters: Train low-rank changes only, and work them into the weights; all weights when left out.
    """

    old: Callable[[Rng, int], Encoded] | None
    recipe: Recipe
    batch: int = 64
    share: float = 0.5
    seed: int = 0
    keep: Keeps[Any, Any] | None = None
    new: float = 0.5
    credits: tuple[Credit, ...] = ()
    floor: float = 0.01
    adapters: Rank | None = None

    def __post_init__(self) -> None:
        if self.batch < 2 or not 0 < self.share <= 1 or not 0 < self.new <= 1 or self.floor < 0:
            raise InvalidConfigError(
                f"FineTune(batch={self.batch}, share={self.share}, new={self.new}, floor={self.floor})",
                "batch >= 2, 0 < share <= 1, 0 < new <= 1 and floor >= 0",
                "Try 64, 0.5, 0.5 and 0.01.",
            )

    def __call__(
        self, planner: Planner[Q, Tensor, Any, V], memory: Memory[Q, V]
    ) -> Planner[Q, Tensor, Any, V]:
        """Return the tuned planner; the old one where nothing in the memory is kept.

        Raises:
            InvalidConfigError: The denoiser has no weights to train.
        """
        kept, chances = self.kept(memory, planner.domain)
        if not kept:
            return planner
        before = _module(planner)
        student = (
            deepcopy(before).requires_grad_(True) if self.adapters is None else adapted(before, self.adapters)
        )
        fresh, count = encode(kept, planner.domain), self._count()

        def draw(rng: Rng) -> tuple[Tensor, Condition[Tensor]]:
            batch = fresh[torch.multinomial(chances, count, replacement=True, generator=rng)]
            if self.old is not None and count < self.batch:
                batch = joined(batch, self.old(rng, self.batch - count))
            return batch.states, batch.condition

        rng = generator(self.seed)
        for _ in fit(
            student, planner.process, draw=draw, recipe=self.recipe, rng=rng, compute=planner.compute
        ):
            pass
        tuned: Any = student if self.adapters is None else merged(student)
        return replace(planner, denoiser=tuned)

    def kept(
        self, outcomes: Iterable[Outcome[Q, V]], domain: Domain[Q, Tensor, V]
    ) -> tuple[list[Outcome[Q, V]], Tensor]:
        """Return what is learned from, and the chance of each to be drawn (not normalised)."""
        known, credit = [o for o in outcomes if o.trust > 0], dict[str, float]()
        if self.credits and known:
            data = encode(known, domain)
            shares = torch.stack([share(known, data).cpu() for share in self.credits]).prod(dim=0)
            credit = {o.id: share for o, share in zip(known, shares.tolist(), strict=True)}
            known = [o for o in known if credit[o.id] >= self.floor]
        kept = list(self.keep(known)) if self.keep is not None else best_share(known, self.share)
        return kept, torch.tensor([o.trust * credit.get(o.id, 1.0) for o in kept])

    def _count(self) -> int:
        """Return how many states of a batch are new."""
        return self.batch if self.old is None else min(self.batch, max(1, round(self.batch * self.new)))


def adapt_diffuser(
    recipe: Recipe,
    *,
    least: float,
    limit: float = math.inf,
    old: Callable[[Rng, int], Encoded] | None = None,
    batch: int = 64,
    seed: int = 0,
) -> FineTune:
    """Return the tuner of AdaptDiffuser, as a baseline: one threshold of reward for all tasks.

    Liang et al. 2023, arXiv:2302.01877. Its released code mixes old data half and half and tests the dynamics; the
    re-implementation in CleanDiffuser does neither, which is what the defaults are.

    Args:
        recipe: How to train.
        least: The threshold.
        limit: The largest residual, where outcomes carry one (see `Measured`).
        old: Old data, half of each batch; new data alone when left out.
        batch: States a step.
        seed: Where batches and noise come from.
    """
    keep: Keep[Any, Any] = Keep(share=1.0, least=least, limit=limit)
    return FineTune(old, recipe, batch=batch, seed=seed, keep=keep)


def latest(tune: Tuner[Q, V], *, count: int) -> Tuner[Q, V]:
    """Return a tuner that looks only at the newest outcomes, for a world that has changed."""

    def tuned(planner: Planner[Q, Tensor, Any, V], memory: Memory[Q, V]) -> Planner[Q, Tensor, Any, V]:
        return tune(planner, newest(memory, count))

    return tuned


def newest(memory: Iterable[Outcome[Q, V]], count: int) -> ListMemory[Q, V]:
    """Return a memory of its own with the newest outcomes."""
    few: ListMemory[Q, V] = ListMemory()
    few.add_many(deque(memory, maxlen=count))
    return few


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
