"""What the documentation of the tools tells a planner, before there is any experience."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from agentic_diffusion_worlds.acting.situation import Calls, Situation
from agentic_diffusion_worlds.toolbox.behaviour import Behaviour
from agentic_diffusion_worlds.toolbox.catalog import ACTING, FACTS, HAND_OVER, RIVALS
from agentic_diffusion_worlds.toolbox.simulate import Case
from agentic_diffusion_worlds.toolbox.tasks import Split, solution, tasks

CALLS: Calls = tuple(tool.name for tool in ACTING)
"""Every acting call, in the order of the catalogue, in which the documentation says to make them."""


def by_the_book(situation: Situation, rng: np.random.Generator) -> Calls:
    """Return a plan from the documentation alone: any of two rivals, and what is not known is taken to be wrong."""
    state = {name: situation.facts.get(name, values[0]) for name, values in FACTS.items()}
    second = frozenset(np.flatnonzero(rng.random(len(RIVALS)) < 0.5).tolist())
    steps = solution(situation.goal, state, second=second)
    return (HAND_OVER.name,) if steps is None else steps


def demonstrations(count: int, *, seed: int, split: Split = "train") -> Iterator[tuple[Situation, Calls]]:
    """Yield situations with plans by the book; half of them from the middle of a case."""
    rng = np.random.default_rng([seed, 3])
    for number, task in enumerate(tasks(count, seed=seed, split=split)):
        case = Case(task, Behaviour(good=1.0, bad=1.0, plain=1.0))
        situation = case.observe()
        if number % 2:
            for name in by_the_book(situation, rng)[: int(rng.integers(1, 4))]:
                if not case.over:
                    case.call(name)
            situation = case.observe()
            if case.over:
                continue
        yield situation, by_the_book(situation, rng)
