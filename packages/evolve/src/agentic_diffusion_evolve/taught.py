"""Teaching: from a planner of tools and what came of its plans to one that learned those by heart that worked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, final

import torch
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.planner import ToolPlanner
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest
from agentic_diffusion.planning.domains.toolplan.training import ToolTraining
from agentic_diffusion.records import Outcome, Q, V

from agentic_diffusion_evolve.memory import Memory, task_key

ASIDE = 0.3
"""The share of requests whose outcomes are kept for the gate."""


def goal_key(request: Any) -> str:
    """Return a short text that is equal for requests with the same goal, whatever is known or done by then."""
    return task_key(getattr(request, "goal", None) or request)


def aside(outcome: Outcome[Q, V], share: float = ASIDE) -> bool:
    """Whether an outcome is kept for the gate: always the same for a goal, so that no gate asks what was taught."""
    return int(goal_key(outcome.request)[:8], 16) < share * 16**8


@final
@dataclass(frozen=True)
class Taught:
    """A tuner of tool planners: what worked becomes examples for `ToolTraining`.

    Experience is made anew from the examples, and the network goes on from where it is. Unlike `FineTune`, which trains
    the network alone, a few dozen outcomes are enough. What is kept for the gate (see `aside`) is not taught.

    Args:
        recipe: How to train the network.
        least: The reward from which a plan has worked.
        most: Examples at most, the newest ones.
        examples: What is taught in any case, such as plans that people wrote.
        share: The share of requests that is kept for the gate; 0 teaches all.
        batch: Examples a step.
        seed: Where batches and noise come from.
    """

    recipe: Recipe = field(default_factory=lambda: Recipe(steps=60, learning_rate=2.5e-3, warmup=10))
    least: float = 1.0
    most: int = 500
    examples: Sequence[tuple[ToolRequest, ToolPlan]] = ()
    share: float = ASIDE
    batch: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1 or self.most < 1 or self.batch < 1:
            raise InvalidConfigError(
                f"Taught(share={self.share}, most={self.most}, batch={self.batch})",
                "0 <= share < 1, at least one example and one in a batch",
                "The defaults are 0.3, 500 and 16.",
            )

    def __call__(self, planner: ToolPlanner, memory: Memory[Any, Any]) -> ToolPlanner:
        """Return the taught planner; the old one where nothing worked."""
        worked = [
            told
            for told in memory
            if told.trust > 0 and told.reward >= self.least and not (self.share and aside(told, self.share))
        ]
        newest = {(task_key(told.request), told.value.tools): (told.request, told.value) for told in worked}
        late = {(task_key(told.request), told.value.tools): place for place, told in enumerate(worked)}
        kept = set(sorted(late, key=late.__getitem__)[-self.most :])  # by when they worked last
        examples = [*self.examples, *(each for key, each in newest.items() if key in kept)]
        if not examples:
            return planner
        training = ToolTraining(planner, examples, recipe=self.recipe, batch=self.batch, seed=self.seed)
        with torch.random.fork_rng(devices=[]):  # dropout draws from the generator that all share
            torch.manual_seed(self.seed)
            for _ in training.run():
                pass
            return training.planner
