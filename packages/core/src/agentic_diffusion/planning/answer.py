"""From denoised states to plans: decode, finish, judge, select."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar, cast, final, runtime_checkable

import torch
from torch import Tensor

from agentic_diffusion.compute import Compute, MemoryWatch
from agentic_diffusion.compute.memory import Peak
from agentic_diffusion.denoising.state import Condition, Time
from agentic_diffusion.errors import ContractError, InvalidConfigError
from agentic_diffusion.planning.budget import Clock
from agentic_diffusion.planning.protocols import Domain
from agentic_diffusion.planning.room import halved
from agentic_diffusion.planning.select import Selector
from agentic_diffusion.planning.verify import JudgesMany, Verifier
from agentic_diffusion.records import Candidate, DenoiseEvent, Ending, MemoryUse, Plan, Verdict

Q = TypeVar("Q")
X = TypeVar("X")
V = TypeVar("V")

log = logging.getLogger(__name__)


@runtime_checkable
class Restores(Protocol[V]):
    """A domain whose states hold less than its values."""

    def restored(self, values: Sequence[V], proposed: Sequence[V]) -> Sequence[V]:
        """Return decoded values with what proposals said and states cannot hold; the last are the proposals' own."""
        ...


@final
@dataclass
class Run(Generic[Q, X]):
    """What the planning of one request has reached."""

    request: Q
    seed: int
    clock: Clock
    condition: Condition[X]
    memory: MemoryWatch
    left: int  # candidates still to be sampled
    batch: int = 1  # candidates denoised together
    granted: int = sys.maxsize  # rows that the memory budget has room for at once, wherever they are computed
    rows_at_once: int = sys.maxsize  # rows that the network may be asked about at once
    total: int = 1  # steps that will have been made at the end, lost ones included
    done: int = 0  # steps made, lost ones included
    lost: int = 0  # steps made in batches that ran out of memory
    finished: list[X] = field(default_factory=list)
    ending: Ending = "complete"
    notes: list[str] = field(default_factory=list)
    proposed: list[Any] = field(default_factory=list)  # further candidates
    encoded: list[X] = field(default_factory=list)  # the state of each of them

    def event(self, t: Time) -> DenoiseEvent:
        """Return how far it is, at noise level `t`."""
        return DenoiseEvent(step=self.done, total=self.total, time=float(t), seconds=self.clock.seconds())


@final
@dataclass(frozen=True)
class Answers(Generic[Q, X, V]):
    """Makes plans of finished runs; the arguments are those of the planner.

    Args:
        likely: From runs and the batches of states of each to the log-likelihoods of the states of each.
    """

    domain: Domain[Q, X, V]
    verify: Verifier[Q, V]
    select: Selector[V]
    compute: Compute
    propose: Callable[[Q], Sequence[V]] | None = None
    finish: Callable[[Q, V], V] | None = None
    likely: Callable[[Sequence[Run[Q, X]], Sequence[Sequence[X]]], Sequence[Sequence[float]]] | None = None
    unfamiliar: Callable[[Q], float] | None = None

    def __call__(self, runs: Sequence[Run[Q, X]]) -> list[Plan[Q, V]]:
        """Return the plan of each run, whose proposals were asked for before (see `proposals`)."""
        states = [self._states(run) for run in runs]
        values = [
            self._finished(run.request, self._restored(each, run.proposed))
            for run, each in zip(runs, self._decoded(states), strict=True)
        ]
        judged = self._judge(runs, values)
        watches = {id(run.memory): run.memory for run in runs}  # requests that are planned together share one
        peaks = {name: watch.peak() for name, watch in watches.items()}
        for each, verdicts in zip(values, judged, strict=True):
            if len(verdicts) != len(each):
                raise InvalidConfigError(
                    f"{len(verdicts)} verdicts for {len(each)} candidates",
                    "one verdict for each candidate, in order",
                    "Correct the verifier.",
                )
        told = judged if self.likely is None else map(_told, judged, self.likely(runs, states))
        return [
            self._plan(
                run,
                _candidates(each, _heard(each, verdicts, count=len(run.proposed))),
                peaks[id(run.memory)],
            )
            for run, each, verdicts in zip(runs, values, told, strict=True)
        ]

    def _states(self, run: Run[Q, X]) -> list[X]:
        states, encoded = list(run.finished), list[Any](run.encoded)
        if encoded:
            whole: Any = torch.cat(encoded) if _alike(encoded) else self.domain.encode(run.proposed)
            states.append(run.condition.pin(self.compute.send(whole)))
        return states

    def proposals(self, run: Run[Q, X]) -> None:
        """Ask for the proposals of a run, once, and keep those that can be considered.

        A proposer that fails costs its proposals, not the plan. What the error says is told to whoever asked, by the
        notes, and not to the log: it may hold the request.
        """
        if self.propose is None:
            return
        try:
            proposed = list(self.propose(run.request))
        except Exception as error:  # noqa: BLE001 - a function of somebody else, such as a language model
            log.warning("the proposer failed: %s", type(error).__name__)
            run.notes.append(_note("the proposer failed", error))
            return
        for value in proposed:
            try:
                state = self.domain.encode([value])
            except Exception as error:  # noqa: BLE001 - whatever it is that was proposed
                log.warning("a proposal was left out: %s", type(error).__name__)
                run.notes.append(_note("a proposal was left out", error))
            else:
                run.proposed.append(value)
                run.encoded.append(state)

    def _restored(self, values: Sequence[V], proposed: Sequence[V]) -> Sequence[V]:
        domain: Any = self.domain
        return domain.restored(values, proposed) if proposed and isinstance(domain, Restores) else values

    def _decoded(self, states: Sequence[Sequence[X]]) -> list[list[V]]:
        """Return the values of every run; those of all runs by one call where their states are alike."""
        batches: list[Any] = [batch for each in states for batch in each]
        if len(batches) > 1 and _alike(batches):
            whole: Any = torch.cat(batches)
            told = list(self.domain.decode(whole))
            if len(told) != len(whole):
                raise ContractError(
                    f"{len(told)} values of {len(whole)} states from {type(self.domain).__name__}.decode",
                    "one value for each state",
                    "Decode every state; let the verifier refuse what is no plan.",
                )
            values = iter(told)
            return [list(islice(values, sum(map(len, each)))) for each in cast(Any, states)]
        return [[value for batch in each for value in self.domain.decode(batch)] for each in states]

    def _finished(self, request: Q, values: Sequence[V]) -> Sequence[V]:
        return values if self.finish is None else [self.finish(request, value) for value in values]

    def _judge(self, runs: Sequence[Run[Q, X]], values: Sequence[Sequence[V]]) -> Sequence[Sequence[Verdict]]:
        verify: Any = self.verify  # a function, or an object that can do more than be called
        if isinstance(verify, JudgesMany) and len(runs) > 1:
            return verify.judge_many([run.request for run in runs], values)
        return [self._judged(run, each) for run, each in zip(runs, values, strict=True)]

    def _judged(self, run: Run[Q, X], values: Sequence[V]) -> Sequence[Verdict]:
        def tell(size: int) -> None:
            log.warning("out of memory: going on with the verdicts of %d candidates", size)
            run.notes.append(f"out of memory: verdicts of {size} candidates at once")

        def judge(some: Sequence[V]) -> Sequence[Verdict]:
            verdicts = self.verify(run.request, some)
            if len(verdicts) != len(some):
                raise InvalidConfigError(
                    f"{len(verdicts)} verdicts for {len(some)} candidates",
                    "one verdict for each candidate, in order",
                    "Correct the verifier.",
                )
            return verdicts

        return halved(judge, values, what="candidate to be judged", tell=tell)

    def _plan(self, run: Run[Q, X], considered: tuple[Candidate[V], ...], peak: Peak) -> Plan[Q, V]:
        chosen, confidence = self.select(considered)
        plan: Plan[Q, Any] = Plan(
            request=run.request,
            chosen=chosen,
            confidence=confidence,
            considered=considered,
            ending=run.ending,
            steps_done=run.done - run.lost,
            steps_asked=run.total - run.lost,
            batch=run.batch,
            seconds=run.clock.seconds(),
            seed=run.seed,
            device=str(self.compute.where),
            unfamiliar=None if self.unfamiliar is None else self.unfamiliar(run.request),
            memory=MemoryUse(host=peak.host, grew=peak.grew, device=peak.device),
            notes=tuple(dict.fromkeys(run.notes)),
        )
        log_plan(log, plan)
        return plan


