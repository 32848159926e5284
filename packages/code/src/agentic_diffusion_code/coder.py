"""The coder: writes candidates, judges them in the fence, mends what fails, and abstains where nothing holds."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, final, runtime_checkable

from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.budget import Budget, Clock
from agentic_diffusion.planning.planner import Learns
from agentic_diffusion.records import DenoiseEvent, Plan

from .answering import answer
from .confidence import Confidence, Familiar
from .domain import CodeRequest, Program
from .glossary import Glossary
from .grammar import Parses, trouble
from .lint import tidied
from .repair import hint, suspects
from .room import Room
from .sandbox.base import Sandbox
from .search import Attempt, Search, examine, examine_draft, holds, outcome, tested
from .spoken import Interpreter
from .typed import said
from .writes import Branches, Fills, Forks, Sketch, Writes

UNITS = 8
"""Steps of progress that each phase of the work is told in."""


@runtime_checkable
class Recalls(Protocol):
    """A memory of proven programs."""

    def nearest(self, request: CodeRequest) -> str | None:
        """Return a proven program for a request much like this one, if there is any."""
        ...


@final
@dataclass(frozen=True)
class Sketched:
    """Progress of the coder: an event, and the programs as far as they are known."""

    event: DenoiseEvent
    sources: tuple[str, ...]


@final
@dataclass(frozen=True)
class Coder:
    """Answers requests for functions; implements `Plans[CodeRequest, Program]`.

    A draft that came with the request is judged and mended first. Then one program of the most likely tokens; where
    it fails, the nearest program that a memory has proven. Where that fails too, a writer that can look back (`Forks`)
    writes the next most likely ones in up to `rounds` rounds, each from a doubtful place of one that failed, those that
    passed more tests first; where none is left, several are drawn at a temperature. Other writers begin half-way from
    noise with the proven program, draw several at a temperature, then mend the best failing one up to `rounds` times:
    the lines that the failing trace names, or those that the model doubts, are hidden and denoised with the rest in
    view; a failure that was seen before ends that.

    Args:
        writer: Writes programs.
        sandbox: Runs the tests; None refuses requests that have any.
        parses: The parser of each language.
        count: Candidates that are drawn after the first, and of each round.
        rounds: Repairs at most; without any, candidates are drawn at a temperature.
        temperature: Of the candidates that are drawn after the first.
        confidence: Estimates the chance to pass; without it the confidence is that of the tests alone.
        familiar: Says how far a description lies from the training data; a plan is also unfamiliar where the model
            is unsure of its likeliest program.
        memory: Proven programs to begin from.
        glossary: Guesses what unknown words mean, where the most likely program fails its tests.
        learns: Is told what the tests made of each program, passed or failed, such as the memory itself.
        least: The chance to pass under which an untested program is not returned.
        speaks: Puts requests for languages that the writer does not know in one that it knows.
        lints: Whether findings of ruff are collected for Python; a program that may be returned is then also tried as
            ruff corrects it. Of programs that pass the tests as well the one with fewer findings is returned; without
            tests the surer one.
        types: Whether the types of Python programs are looked at before they are run: what cannot fit is run last.
    """

    writer: Writes
    sandbox: Sandbox | None = None
    parses: Parses = trouble
    count: int = 8
    rounds: int = 3
    temperature: float = 0.8
    confidence: Confidence | None = None
    familiar: Familiar | None = None
    memory: Recalls | None = None
    glossary: Glossary | None = None
    learns: Learns[CodeRequest, Program] | None = None
    least: float = 0.5
    speaks: Interpreter | None = None
    lints: bool = True
    types: bool = True

    def __post_init__(self) -> None:
        if self.count < 0 or self.rounds < 0 or self.temperature < 0 or not 0 <= self.least <= 1:
            raise InvalidConfigError(
                f"Coder(count={self.count}, rounds={self.rounds}, least={self.least})",
                "count, rounds, temperature >= 0 and 0 <= least <= 1",
                "The defaults are a fair start.",
            )

    def plan(
        self,
        request: CodeRequest,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[CodeRequest, Program]:
        """Return a program that parses and passes every test of the request, or an abstention with reasons.

        Raises:
            InvalidStateError: The request is too long for the model, or has tests and there is no sandbox.
            BudgetError: Memory has no room for one program.
        """
        run = self.drafts(request, seed=seed, budget=budget)
        while True:
            try:
                shown = next(run)
            except StopIteration as end:
                plan: Plan[CodeRequest, Program] = end.value
                return plan
            if watch is not None:
                watch(shown.event)

    def infill(
        self, request: CodeRequest, sketch: str, *, seed: int = 0, budget: Budget | None = None
    ) -> Plan[CodeRequest, Program]:
        """Return a program with its holes filled so that it passes every test of the request, or an abstention.

        The likeliest fillings are tried, one more than `count`, and without tests the likeliest alone; what is given is
        not changed, so that nothing is tidied either.

        Args:
            request: What the whole program does.
            sketch: The program with the word `HOLE` wherever something is to be written.
            seed: Where chance comes from.
            budget: Time and memory.

        Raises:
            InvalidStateError: There is no hole, the request is too long, or the writer fills none in the language.
        """
        plain = replace(self, lints=False)
        room = Room(self.writer, memory_bytes=(budget or Budget()).memory_bytes, at_once=1)
        search = Search(request, self.sandbox, Clock(budget or Budget()), UNITS, room, seed=seed)
        if not isinstance(self.writer, Fills) or (self.speaks is not None and self.speaks(request)):
            raise InvalidStateError(
                f"holes in {request.language}",
                "a language that the writer writes itself, and a writer with `infill`",
                "Ask for the whole function with `plan`.",
            )
        count = 1 + self.count if request.tests else 1
        sketches = self.writer.infill(request, sketch, count=count, seed=seed)
        for _ in plain._phase(search, sketches):
            pass
        plain._postponed(search)
        for _ in plain._rest(search):
            pass
        return answer(search, self.familiar)

    def drafts(
        self, request: CodeRequest, *, seed: int = 0, budget: Budget | None = None
    ) -> Generator[Sketched, None, Plan[CodeRequest, Program]]:
        """Yield programs on their way and return the plan."""
        spoken = self.speaks(request) if self.speaks is not None else None
        request = request if spoken is None else spoken.request
        budget = budget or Budget()
        room = Room(self.writer, memory_bytes=budget.memory_bytes, at_once=max(1, self.count))
        search = Search(request, self.sandbox, Clock(budget), self._total(request), room, seed=seed)
        search.spoken = spoken
        if spoken is not None and spoken.asked.draft.strip():
            search.attempts[spoken.asked.draft] = examine_draft(search, spoken.asked, parses=self.parses)
        while search.ending == "complete":
            try:
                yield from self._written(search)
                break
            except (RuntimeError, MemoryError) as error:
                if not room.leave(error, anything=bool(search.attempts)):
                    search.ending = "memory"
        yield from self._rest(search)
        return answer(search, self.familiar)

    def _written(self, search: Search) -> Iterator[Sketched]:
        """Write programs until one may be returned, or nothing is left to try."""
        request, writer, seed = search.request, search.room.writer, search.seed
        search.branches = writer.branches(request) if self.rounds and isinstance(writer, Forks) else None
        if request.draft.strip():
            yield from self._phase(search, iter([Sketch((request.draft,), 1.0, 0, done=True)]))
            yield from self._repairs(search)
        if self._wanting(search):
            first = writer.write(request, count=1, seed=seed, temperature=0.0)
            yield from self._phase(search, first)
        known = self.memory.nearest(request) if self.memory is not None and self._wanting(search) else None
        if known is not None:
            if holds(known, request):
                yield from self._phase(search, iter([Sketch((known,), 1.0, 0, done=True)]), skip=True)
            if self._wanting(search) and search.branches is None:

                def vary(count: int) -> Iterator[Sketch]:
                    return writer.vary(request, known, share=0.5, count=count, seed=seed + 1)

                yield from self._several(search, vary, skip=True)
        if self.glossary is not None and request.tests:
            yield from self._guessed(search, self.glossary)
        if self._wanting(search) and self.count and search.branches is None:

            def more(count: int) -> Iterator[Sketch]:
                return writer.write(request, count=count, seed=seed + 2, temperature=self.temperature)

            yield from self._several(search, more)
        yield from self._repairs(search)
        self._postponed(search)

    def _postponed(self, search: Search) -> None:
        """Run what was put off because its types do not fit, the surest first: declarations may be wrong themselves."""
        waiting = [attempt for attempt in search.attempts.values() if attempt.put_off]
        for attempt in sorted(waiting, key=lambda each: -(each.mean or 0.0)):
            search.clock.lap()
            search.ending = search.clock.ending()
            if not self._wanting(search) or search.best() is not None:
                break
            self._judged(search, tested(attempt, search, parses=self.parses))

    def _guessed(self, search: Search, glossary: Glossary) -> Iterator[Sketched]:
        """Ask again in known words where a request has unknown ones; what passes tells what they mean."""
        for guess in glossary.guesses(search.request):
            if not self._wanting(search):
                break
            written = search.room.writer.write(guess.request, count=1, seed=search.seed, temperature=0.0)
            yield from self._phase(search, written, skip=True)
            if not self._wanting(search):
                glossary.learn(guess)
            search.clock.lap()
            search.ending = search.clock.ending()

    def _repairs(self, search: Search) -> Iterator[Sketched]:
        """Mend the best failing programs, one after the other."""
        for _ in range(self.rounds):
            before = search.rounds
            mending = self._mending(search) if self._wanting(search) else None
            if mending is not None:
                yield from self._several(search, mending)
            if search.rounds == before:
                break

    def _several(
        self, search: Search, write: Callable[[int], Iterator[Sketch]], *, skip: bool = False
    ) -> Iterator[Sketched]:
        """Follow a phase that writes several programs; half as many at once where memory runs out."""
        while self._wanting(search):
            try:
                yield from self._phase(search, write(search.room.at_once), skip=skip)
                break
            except (RuntimeError, MemoryError) as error:
                search.room.halve(error)

    def _total(self, request: CodeRequest) -> int:
        drafted = (1 + self.rounds) * int(bool(request.draft.strip()))
        return UNITS * (1 + int(self.count > 0) + self.rounds + drafted)

    def _wanting(self, search: Search) -> bool:
        """Whether there is something left to gain, and time for it: what is doubtful is a last resort."""
        return search.ending == "complete" and not any(
            a.passed and not (a.doubts or a.suspect) for a in search.attempts.values()
        )

    def _phase(self, search: Search, sketches: Iterator[Sketch], *, skip: bool = False) -> Iterator[Sketched]:
        """Follow one phase of the work, and judge what it ends with; progress is told in `UNITS` steps."""
        begun, sketch = search.step, Sketch((), 0.0, 0)
        for sketch in search.room.steps(sketches):
            units = 0 if skip else min(UNITS, 1 + int(sketch.share * (UNITS - 1)))
            while search.ending == "complete" and search.step < min(begun + units, search.total - 1):
                yield self._told(search, sketch.sources)
            if search.ending != "complete":
                break
        search.forwards += sketch.forwards
        search.tokens += sketch.tokens // max(1, len(sketch.sources))
        whole = sketch.done or search.ending == "complete"  # what was cut off on its way is no program
        for source in dict.fromkeys(sketch.sources if whole else ()):
            if search.ending == "complete" or not search.attempts:
                self._tidy(search, self._try(search, source))

    def _told(self, search: Search, sources: tuple[str, ...]) -> Sketched:
        search.step += 1
        search.clock.lap()
        if search.step < search.total:
            search.ending = search.clock.ending()
        share = search.step / search.total
        event = DenoiseEvent(
            step=search.step, total=search.total, time=max(0.0, 1.0 - share), seconds=search.clock.seconds()
        )
        return Sketched(event, sources)

    def _rest(self, search: Search) -> Iterator[Sketched]:
        """Tell the steps that were not needed, so that progress ends at its end."""
        best = search.best()
        sources = (best.source,) if best is not None else ()
        while search.ending == "complete" and search.step < search.total:
            yield self._told(search, sources)

    def _try(self, search: Search, source: str) -> Attempt:
        if source in search.attempts:
            return search.attempts[source]
        attempt = examine(source, search, parses=self.parses, lints=self.lints, types=self.types)
        search.attempts[source] = attempt
        return self._judged(search, attempt)

    def _judged(self, search: Search, attempt: Attempt) -> Attempt:
        """Ask for the model's opinion of a program, and tell those who learn what the tests made of it."""
        if attempt.trouble is None:
            sure = search.room.sure(search.request, attempt.body)
            attempt.lines = sure.lines if sure is not None else ()
            attempt.mean = sure.mean if sure is not None else None
            if sure is not None and self.confidence is not None:
                attempt.chance = self._chance(search, attempt, sure.features, self.confidence)
            elif sure is not None:
                attempt.chance = sure.mean
            if (
                attempt.judgement is None and not attempt.put_off and self.confidence is not None
            ):  # no opinion is no chance
                attempt.passed = attempt.passed and (attempt.chance or 0.0) >= self.least
        if self.learns is not None and attempt.judgement is not None:
            self.learns.learn(outcome(search, attempt))
        return attempt

    def _chance(
        self, search: Search, attempt: Attempt, features: tuple[float, ...], confidence: Confidence
    ) -> float:
        """Return the chance to pass; where the estimate asks for it, the untested is looked at more closely."""
        if attempt.put_off:
            return confidence(features, 0)
        if attempt.judgement is not None:
            return confidence(features, len(attempt.judgement.results) if attempt.passed else 0)
        heeded = search.room.heeded(search.request, attempt.body, wanted=confidence.further(len(features)))
        search.forwards += heeded.forwards
        return confidence((*features, *heeded.features))

    def _tidy(self, search: Search, attempt: Attempt) -> None:
        """Try a program that may be returned once more as ruff would have it; what the user wrote is left alone."""
        request = search.request
        pinned = bool(
            search.spoken or request.prefix.strip() or request.suffix.strip() or attempt.body == request.draft
        )
        if attempt.passed and attempt.findings and not pinned:
            self._try(search, tidied(attempt.body, unsafe=bool(request.tests)))

    def _mending(self, search: Search) -> Callable[[int], Iterator[Sketch]] | None:
        """Return what writes the next repairs of what failed; None where the same failure would come again."""
        if search.branches is not None:
            for attempt in search.attempts.values():
                if attempt.foreign:
                    continue
                wrong = min((each.line for each in attempt.types or ()), default=None)
                search.branches.tell(attempt.body, -1.0 if attempt.trouble else attempt.score, until=wrong)
            return partial(self._forked, search, search.branches)
        fault = search.fault()
        if fault is None:
            return None
        judgement = fault.judgement
        failures, misfits = judgement.failures if judgement else (), [each.line for each in fault.types or ()]
        groups = suspects(fault.body, failures, fault.lines, misfits=misfits)
        search.rounds += 1
        return lambda count: search.room.writer.mend(
            search.request,
            fault.body,
            groups=groups,
            hint=hint(judgement) if judgement is not None else fault.trouble or said(fault.types or ()),
            count=count,
            seed=search.seed + 2 + search.rounds,
        )

    def _forked(self, search: Search, branches: Branches, count: int) -> Iterator[Sketch]:
        """Write the next most likely programs; where there are none, draw some, unless that brought nothing before."""
        search.stuck = True
        for sketch in branches.write(count=count, seed=search.seed + 3 + search.rounds):
            search.rounds += search.stuck
            search.stuck = False
            yield sketch
        if search.stuck and search.drawn != len(search.attempts):
            search.rounds += 1
            seed = search.seed + 3 + search.rounds
            yield from search.room.writer.write(
                search.request, count=count, seed=seed, temperature=self.temperature
            )
            search.drawn = len(search.attempts)  # not before: memory may run out
