"""Evolution: plan, try, remember, tune, judge, and only then change; one generation after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean
from typing import Any, TypeVar

from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.records import Record, Verdict
from torch import Tensor

from agentic_diffusion_evolve.gate import World
from agentic_diffusion_evolve.lineage import Lineage
from agentic_diffusion_evolve.memory import Memory
from agentic_diffusion_evolve.tune import Tuner, weights_of, with_weights

Q = TypeVar("Q")
V = TypeVar("V")

log = logging.getLogger(__name__)


class Generation(Record):
    """One round of evolution.

    Args:
        round: Its number, from 1.
        promoted: Whether the tuned planner took over.
        verdict: What the gate said.
        outcomes: Outcomes that this round added to the memory.
        reward: Their mean reward; None where there was none.
        seconds: Wall-clock time.
    """

    round: int
    promoted: bool
    verdict: Verdict
    outcomes: int
    reward: float | None
    seconds: float


def evolve(
    planner: Planner[Q, Tensor, Any, V],
    tasks: Callable[[int], Sequence[Q]],
    world: World[Q, V],
    *,
    memory: Memory[Q, V],
    tune: Tuner[Q, V],
    gate: Callable[[Planner[Q, Tensor, Any, V], Planner[Q, Tensor, Any, V]], Verdict],
    rounds: int,
    lineage: Lineage | None = None,
    name: str = "evolve",
) -> Iterator[tuple[Generation, Planner[Q, Tensor, Any, V]]]:
    """Yield each generation with the planner that is active after it.

    With a lineage a run that died is taken up where it stopped: decided rounds are not repeated, and tasks whose
    outcomes are in the memory are not tried again, for outcomes are named by round and task.

    Args:
        planner: The first planner; it is never changed, only replaced.
        tasks: What to try in a round, by its number; the same number must give the same tasks.
        world: Tries plans.
        memory: Keeps what came of them.
        tune: Makes the candidate.
        gate: Called with candidate and incumbent.
        rounds: How many rounds in all.
        lineage: Where generations are kept; needs a denoiser with weights.
        name: Tells runs apart that share a memory.
    """
    done = 0
    if lineage is not None:
        tree = lineage.tree()
        if tree is None:
            lineage.found(weights_of(planner), {"name": name})
        else:
            planner = with_weights(planner, lineage.weights().tensors)
            done = len(tree.generations) - 1
    for number in range(done + 1, rounds + 1):
        started = time.perf_counter()
        rewards = [
            reward
            for index, task in enumerate(tasks(number))
            for reward in _try(
                planner, task, world, memory=memory, prefix=f"{name}/{number}/{index}", seed=index
            )
        ]
        candidate = tune(planner, memory)
        verdict = gate(candidate, planner)
        if lineage is not None and verdict.passed:
            lineage.promote(weights_of(candidate), {"name": name}, verdict=verdict)
        elif lineage is not None:
            lineage.reject(verdict=verdict)
        planner = candidate if verdict.passed else planner
        generation = Generation(
            round=number,
            promoted=verdict.passed,
            verdict=verdict,
            outcomes=len(rewards),
            reward=fmean(rewards) if rewards else None,
            seconds=time.perf_counter() - started,
        )
        log.info("round=%d promoted=%s outcomes=%d", number, verdict.passed, len(rewards))
        yield generation, planner


def _try(
    planner: Planner[Q, Tensor, Any, V],
    task: Q,
    world: World[Q, V],
    *,
    memory: Memory[Q, V],
    prefix: str,
    seed: int,
) -> list[float]:
    """Plan and try one task unless that was done before; return the rewards that are new."""
    if f"{prefix}/0" in memory:
        return []
    told = world(planner.plan(task, seed=seed))
    named = [outcome.model_copy(update={"id": f"{prefix}/{n}"}) for n, outcome in enumerate(told)]
    memory.add_many(named)
    return [outcome.reward for outcome in named]
