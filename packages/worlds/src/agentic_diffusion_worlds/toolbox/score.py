"""How cases went, and drivers to compare with: an oracle, chance, one that gives up, and a table of reliabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, final

import numpy as np
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.records import Record

from agentic_diffusion_worlds.acting.pursue import pursued
from agentic_diffusion_worlds.acting.situation import Calls, Situation
from agentic_diffusion_worlds.toolbox.behaviour import Behaviour
from agentic_diffusion_worlds.toolbox.catalog import ACTING, HAND_OVER, RIVALS
from agentic_diffusion_worlds.toolbox.simulate import Case
from agentic_diffusion_worlds.toolbox.tasks import solution

Driver: TypeAlias = Callable[[Case, int], None]
"""Works on a case, with a seed, until it is over or the driver has had enough."""

STOPS = 3
"""Calls that may fail before a driver is stopped, as many as `pursue` with this many rounds allows."""


class Tally(Record):
    """What one case came to.

    Args:
        success: Whether it was treated well.
        calls: Acting calls.
        cost: What all calls cost.
        milliseconds: Simulated time.
    """

    success: bool
    calls: int
    cost: float
    milliseconds: float


def tally(case: Case) -> Tally:
    """Return what a case has come to."""
    return Tally(
        success=case.solved, calls=case.calls, cost=case.cost, milliseconds=round(case.milliseconds, 6)
    )


def give_up(case: Case, seed: int) -> None:
    """Hand over whatever it is."""
    case.call(HAND_OVER.name)


def at_random(case: Case, seed: int) -> None:
    """Make calls at random until the case is over or too many of them did not work."""
    rng, stops = np.random.default_rng([seed, 7]), 0
    while not case.over and stops < STOPS:
        name = ACTING[int(rng.integers(len(ACTING)))].name
        stops += case.call(name).result != "ok"


def oracle(behaviour: Behaviour) -> Driver:
    """Return a driver that sees the hidden state and knows how far each tool can be trusted."""

    def drive(case: Case, seed: int) -> None:
        stops = 0
        while not case.over and stops < STOPS:
            state = case.state
            second = frozenset(
                index
                for index, (_, *pair) in enumerate(RIVALS)
                if behaviour.reliability(pair[1], state) > behaviour.reliability(pair[0], state)
            )
            steps = solution(case.task.goal, state, second=second)
            stops += case.call(steps[0] if steps else HAND_OVER.name).result != "ok"

    return drive


def driven(planner: Plans[Situation, Calls], *, rounds: int = STOPS) -> Driver:
    """Return a driver that pursues with a planner."""

    def drive(case: Case, seed: int) -> None:
        pursued(planner, case, rounds=rounds, seed=seed)

    return drive


@final
@dataclass
class Table:
    """A planner whose rivals are chosen by a plain table of how often each tool worked, greedily but for a few.

    Args:
        planner: Says what is to be done; of rivals that it names the table takes the one that did better.
        epsilon: Share of the choices that are made at random.
        rounds: How often may be planned.
        worked: For each tool, calls that worked and calls in all.
    """

    planner: Plans[Situation, Calls]
    epsilon: float = 0.1
    rounds: int = STOPS
    worked: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __call__(self, case: Case, seed: int) -> None:
        """Work on a case and count what worked."""
        rng = np.random.default_rng([seed, 9])
        for turn in range(self.rounds):
            if case.over:
                return
            plan = self.planner.plan(case.observe(), seed=seed * self.rounds + turn)
            for name in plan.chosen.value:
                chosen = self._better(name, rng)
                result = case.call(chosen).result
                if result != "refused":
                    good, made = self.worked.get(chosen, (0, 0))
                    self.worked[chosen] = (good + (result == "ok"), made + 1)
                if case.over or result != "ok":
                    break

    def _better(self, name: str, rng: np.random.Generator) -> str:
        pair = next((pair for _, *pair in RIVALS if name in pair), None)
        if pair is None:
            return name
        if rng.random() < self.epsilon:
            return pair[int(rng.integers(2))]
        rate = [(good + 1) / (made + 2) for good, made in (self.worked.get(n, (0, 0)) for n in pair)]
        return name if rate[0] == rate[1] else pair[int(np.argmax(rate))]
