"""A planner that has read the manual: trained on plans by the book, without one call having been made."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from agentic_diffusion.denoising.state import Condition, Rng, generator
from agentic_diffusion.denoising.train import Recipe, fit
from agentic_diffusion.records import Outcome
from torch import Tensor

from agentic_diffusion_worlds.acting.domain import Acting
from agentic_diffusion_worlds.acting.planner import CallPlanner, Design, make_planner, trainable
from agentic_diffusion_worlds.acting.situation import Calls, Situation
from agentic_diffusion_worlds.toolbox.manual import CALLS, demonstrations

WIDTH = 2048
"""Places for the words of a situation; some 80 are said at once, and few of them should share a place."""

Lesson = Outcome[Situation, Calls]


def lessons(count: int, *, seed: int = 0) -> list[Lesson]:
    """Return plans by the book as outcomes, to be learned from now and rehearsed later."""
    return [
        Lesson(id=f"manual/{seed}/{number}", request=situation, value=calls, reward=1.0, source="manual")
        for number, (situation, calls) in enumerate(demonstrations(count, seed=seed))
    ]


def read_manual(
    known: Sequence[Lesson], *, recipe: Recipe | None = None, design: Design | None = None, seed: int = 0
) -> CallPlanner:
    """Return a planner trained on lessons alone.

    Args:
        known: What to learn.
        recipe: How to train.
        design: How large the planner is.
        seed: First weights, batches and noise.
    """
    domain = Acting(CALLS, width=WIDTH)
    planner = make_planner(domain, design, seed=seed)
    context = domain.read(lesson.request for lesson in known)
    rows = domain.encode([lesson.value for lesson in known])

    def draw(rng: Rng) -> tuple[Tensor, Condition[Tensor]]:
        index = torch.randint(len(rows), (64,), generator=rng)
        return rows[index], Condition(context={"context": context[index]})

    how = recipe or Recipe(steps=800, learning_rate=5e-3, warmup=20, weight_decay=0.01, average=0.99)
    for _ in fit(trainable(planner), planner.process, draw=draw, recipe=how, rng=generator(seed)):
        pass
    return planner
