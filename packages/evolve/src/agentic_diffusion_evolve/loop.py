"""Evolution: plan, try, remember, tune, judge, and only then change; one generation after the other."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, TypeVar, final

from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.records import Outcome, Plan, Record, Verdict
from torch import Tensor

from agentic_diffusion_evolve.estimate import named
from agentic_diffusion_evolve.explore import Explore, explored, once
from agentic_diffusion_evolve.lineage import Lineage
from agentic_diffusion_evolve.memory import Memory
from agentic_diffusion_evolve.tune import Tuner, weights_of, with_weights
from agentic_diffusion_evolve.world import World, tried

Q = TypeVar("Q")
V = TypeVar("V")

log = logging.getLogger(__name__)

ROUND = 1_000_003
"""Seeds of one round lie this far from those of the next."""


@final
@dataclass(frozen=True)
class Carry:
    """How weights leave a planner for the lineage, and how a planner is made that has others.

    Args:
        out: From a planner to its weights.
        into: From a planner and weights to a new planner.
    """

    out: Callable[[Any], Mapping[str, Tensor]] = weights_of
    into: Callable[[Any, Mapping[str, Tensor]], Any] = with_weights


OF_DENOISER = Carry()


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
    explore: Explore[Q, V] = once,
    carry: Carry = OF_DENOISER,
) -> Iterator[tuple[Generation, Planner[Q, Tensor, Any, V]]]:
    """Yield each generation with the planner that is active after it.

    With a lineage a run that died is taken up where it stopped: decided rounds are not repeated, and tasks whose
    outcomes are in the memory are not tried again, for outcomes are named by round and task.

    Args:
        planner: The first planner; it is never changed, only replaced.
        tasks: What to try in a round, by its number; the same number must give the same tasks. A `Proposer` is one.
        world: Tries plans; many at once where it can (see `Spread`).
        memory: Keeps what came of them.
        tune: Makes the candidate.
        gate: Called with candidate and incumbent.
        rounds: How many rounds in all.
        lineage: Where generations are kept; needs a denoiser with weights.
        name: Tells runs apart that share a memory; proposers need it too.
        explore: The plans of a task that are tried; one when left out.
        carry: How weights get to the lineage and back; those of the planner's denoiser when left out.
    """
    planner, done = _taken_up(planner, lineage, name, carry)
    for number in range(done + 1, rounds + 1):
        started = time.perf_counter()
        rewards = _try(
            planner, tasks(number), world, memory=memory, explore=explore, name=name, number=number
        )
        candidate = tune(planner, memory)
        verdict = gate(candidate, planner)
        if lineage is not None and verdict.passed:
            lineage.promote(carry.out(candidate), {"name": name}, verdict=verdict)
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


def _taken_up(
    planner: Planner[Q, Tensor, Any, V], lineage: Lineage | None, name: str, carry: Carry
) -> tuple[Planner[Q, Tensor, Any, V], int]:
    """Return the active planner and the rounds that were decided; found the lineage where it is new."""
    if lineage is None:
        return planner, 0
    tree = lineage.tree()
    if tree is None:
        lineage.found(carry.out(planner), {"name": name})
        return planner, 0
    return carry.into(planner, lineage.weights().tensors), len(tree.generations) - 1


def _try(
    planner: Planner[Q, Tensor, Any, V],
    tasks: Sequence[Q],
    world: World[Q, V],
    *,
    memory: Memory[Q, V],
    explore: Explore[Q, V],
    name: str,
    number: int,
) -> list[float]:
    """Plan and try each task unless that was done before; return the rewards that are new."""
    waiting: deque[tuple[int, int]] = deque()  # tasks whose plans are being tried: index, number of plans

    def plans() -> Iterator[Plan[Q, V]]:
        due = [
            (index, task)
            for index, task in enumerate(tasks)
            if named(name, number, index=index, order=0) not in memory
        ]
        # noise is new in each round, also where nothing was promoted
        asks = ((task, (number - 1) * ROUND + index) for index, task in due)
        for (index, _), mine in zip(due, explored(explore, planner, asks), strict=True):
            if mine:
                waiting.append((index, len(mine)))
            yield from mine

    rewards: list[float] = []
    told: list[Outcome[Q, V]] = []
    done = 0
    for outcomes in tried(world, plans()):
        told, done = [*told, *outcomes], done + 1
        index, size = waiting[0]
        if done == size:  # all of a task or nothing, so that a task half tried is tried again
            ids = (named(name, number, index=index, order=n) for n in range(len(told)))
            memory.add_many([o.model_copy(update={"id": i}) for i, o in zip(ids, told, strict=True)])
            rewards += [outcome.reward for outcome in told]
            waiting.popleft()
            told, done = [], 0
    return rewards
