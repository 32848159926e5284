"""The planner: one request in, one verified plan out, within a budget."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Generic, TypeVar, final

import torch
from torch import Tensor

from agentic_diffusion.compute import Compute, MemoryWatch, is_out_of_memory
from agentic_diffusion.denoising.denoiser import Denoiser
from agentic_diffusion.denoising.guidance import Guidance, guided
from agentic_diffusion.denoising.process import Process
from agentic_diffusion.denoising.sample import Kernel, denoise
from agentic_diffusion.denoising.schedule import times
from agentic_diffusion.denoising.state import Condition, Shares, Step, Time, generator
from agentic_diffusion.errors import BudgetError, InvalidConfigError
from agentic_diffusion.planning.answer import Answers, Run
from agentic_diffusion.planning.budget import Budget, Clock
from agentic_diffusion.planning.draft import Draft
from agentic_diffusion.planning.likely import of_many, of_one
from agentic_diffusion.planning.protocols import Domain, Learns, Plans, PlansMany
from agentic_diffusion.planning.room import fitting_rows, halved
from agentic_diffusion.planning.select import Selector, best
from agentic_diffusion.planning.together import Once, joined, kind_of, paired, parts
from agentic_diffusion.planning.verify import Verifier
from agentic_diffusion.records import DenoiseEvent, Plan

__all__ = ["Domain", "Draft", "Learns", "Planner", "Plans", "PlansMany"]

Q = TypeVar("Q")
X = TypeVar("X")
B = TypeVar("B")
V = TypeVar("V")

log = logging.getLogger(__name__)


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
        run = self._begin(request, seed, budget or Budget())
        run.granted = run.rows_at_once = self._fitting(run)
        run.batch = min(self.count, run.granted)
        run.total = self.steps * -(-self.count // run.batch)
        rng, worker = generator(seed), self
        while run.left > 0 and run.ending == "complete":
            size, before = min(run.batch, run.left), run.done
            try:
                yield from worker._denoise(run, size=size, rng=rng)
            except (RuntimeError, MemoryError) as error:
                worker = worker._shrink(run, error, size=size, lost=run.done - before)
                continue
            run.left -= size
        return worker._answers([run])[0]

    def plan_many(
        self,
        requests: Sequence[Q],
        *,
        seeds: Sequence[int] | None = None,
        budgets: Sequence[Budget] | None = None,
        watch: Callable[[int, DenoiseEvent], None] | None = None,
        at_once: int = 64,
    ) -> list[Plan[Q, V]]:
        """Return one plan for each request; alike requests are denoised and judged together, in one batch.

        Each plan is the one that `plan` makes of its request and seed, up to the rounding of larger matrix products.
        Requests that cannot be joined are planned one after the other (see `planning.together.kind_of`).

        Args:
            requests: What to plan for.
            seeds: One for each request; 0 for all when left out.
            budgets: One for each request; whoever is out of time gets the best so far, and the others go on.
            watch: Told the index of a request and its event, after every denoising step.
            at_once: Requests in a batch; half as many whenever memory runs out.

        Raises:
            InvalidStateError: A request is impossible; no network has run.
            InvalidConfigError: There is another number of seeds or budgets, or `at_once` is below 1.
            BudgetError: Not even one candidate fits the memory.
        """
        count = len(requests)
        granted = paired("budgets", budgets, count=count, default=Budget())
        each = zip(requests, paired("seeds", seeds, count=count, default=0), granted, strict=True)
        memory = MemoryWatch(self.compute.where)
        runs = [self._begin(*one, memory=memory) for one in each]
        alike: dict[Hashable, list[int]] = {}
        for index, run in enumerate(runs):
            kind = kind_of(self.domain.blank(run.request, self.count), run.condition)
            alike.setdefault(index if kind is None else kind, []).append(index)
        plans: dict[int, Plan[Q, V]] = {}
        for members in alike.values():
            tight = min(
                (runs[k] for k in members), key=lambda run: run.clock.budget.memory_bytes or sys.maxsize
            )
            fits = self._fitting(tight)
            for k in members:
                runs[k].granted = runs[k].rows_at_once = fits
            size = min(at_once, fits // self.count)
            for part in parts(members, max(1, size), most=at_once):
                group = {k: runs[k] for k in part}
                plans |= zip(part, self._group(group, watch), strict=True)
        return [plans[index] for index in range(count)]

    def _begin(
        self, request: Q, seed: int, budget: Budget, *, memory: MemoryWatch | None = None
    ) -> Run[Q, X]:
        condition = self.compute.send(self.domain.condition(request))
        watch = memory or MemoryWatch(self.compute.where)
        return Run(request, seed, Clock(budget), condition, watch, left=self.count, batch=self.count)

    def _group(
        self, runs: Mapping[int, Run[Q, X]], watch: Callable[[int, DenoiseEvent], None] | None
    ) -> list[Plan[Q, V]]:
        """Plan for a group of alike requests in one batch, or in halves where that is too much for the memory."""
        if len(runs) == 1:
            ((index, run),) = runs.items()
            tell = None if watch is None else partial(watch, index)
            plan = self.plan(run.request, seed=run.seed, budget=run.clock.left(), watch=tell)
            return [plan.model_copy(update={"notes": tuple(dict.fromkeys((*run.notes, *plan.notes)))})]
        try:
            self._together(runs, watch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            half, items = len(runs) // 2, list(runs.items())
            log.warning("out of memory: going on with %d requests at once", half)
            for _, run in items:
                run.notes.append(f"out of memory with {len(runs)} requests at once")
                run.finished, run.done, run.ending = [], 0, "complete"
            return self._group(dict(items[:half]), watch) + self._group(dict(items[half:]), watch)
        return self._answers(list(runs.values()))

    def _together(
        self, runs: Mapping[int, Run[Q, X]], watch: Callable[[int, DenoiseEvent], None] | None
    ) -> None:
        """Denoise the candidates of several requests in one batch; each has its own randomness and its own clock."""
        told: Any = [run.condition for run in runs.values()]
        blanks: Any = [self.domain.blank(run.request, self.count) for run in runs.values()]
        condition: Any = joined(told, rows=self.count)
        like: Any = self.compute.send(torch.cat(blanks))
        rng = Shares([generator(run.seed) for run in runs.values()], rows=self.count)
        loop = self._loop(like, condition, rng, ask=Once(self.denoiser, rows=self.count))
        going = dict(enumerate(runs.items()))
        timed = any(math.isfinite(run.clock.budget.milliseconds) for run in runs.values())
        for made in range(1, self.steps + 1):
            step = self._next(loop)
            guess: Any = None
            if timed:
                self.compute.wait()
            for place, (index, run) in list(going.items()):
                run.total, run.done = self.steps, made
                run.clock.lap()
                if watch is not None:
                    watch(index, run.event(step.t))
                run.ending = run.clock.ending() if made < self.steps else "complete"
                if made == self.steps or run.ending != "complete":
                    guess = self._guess(step, condition, last=made == self.steps) if guess is None else guess
                    run.finished.append(guess[place * self.count : (place + 1) * self.count])
                    del going[place]
            if not going:
                return

    def _denoise(self, run: Run[Q, X], *, size: int, rng: torch.Generator) -> Iterator[Draft[X]]:
        """Denoise one batch of candidates, until done or out of budget."""
        like = self.compute.send(self.domain.blank(run.request, size))
        loop = self._loop(like, run.condition, rng)
        draft: Draft[X] | None = None
        for made in range(1, self.steps + 1):
            step = self._next(loop)
            guess = partial(self._guess, step, run.condition, last=made == self.steps)
            if math.isfinite(run.clock.budget.milliseconds):
                self.compute.wait()
            run.clock.lap()
            run.done += 1
            draft = Draft(run.event(step.t), guess)
            yield draft
            if run.done < run.total and (ending := run.clock.ending()) != "complete":
                run.ending = ending
                break
        run.finished.append(like if draft is None else draft.states)

    def _loop(
        self,
        like: X,
        condition: Condition[X],
        rng: torch.Generator,
        *,
        ask: Denoiser[X, B] | None = None,
    ) -> Iterator[Step[X, B]]:
        return denoise(
            self.process,
            guided(ask or self.denoiser, self.guides),
            like=like,
            condition=condition,
            times=times(self.steps),
            rng=rng,
            kernel=self.kernel,
        )

    def _next(self, loop: Iterator[Step[X, B]]) -> Step[X, B]:
        with torch.inference_mode(), self.compute.autocast():
            return next(loop)

    def _guess(self, step: Step[X, B], condition: Condition[X], *, last: bool) -> X:
        belief: Any = step.belief
        if last or belief is None:
            return step.x
        with torch.inference_mode():
            return condition.pin(belief.guess(step.x))

    def _fitting(self, run: Run[Q, X]) -> int:
        """Return how many candidates fit the memory budget at once; more than there will ever be without one."""
        granted = run.clock.budget.memory_bytes
        if granted is None:
            return sys.maxsize
        like, level = self.compute.send(self.domain.blank(run.request, 1)), torch.tensor(1.0)
        ask = guided(self.denoiser, self.guides)
        with torch.inference_mode(), self.compute.autocast():
            fits = fitting_rows(lambda told: ask(like, level, told), run.condition, granted)
        if fits < self.count:
            run.notes.append(f"memory_bytes={granted}: batches of {fits} candidates")
        return fits

    def _shrink(
        self, run: Run[Q, X], error: RuntimeError | MemoryError, *, size: int, lost: int
    ) -> Planner[Q, X, B, V]:
        """Halve the batch after an out-of-memory error, then go to the host; anything else is raised again."""
        if not is_out_of_memory(error):
            raise error
        run.lost += lost
        run.batch = max(1, size // 2)
        run.rows_at_once = min(run.rows_at_once, run.batch)
        run.total = run.done + self.steps * -(-run.left // run.batch)
        if size > 1:
            log.warning("out of memory: going on with batches of %d candidates", run.batch)
            run.notes.append(f"out of memory: batches of {run.batch} candidates")
            return self
        if run.finished:
            run.ending = "memory"
            return self
        worker = self._aside(run, error)
        run.batch = min(run.left, run.granted)
        run.total = run.done + self.steps * -(-run.left // run.batch)
        return worker

    def _aside(self, run: Run[Q, X], error: RuntimeError | MemoryError) -> Planner[Q, X, B, V]:
        """Return a planner on the host that goes on where the device had no room for one candidate."""
        spare = self.compute.spare
        if spare is None:
            raise BudgetError(
                "out of memory with a batch of one candidate",
                "room for at least one",
                "Free memory or use a smaller network or horizon.",
            ) from error
        log.warning("out of memory on %s: going on on %s", self.compute.where, spare.where)
        run.notes.append(f"out of memory on {self.compute.where}: went on on {spare.where}")
        run.condition = spare.send(self.domain.condition(run.request))
        run.rows_at_once = run.granted
        denoiser, guides = spare.copied((self.denoiser, self.guides))
        return replace(self, compute=spare, denoiser=denoiser, guides=guides)

    def _answers(self, runs: Sequence[Run[Q, X]]) -> list[Plan[Q, V]]:
        """Return the plan of each run; where memory runs out, of half of them at a time."""

        def tell(size: int) -> None:
            log.warning("out of memory: going on with the answers of %d requests", size)
            for run in runs:
                run.notes.append(f"out of memory with the answers of {len(runs)} requests")

        answers = Answers(
            self.domain,
            self.verify,
            self.select,
            self.compute,
            propose=self.propose,
            finish=self.finish,
            likely=None if self.likelihood is None else self._likely,
            unfamiliar=self.unfamiliar,
        )
        for run in runs:
            answers.proposals(run)
        return halved(answers, runs, what="request to be answered", tell=tell)

    def _likely(self, runs: Sequence[Run[Q, X]], states: Sequence[Sequence[X]]) -> Sequence[list[float]]:
        """Return the log-likelihoods of each run, of all in few calls where that can be."""
        believes = guided(self.denoiser, self.guides)
        told = of_many(self.likelihood, believes, compute=self.compute, runs=runs, states=states)
        return told or [self._chances(run, each) for run, each in zip(runs, states, strict=True)]

    def _chances(self, run: Run[Q, X], states: Sequence[X]) -> list[float]:
        """Return the log-likelihood of each state of each batch; asked about few rows at a time where room is short."""
        if self.likelihood is None:
            return []
        believes = guided(self.denoiser, self.guides)
        try:
            return of_one(self.likelihood, believes, compute=self.compute, run=run, states=states)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if run.rows_at_once == 1:
                worker = self._aside(run, error)
                return worker._chances(run, worker.compute.send(tuple(states)))
            run.rows_at_once = (
                run.batch if run.rows_at_once > run.batch else run.rows_at_once // 2
            )  # a batch had room before
        log.warning("out of memory: going on with the likelihood of %d rows", run.rows_at_once)
        run.notes.append(f"out of memory: likelihood of {run.rows_at_once} rows at once")
        return self._chances(run, states)