def _note(what: str, error: Exception) -> str:
    return f"{what} ({type(error).__name__}: {error})"[:300]


def _heard(values: Sequence[V], verdicts: Sequence[Verdict], *, count: int) -> Sequence[Verdict]:
    """Tell of each value that was proposed, as evidence `proposed`, as which proposal it came, counted from 0.

    Args:
        values: The values; the last are the proposals.
        verdicts: A verdict for each.
        count: How many were proposed.
    """
    said, told = values[len(values) - count :], list(verdicts)
    for place, value in enumerate(values if count else ()):
        rank = next((rank for rank, other in enumerate(said) if value is other or value == other), None)
        if rank is not None:
            evidence = {**told[place].evidence, "proposed": rank}
            told[place] = told[place].model_copy(update={"evidence": evidence})
    return told


def _told(verdicts: Sequence[Verdict], likely: Sequence[float]) -> Sequence[Verdict]:
    """Add the log-likelihood of each candidate to its evidence; what cannot be at all is told as None."""
    numbers = [n if math.isfinite(n) else None for n in likely]
    return [
        verdict.model_copy(update={"evidence": {**verdict.evidence, "likelihood": number}})
        for verdict, number in zip(verdicts, numbers, strict=True)
    ]


def _candidates(values: Sequence[V], verdicts: Sequence[Verdict]) -> tuple[Candidate[V], ...]:
    """Return one candidate for each value; where value and verdict are the same objects, so is the candidate."""
    made: dict[tuple[int, int], Candidate[V]] = {}
    for value, verdict in zip(values, verdicts, strict=True):
        if (id(value), id(verdict)) not in made:
            made[id(value), id(verdict)] = Candidate(value=value, verdict=verdict)
    return tuple(made[id(value), id(verdict)] for value, verdict in zip(values, verdicts, strict=True))


def log_plan(logger: logging.Logger, plan: Plan[Any, Any]) -> None:
    """Write the one line that there is of each plan; what was asked and what came of it is nobody's business."""
    logger.info(
        "plan ending=%s passed=%s confidence=%.3f candidates=%d steps=%d/%d seconds=%.4f",
        plan.ending,
        plan.chosen.verdict.passed,
        plan.confidence,
        len(plan.considered),
        plan.steps_done,
        plan.steps_asked,
        plan.seconds,
    )


def _alike(batches: Sequence[Any]) -> bool:
    """Whether batches of states are tensors that can be joined."""
    kinds = {(b.shape[1:], b.dtype, b.device) if isinstance(b, Tensor) else None for b in batches}
    return len(kinds) == 1 and None not in kinds
