"""The planner: one request in, one verified plan out, within a budget."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, final, runtime_checkable

import torch
from torch import Tensor

from agentic_diffusion.compute import Compute, bytes_needed, is_out_of_memory
from agentic_diffusion.denoising.denoiser import Denoiser
from agentic_diffusion.denoising.guidance import Guidance, guided
from agentic_diffusion.denoising.process import Process
from agentic_diffusion.denoising.sample import Kernel, denoise
from agentic_diffusion.denoising.schedule import times
from agentic_diffusion.denoising.state import Condition, Step, Time, generator
from agentic_diffusion.errors import BudgetError, InvalidConfigError
from agentic_diffusion.planning.budget import Budget, Clock
from agentic_diffusion.planning.select import Selector, best
from agentic_diffusion.planning.verify import Verifier
from agentic_diffusion.records import Candidate, DenoiseEvent, Ending, Outcome, Plan, Verdict

Q = TypeVar("Q")
X = TypeVar("X")
B = TypeVar("B")
V = TypeVar("V")
Q_contra = TypeVar("Q_contra", contravariant=True)

log = logging.getLogger(__name__)


@runtime_checkable
class Domain(Protocol[Q_contra, X, V]):
    """The user's language on one side, the sampler's on the other."""

    def condition(self, request: Q_contra) -> Condition[X]:
        """Return what the request decides already; raises `InvalidStateError` for an impossible request."""
        ...

    def blank(self, request: Q_contra, count: int) -> X:
        """Return a state of the shape and dtype to sample, for `count` candidates."""
        ...

    def decode(self, x: X) -> Sequence[V]:
        """Return the values that a batch of clean states stands for."""
        ...

    def encode(self, values: Sequence[V]) -> X:
        """Return the states that stand for the values, so that outcomes can be trained on."""
        ...


@runtime_checkable
class Plans(Protocol[Q, V]):
    """All that an integration needs to know about planning."""

    def plan(
        self,
        request: Q,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[Q, V]:
        """Return a plan; `watch` is told about every denoising step."""
        ...


@runtime_checkable
class Learns(Protocol[Q, V]):
    """All that an integration needs to know about learning."""

    def learn(self, outcome: Outcome[Q, V]) -> None:
        """Take in what came of a plan; returns at once."""
        ...


@final
@dataclass(frozen=True)
class Draft(Generic[X]):
    """A plan on its way: an event, and the best reconstruction of each candidate so far (tensors, indoors)."""

    event: DenoiseEvent
    states: X


@final
@dataclass
class _Run(Generic[X]):
    """What one call of `plan` has reached."""

    clock: Clock
    total: int  # steps that will have been made at the end, lost ones included
    batch: int
    left: int  # candidates still to be sampled
    done: int = 0  # steps made, lost ones included
    lost: int = 0  # steps made in batches that ran out of memory
    finished: list[X] = field(default_factory=list)
    ending: Ending = "complete"


@final
@dataclass(frozen=True)
class Planner(Generic[Q, X, B, V]):
    """Samples candidates in batches, verifies them and selects one.

    Args:
        domain: Turns requests into conditions and states into values.
        process: The space.
        denoiser: What to believe.
        verify: Judges the candidates.
        select: Chooses among them.
        guides: Tilt the belief, first to last.
        kernel: How one denoising move is made; ancestral when left out.
        steps: Denoising steps.
        count: Candidates.
        compute: Device and precision.
        propose: Gives further candidates, such as remembered plans; they stand behind the sampled ones.
        finish: Completes a decoded value with what only the request tells.
        likelihood: Log-likelihood of clean states under the (guided) denoiser, told as evidence `likelihood`.
        unfamiliar: How far a request lies from what the planner has seen (see `Plan.unfamiliar`).
    """

    domain: Domain[Q, X, V]
    process: Process[X, B]
    denoiser: Denoiser[X, B]
    verify: Verifier[Q, V]
    select: Selector[V] = best
    guides: tuple[Guidance[X, B], ...] = ()
    kernel: Kernel[X, B] | None = None
    steps: int = 10
    count: int = 16
    compute: Compute = field(default_factory=Compute)
    propose: Callable[[Q], Sequence[V]] | None = None
    finish: Callable[[Q, V], V] | None = None
    likelihood: Callable[[Callable[[X, Time], B], X], Tensor] | None = None
    unfamiliar: Callable[[Q], float] | None = None

    def __post_init__(self) -> None:
        if self.steps < 1 or self.count < 1:
            raise InvalidConfigError(
                f"Planner(steps={self.steps}, count={self.count})",
                "at least one step and one candidate",
                "10 steps and 16 candidates are a fair start.",
            )
        self.compute.settle(self.denoiser, self.guides)

    def plan(
        self,
        request: Q,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[Q, V]:
        """Return the selected plan; ends early with the best so far when the budget is spent.

        Args:
            request: What to plan for.
            seed: The same seed gives the same plan.
            budget: Deadline, memory and stop; none by default.
            watch: Told about every denoising step.

        Raises:
            InvalidStateError: The request is impossible; no network has run.
            BudgetError: Not even one candidate fits the memory.
        """
        run = self.drafts(request, seed=seed, budget=budget)
        while True:
            try:
                draft = next(run)
            except StopIteration as end:
                plan: Plan[Q, V] = end.value
                return plan
            if watch is not None:
                watch(draft.event)

    def drafts(
        self, request: Q, *, seed: int = 0, budget: Budget | None = None
    ) -> Generator[Draft[X], None, Plan[Q, V]]:
        """Yield a draft after every denoising step and return the plan."""
        clock = Clock(budget or Budget())
        condition = self.compute.send(self.domain.condition(request))
        batch = min(self.count, self._fitting(request, condition, clock.budget))
        total = self.steps * -(-self.count // batch)
        run: _Run[X] = _Run(clock, total=total, batch=batch, left=self.count)
        rng = generator(seed)
        while run.left > 0 and run.ending == "complete":
            size, before = min(run.batch, run.left), run.done
            try:
                yield from self._denoise(run, request, condition, size=size, rng=rng)
            except (RuntimeError, MemoryError) as error:
                self._shrink(run, error, size=size, lost=run.done - before)
                continue
            run.left -= size
        return self._answer(run, request, condition, seed=seed)

    def _denoise(
        self, run: _Run[X], request: Q, condition: Condition[X], *, size: int, rng: torch.Generator
    ) -> Iterator[Draft[X]]:
        """Denoise one batch of candidates, until done or out of budget."""
        like = self.compute.send(self.domain.blank(request, size))
        loop = denoise(
            self.process,
            guided(self.denoiser, self.guides),
            like=like,
            condition=condition,
            times=times(self.steps),
            rng=rng,
            kernel=self.kernel,
        )
        guess = like
        for made in range(1, self.steps + 1):
            step = self._next(loop)
            guess = self._guess(step, condition, last=made == self.steps)
            if math.isfinite(run.clock.budget.milliseconds):
                self.compute.wait()
            run.clock.lap()
            run.done += 1
            event = DenoiseEvent(
                step=run.done, total=run.total, time=float(step.t), seconds=run.clock.seconds()
            )
            yield Draft(event, guess)
            if run.done < run.total and (ending := run.clock.ending()) != "complete":
                run.ending = ending
                break
        run.finished.append(guess)

    def _next(self, loop: Iterator[Step[X, B]]) -> Step[X, B]:
        with torch.inference_mode(), self.compute.autocast():
            return next(loop)

    def _guess(self, step: Step[X, B], condition: Condition[X], *, last: bool) -> X:
        belief: Any = step.belief
        if last or belief is None:
            return step.x
        with torch.inference_mode():
            return condition.pin(belief.guess(step.x))

    def _fitting(self, request: Q, condition: Condition[X], budget: Budget) -> int:
        """Return how many candidates fit the memory budget at once."""
        if budget.memory_bytes is None:
            return self.count
        like = self.compute.send(self.domain.blank(request, 1))
        ask = guided(self.denoiser, self.guides)
        with torch.inference_mode(), self.compute.autocast():
            level = torch.tensor(1.0)
            need = bytes_needed(lambda: ask(like, level, condition))
        if need > budget.memory_bytes:
            raise BudgetError(
                f"memory_bytes={budget.memory_bytes}",
                f"at least {need}, the activations of one candidate",
                "Grant more memory or use a smaller network or horizon.",
            )
        return budget.memory_bytes // need

    def _shrink(self, run: _Run[X], error: RuntimeError | MemoryError, *, size: int, lost: int) -> None:
        """Halve the batch after an out-of-memory error; anything else is raised again."""
        if not is_out_of_memory(error):
            raise error
        run.lost += lost
        run.batch = max(1, size // 2)
        run.total = run.done + self.steps * -(-run.left // run.batch)
        if size > 1:
            log.warning("out of memory: going on with batches of %d candidates", run.batch)
        elif run.finished:
            run.ending = "memory"
        else:
            raise BudgetError(
                "out of memory with a batch of one candidate",
                "room for at least one",
                "Free memory or use a smaller network or horizon.",
            ) from error

    def _answer(self, run: _Run[X], request: Q, condition: Condition[X], *, seed: int) -> Plan[Q, V]:
        states = list(run.finished)
        proposed = self.propose(request) if self.propose is not None else ()
        if proposed:
            states.append(condition.pin(self.compute.send(self.domain.encode(proposed))))
        values = [value for batch in states for value in self.domain.decode(batch)]
        if self.finish is not None:
            values = [self.finish(request, value) for value in values]
        verdicts = self.verify(request, values)
        if len(verdicts) != len(values):
            raise InvalidConfigError(
                f"{len(verdicts)} verdicts for {len(values)} candidates",
                "one verdict for each candidate, in order",
                "Correct the verifier.",
            )
        verdicts = self._likely(states, condition, verdicts)
        considered = tuple(
            Candidate(value=value, verdict=verdict) for value, verdict in zip(values, verdicts, strict=True)
        )
        chosen, confidence = self.select(considered)
        plan: Plan[Q, V] = Plan(
            request=request,
            chosen=chosen,
            confidence=confidence,
            considered=considered,
            ending=run.ending,
            steps_done=run.done - run.lost,
            steps_asked=run.total - run.lost,
            batch=run.batch,
            seconds=run.clock.seconds(),
            seed=seed,
            device=str(self.compute.where),
            unfamiliar=None if self.unfamiliar is None else self.unfamiliar(request),
        )
        log.info(
            "plan ending=%s passed=%s confidence=%.3f candidates=%d steps=%d/%d seconds=%.4f",
            plan.ending,
            chosen.verdict.passed,
            confidence,
            len(considered),
            plan.steps_done,
            plan.steps_asked,
            plan.seconds,
        )
        return plan

    def _likely(
        self, states: Sequence[X], condition: Condition[X], verdicts: Sequence[Verdict]
    ) -> Sequence[Verdict]:
        """Add the log-likelihood of each candidate to its evidence; what cannot be at all is told as None."""
        if self.likelihood is None:
            return verdicts
        ask = guided(self.denoiser, self.guides)
        rows: Any = states
        joined: Sequence[Any] = [torch.cat(list(rows))] if isinstance(rows[0], Tensor) else rows
        with torch.inference_mode(), self.compute.autocast():
            told = [
                self.likelihood(lambda x, t: ask(x, t, condition), batch).float().cpu() for batch in joined
            ]
        numbers = [number if math.isfinite(number) else None for number in torch.cat(told).tolist()]
        return [
            verdict.model_copy(update={"evidence": {**verdict.evidence, "likelihood": number}})
            for verdict, number in zip(verdicts, numbers, strict=True)
        ]
