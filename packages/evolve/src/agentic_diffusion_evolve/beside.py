"""Planners beside one another: what was learned proposes beside what was known, and the verifier picks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, final

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.planning.select import Selector, best
from agentic_diffusion.records import DenoiseEvent, Plan

Q = TypeVar("Q")
V = TypeVar("V")


@final
@dataclass(frozen=True)
class Beside(Generic[Q, V]):
    """Asks several planners for the same request and answers with the best of all their candidates.

    A network that was tuned for a new task forgets some of the old one. Where the network that it came from keeps a
    part of the candidates, its plans are still there to be picked. Give each planner its part: two of half as many
    candidates cost as much as one. The verifiers must judge alike, for their verdicts are compared.

    Args:
        planners: At least one.
        select: Chooses among all candidates, those of the first planner first.
    """

    planners: Sequence[Plans[Q, V]]
    select: Selector[V] = best

    def __post_init__(self) -> None:
        if not self.planners:
            raise InvalidConfigError("no planner", "at least one", "Give the old planner and the new one.")

    def plan(
        self,
        request: Q,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[Q, V]:
        """Return the best plan of all; each planner is asked with this seed and this budget."""
        plans = [planner.plan(request, seed=seed, budget=budget, watch=watch) for planner in self.planners]
        considered = tuple(candidate for plan in plans for candidate in plan.considered)
        chosen, confidence = self.select(considered)
        endings = [plan.ending for plan in plans if plan.ending != "complete"]
        return plans[0].model_copy(
            update={
                "chosen": chosen,
                "confidence": confidence,
                "considered": considered,
                "ending": endings[0] if endings else "complete",
                "steps_done": sum(plan.steps_done for plan in plans),
                "steps_asked": sum(plan.steps_asked for plan in plans),
                "seconds": sum(plan.seconds for plan in plans),
                "notes": tuple(note for plan in plans for note in plan.notes),
            }
        )
