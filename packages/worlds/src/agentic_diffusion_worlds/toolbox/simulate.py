"""One case under way: a hidden state that calls read and change, some of which break down."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import final

import numpy as np
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.records import Outcome, Plan

from agentic_diffusion_worlds.acting.situation import Call, Calls, Result, Situation
from agentic_diffusion_worlds.toolbox.behaviour import Behaviour
from agentic_diffusion_worlds.toolbox.catalog import BY_NAME, HAND_OVER, READING, Facts
from agentic_diffusion_worlds.toolbox.tasks import Task

log = logging.getLogger(__name__)

LIMIT = 24
"""Acting calls that a case allows."""


@final
class Case:
    """A task under way; a `Place` for `pursue`.

    Time is counted and never waited for. Reading costs nothing and always works, unless the tool refuses.

    Args:
        task: What is wanted and what is hidden.
        behaviour: How far tools can be trusted, or a function that says so when a call is made.
        seed: Draws which calls break down.
        limit: Acting calls that are allowed.
    """

    def __init__(
        self,
        task: Task,
        behaviour: Behaviour | Callable[[], Behaviour],
        *,
        seed: int = 0,
        limit: int = LIMIT,
    ) -> None:
        self.task = task
        self.calls = 0
        self.cost = 0.0
        self.milliseconds = 0.0
        self.handed_over = False
        self.log: list[Call] = []
        self._behaviour = behaviour if callable(behaviour) else lambda: behaviour
        self._state = dict(task.start)
        self._tried: dict[str, Result] = {}
        self._rng = np.random.default_rng([seed, 5])
        self._limit = limit

    @property
    def state(self) -> Facts:
        """The hidden state, for oracles and judges."""
        return dict(self._state)

    @property
    def solved(self) -> bool:
        """Whether the case was treated well, as it stands."""
        return self.task.solved(self._state, handed_over=self.handed_over)

    @property
    def over(self) -> bool:
        """Whether the case was handed over, its goal holds, or no call is left."""
        return self.handed_over or self.calls >= self._limit or self.task.met(self._state)

    def call(self, name: str) -> Call:
        """Make one call.

        Raises:
            InvalidStateError: There is no such tool, or the case is over.
        """
        if name not in BY_NAME:
            raise InvalidStateError(f"the tool {name!r}", "a tool of the catalogue", "See catalog.CATALOG.")
        tool = BY_NAME[name]
        acts = not tool.reads
        if acts and self.over:
            raise InvalidStateError(f"a call of {name} after the end", "no more calls", "Start a new case.")
        result: Result = "ok"
        if any(self._state[need] != value for need, value in tool.needs.items()):
            result = "refused"
        elif acts and tool is not HAND_OVER:
            chance = self._behaviour().reliability(name, self._state)
            result = "ok" if self._rng.random() < chance else "failed"
        told = {fact: self._state[fact] for fact in tool.reads} if result == "ok" else {}
        if result == "ok":
            self._state.update(tool.sets)
            self.handed_over = self.handed_over or tool is HAND_OVER
        if acts:
            self.calls += 1
            self._tried[name] = result
        self.cost += tool.cost
        self.milliseconds += tool.milliseconds
        made = Call(name=name, result=result, told=told, milliseconds=tool.milliseconds, cost=tool.cost)
        self.log.append(made)
        return made

    def observe(self) -> Situation:
        """Return what every reading tool says now, and what was tried."""
        facts = {fact: value for tool in READING for fact, value in self.call(tool.name).told.items()}
        return Situation(goal=self.task.goal, facts=facts, tried=dict(self._tried))

    def act(self, plan: Plan[Situation, Calls]) -> Outcome[Situation, Calls]:
        """Make the calls of the plan until one of them does not work or the case is over.

        The reward is the share of its calls that worked, 0 for a plan without any; what the whole task was worth is
        known at the end alone, see `verdict`.
        """
        made: list[Call] = []
        for name in plan.chosen.value:
            made.append(self.call(name))
            if self.over or made[-1].result != "ok":
                break
        worked = sum(call.result == "ok" for call in made)
        return Outcome[Situation, Calls](
            request=plan.request,
            value=tuple(call.name for call in made),
            reward=worked / max(1, len(plan.chosen.value)),
            evidence={
                "calls": [call.model_dump(mode="json") for call in made],
                "planned": list(plan.chosen.value),
                "cost": sum(call.cost for call in made),
                "milliseconds": sum(call.milliseconds for call in made),
            },
            source="toolbox",
            plan_seed=plan.seed,
        )

    def verdict(self) -> float:
        """Return 1 for a case that was treated well, less what its calls have cost, and 0 otherwise."""
        return max(0.0, 1.0 - self.cost) if self.solved else 0.0
