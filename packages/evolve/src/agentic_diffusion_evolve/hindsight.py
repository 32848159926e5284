"""Hindsight: a gate for plans of tools that calls no tool, and asks what became of such plans before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, final

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest
from agentic_diffusion.planning.domains.toolplan.text import Lexical
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.records import Outcome, Plan, Verdict
from torch import Tensor

from agentic_diffusion_evolve.gate import Gate
from agentic_diffusion_evolve.memory import Memory
from agentic_diffusion_evolve.taught import ASIDE, aside, goal_key

NEAR, DOUBT = 3.0, 0.2
"""The power of the likeness of two goals, and how much weight it takes to believe half of what was seen."""


@final
class Recalled:
    """A world that executes nothing: a plan is worth what plans of the same calls were worth for goals in like words.

    reward = Σᵢ wᵢ rᵢ / (d + Σᵢ wᵢ), over the outcomes of plans with the same calls, wᵢ = trust · ⟨goal, goalᵢ⟩ᵖ. What
    was never tried is worth nothing: it is an estimate for a gate, which had better doubt.

    Args:
        outcomes: What became of plans.
        near: p.
        doubt: d.
    """

    def __init__(
        self, outcomes: Sequence[Outcome[Any, Any]], *, near: float = NEAR, doubt: float = DOUBT
    ) -> None:
        self.outcomes, self.near, self.doubt = list(outcomes), near, doubt
        goals = [outcome.request.goal for outcome in self.outcomes]
        self._encode = Lexical().fit(goals or [""])
        self._rows: Tensor = self._encode(goals or [""])

    def __call__(self, plan: Plan[ToolRequest, ToolPlan]) -> Sequence[Outcome[ToolRequest, ToolPlan]]:
        """Return one outcome: what the plan is likely to be worth."""
        value = plan.chosen.value
        like = (self._rows @ self._encode([plan.request.goal])[0]).clamp(min=0).tolist()
        weight = earned = 0.0
        for near, outcome in zip(like, self.outcomes, strict=False):
            if outcome.value.tools == value.tools:
                weight += outcome.trust * near**self.near
                earned += outcome.trust * near**self.near * outcome.reward
        told = {"weight": weight}
        return [
            Outcome(
                request=plan.request,
                value=value,
                reward=earned / (self.doubt + weight),
                evidence=told,
                source="memory",
            )
        ]


@final
@dataclass(frozen=True)
class Hindsight:
    """Lets a candidate pass where plans like its own did better than plans like the incumbent's, on held-out requests.

    For tools of your own, which no gate may call to find out. Both planners plan for requests that were kept aside
    (see `aside`; a tuner such as `Taught` does not see them), and `Recalled` says what the plans are worth, by all that
    is in the memory. That is an estimate from outcomes of the planners before, not an experiment: it is blind to what
    none of them tried. Where you have a world to try plans in, take `Gate`.

    Args:
        memory: Where the outcomes are.
        share: The share of requests that are kept aside, the same as the tuner's.
        least: With fewer requests nothing passes.
        most: Requests that are planned for, the newest ones.
        margin: The loss of reward that may be overlooked; 0 asks for a gain.
        alpha: The share of bad candidates that may pass, with one seed. Planners that draw nothing make the same plan
            with every seed, which is then counted again: with two seeds about three times as many pass.
        seeds: Each request is planned for once with each; give one for `alpha` to hold.
    """

    memory: Memory[Any, Any]
    share: float = ASIDE
    least: int = 6
    most: int = 32
    margin: float = 0.0
    alpha: float = 0.05
    seeds: Sequence[int] = field(default=(0, 1))

    def __post_init__(self) -> None:
        if not 0 < self.share < 1 or not 2 <= self.least <= self.most:
            raise InvalidConfigError(
                f"Hindsight(share={self.share}, least={self.least}, most={self.most})",
                "0 < share < 1 and 2 <= least <= most",
                "The defaults are 0.3, 6 and 32.",
            )

    def __call__(
        self, candidate: Plans[ToolRequest, ToolPlan], incumbent: Plans[ToolRequest, ToolPlan]
    ) -> Verdict:
        """Return whether the candidate may take the incumbent's place, and why."""
        known = [told for told in self.memory if told.trust > 0]
        held = [told for told in known if aside(told, self.share)]
        tasks = [*{goal_key(told.request): told.request for told in reversed(held)}.values()][: self.most]
        if len(tasks) < self.least:
            why = f"{len(tasks)} requests are kept aside, {self.least} are asked for"
            return Verdict(passed=False, score=0.0, evidence={"trials": 0, "why": why})
        gate: Gate[ToolRequest, ToolPlan] = Gate(
            tasks, Recalled(known), seeds=self.seeds, margin=self.margin, alpha=self.alpha
        )
        return gate(candidate, incumbent)
