"""Learning in the toolbox: with and without feedback from the same start, before and after the tools change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import final

from agentic_diffusion.records import Record
from agentic_diffusion_worlds.acting.planner import CallPlanner
from agentic_diffusion_worlds.acting.pursue import Pursuit, pursued
from agentic_diffusion_worlds.acting.situation import Calls, Situation
from agentic_diffusion_worlds.toolbox.behaviour import Behaviour
from agentic_diffusion_worlds.toolbox.score import (
    STOPS,
    Driver,
    Table,
    Tally,
    at_random,
    driven,
    give_up,
    oracle,
    tally,
)
from agentic_diffusion_worlds.toolbox.simulate import Case
from agentic_diffusion_worlds.toolbox.tasks import Split, Task, tasks
from agentic_diffusion_worlds.toolbox.training import Lesson, lessons, read_manual

from agentic_diffusion_cli.learning.apprentice import Apprentice, Habits, rehearsed

PRACTICE, TRIAL, EXAM = 1_000_000, 2_000_000, 3_000_000
"""Seeds of tasks to practise on, to judge candidates on and to be examined on never meet."""


class Result(Record):
    """How one driver did in one examination.

    Args:
        driver: Who.
        phase: When: `before` the tools change, `changed` at once after it, `recovered` after more practice.
        split: Which tasks.
        seed: Of the run.
        cases: How each case went.
        practised: Cases that were worked on before, trials of the gate included.
    """

    driver: str
    phase: str
    split: str
    seed: int
    cases: tuple[Tally, ...]
    practised: int

    @property
    def success(self) -> float:
        """The share that was treated well."""
        return fmean(case.success for case in self.cases)


@final
@dataclass(frozen=True)
class Plot:
    """How an experiment goes.

    Args:
        batches: Batches of practice before the tools change, and as many after it.
        batch: Cases of one batch.
        tune_every: Batches between two tunings; None for never.
        trials: Cases on which the gate compares.
        exam: Cases of an examination.
        habits: How the apprentice learns.
    """

    batches: int = 8
    batch: int = 25
    tune_every: int | None = 4
    trials: int = 20
    exam: int = 60
    habits: Habits = field(default_factory=Habits)


def teach(*, demonstrations: int = 2500, seed: int = 0) -> tuple[CallPlanner, list[Lesson]]:
    """Return a planner that has read the manual, and what was in it."""
    known = lessons(demonstrations, seed=seed)
    return read_manual(known, seed=seed), known


def experiment(
    planner: CallPlanner, known: Sequence[Lesson], *, seed: int, plot: Plot | None = None
) -> Iterator[Result]:
    """Yield the results of one seed; every driver sees the same cases and equally many to practise on.

    Args:
        planner: Where all start from.
        known: The manual, to be rehearsed.
        seed: Draws the behaviour of the tools, the tasks and all noise.
        plot: How it goes.
    """
    how = plot or Plot()
    behaviour = Behaviour(seed=seed)
    apprentice = Apprentice(planner, rehearsed(planner, known), habits=how.habits)
    table = Table(planner)
    school = _School(apprentice, table, how=how, seed=seed)
    school.practise(behaviour)
    yield from school.examine(behaviour, "before", ("train", "held-out"))
    yield from school.examine(behaviour.swap(), "changed", ("train",))
    school.practise(behaviour.swap())
    yield from school.examine(behaviour.swap(), "recovered", ("train",))


@final
class _School:
    """One seed's practice and examinations."""

    def __init__(self, apprentice: Apprentice, table: Table, *, how: Plot, seed: int) -> None:
        self.apprentice, self.table, self.how, self.seed = apprentice, table, how, seed
        self.first = apprentice.planner
        self.done = 0

    def practise(self, behaviour: Behaviour) -> None:
        """Let the apprentice and the table work on the same new cases."""
        for batch in range(self.how.batches):
            drawn = list(tasks(self.how.batch, seed=PRACTICE + 1000 * self.seed + self.done))
            pursuits = []
            for index, task in enumerate(drawn):
                number = self.done + index
                pursuits.append(_pursue(self.apprentice.planner, task, behaviour, seed=self._noise(number)))
                self._table(task, behaviour, number)
            self.apprentice.take_in(pursuits)
            self.done += len(drawn)
            if self.how.tune_every and batch % self.how.tune_every == self.how.tune_every - 1:
                self._tune(behaviour)

    def _tune(self, behaviour: Behaviour) -> None:
        """Tune and judge; both pursuits of a trial are practice, which is learned from, and the table gets as much."""
        held = list(tasks(self.how.trials, seed=TRIAL + 1000 * self.seed + self.done))
        extra = list(tasks(self.how.trials, seed=PRACTICE + 1000 * self.seed + self.done + 1))

        tried = []

        def trial(planner: CallPlanner, number: int) -> Pursuit[Situation, Calls]:
            tried.append(_pursue(planner, held[number], behaviour, seed=self._noise(self.done + number)))
            return tried[-1]

        self.apprentice.tune(trial, trials=self.how.trials, seed=self.seed)
        self.apprentice.take_in(tried)
        for index, task in enumerate([*held, *extra]):
            self._table(task, behaviour, self.done + index)
        self.done += 2 * self.how.trials

    def _table(self, task: Task, behaviour: Behaviour, number: int) -> None:
        self.table(Case(task, behaviour, seed=self._noise(number)), self._noise(number))

    def _noise(self, number: int) -> int:
        return 100_000 * self.seed + number

    def examine(self, behaviour: Behaviour, phase: str, splits: Sequence[Split]) -> Iterator[Result]:
        """Yield how every driver does on cases that nobody has practised on; nobody learns from them."""
        drivers: dict[str, Driver] = {
            "ours": driven(self.apprentice.planner),
            "feedback off": driven(self.first),
            "epsilon-greedy table": Table(self.first, epsilon=0.0, worked=dict(self.table.worked)),
            "oracle": oracle(behaviour),
            "random": at_random,
            "always give up": give_up,
        }
        for split in splits:
            drawn = list(tasks(self.how.exam, seed=EXAM + self.seed, split=split))
            for name, drive in drivers.items():
                practised = self.done if name in ("ours", "epsilon-greedy table") else 0
                told = [
                    _drive(drive, task, behaviour, seed=self.seed * 1000 + i) for i, task in enumerate(drawn)
                ]
                yield Result(
                    driver=name,
                    phase=phase,
                    split=split,
                    seed=self.seed,
                    cases=tuple(told),
                    practised=practised,
                )


def _drive(drive: Driver, task: Task, behaviour: Behaviour, *, seed: int) -> Tally:
    case = Case(task, behaviour, seed=seed)
    drive(case, seed)
    return tally(case)


def _pursue(
    planner: CallPlanner, task: Task, behaviour: Behaviour, *, seed: int
) -> Pursuit[Situation, Calls]:
    return pursued(planner, Case(task, behaviour, seed=seed), rounds=STOPS, seed=seed)
