"""Judging a tool plan: whether its calls can be made in that order, what they cost, and what is left open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import final

from pydantic import JsonValue

from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest
from agentic_diffusion.records import Open, Verdict


@final
@dataclass(frozen=True)
class Feasible:
    """Passes plans that call something, and whose calls can be made one after the other.

    The score is minus the cost of the steps ahead. The evidence holds `faults`, `open` (required arguments that
    nobody has filled in, as `step.argument`), `cost`, and `goals` where there are any.

    Args:
        catalogue: The tools.
        goals: Facts that must hold in the end.
        second: Says how much speaks for each plan as a whole, told as evidence `speaks`.
    """

    catalogue: Catalogue
    goals: tuple[str, ...] = ()
    second: Callable[[ToolRequest, Sequence[ToolPlan]], Sequence[float]] | None = None

    def __call__(self, request: ToolRequest, values: Sequence[ToolPlan]) -> Sequence[Verdict]:
        """Return one verdict a plan; a plan that comes again gets the same one."""
        told: dict[int, Verdict] = {}
        different = [*{id(plan): plan for plan in values}.values()]
        speaks = [None] * len(different) if self.second is None else self.second(request, different)
        for plan, number in zip(different, speaks, strict=True):
            verdict = self._one(request, plan)
            more = {} if number is None else {"evidence": {**verdict.evidence, "speaks": number}}
            told[id(plan)] = verdict.model_copy(update=more)
        return [told[id(plan)] for plan in values]

    def _one(self, request: ToolRequest, plan: ToolPlan) -> Verdict:
        faults = list(self._faults(request, plan))
        tools = [self.catalogue.tools[self.catalogue.token(name)] for name in plan.tools]
        ahead = list(enumerate(plan.steps))[plan.done :]
        unfilled = [
            f"{place}.{name}"
            for place, step in ahead
            for name, told in step.arguments.items()
            if isinstance(told, Open) and told.required
        ]
        cost = sum(tool.cost for tool in tools[plan.done :])
        evidence: dict[str, JsonValue] = {"faults": [*faults], "open": [*unfilled], "cost": cost}
        if self.goals:
            evidence["goals"] = [*self.goals]
        return Verdict(passed=not faults, score=-cost, evidence=evidence)

    def _faults(self, request: ToolRequest, plan: ToolPlan) -> Iterator[str]:
        have = {name for name, value in request.facts.items() if value is not None and value is not False}
        links, called = self.catalogue.links, set()
        done = max(plan.done, len(request.done))
        if len(plan.steps) <= done:
            yield "it calls nothing"
        for place, name in enumerate(plan.tools):
            tool = self.catalogue.tools[self.catalogue.token(name)]
            if place >= done:
                missing = [fact for fact in tool.needs if fact not in have]
                if missing:
                    yield f"step {place} ({name}) needs {', '.join(missing)}"
                if request.tools and name not in request.tools:
                    yield f"step {place} ({name}) is not available"
                if name in called and not tool.repeats:
                    yield f"step {place} ({name}) is called twice"
                if place and links is not None and (plan.tools[place - 1], name) not in links:
                    yield f"step {place} ({name}) may not follow {plan.tools[place - 1]}"
            called.add(name)
            have.update(tool.gives)
        yield from (f"{goal} does not hold in the end" for goal in self.goals if goal not in have)
