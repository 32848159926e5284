"""Evolution of the coder in a field of work that training never saw: where the rooms `code` and `evolve` meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias, final

from agentic_diffusion.compute import Compute
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome, Plan, Verdict
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.domain import CodeRequest, Program
from agentic_diffusion_code.exercise import (
    Exercise,
    Learner,
    Sitting,
    proofs_in,
    weights_of,
    with_weights,
)
from agentic_diffusion_code.field import Field, Ground, Jargon
from agentic_diffusion_code.glossary import Glossary
from agentic_diffusion_code.lessons import Manner, rows
from agentic_diffusion_code.model.prefer import Drill
from agentic_diffusion_code.model.rows import Row
from agentic_diffusion_code.practice import Examination, Practice, trainable
from agentic_diffusion_code.questions import Question
from agentic_diffusion_code.sandbox.base import Sandbox
from agentic_diffusion_evolve.estimate import round_of
from agentic_diffusion_evolve.gate import Gate
from agentic_diffusion_evolve.lineage import Lineage
from agentic_diffusion_evolve.loop import Carry, Generation, evolve
from agentic_diffusion_evolve.memory import Memory
from agentic_diffusion_evolve.sqlite import SqliteMemory

CodeMemory: TypeAlias = Memory[CodeRequest, Program]
CodeOutcome: TypeAlias = Outcome[CodeRequest, Program]
CodeGate: TypeAlias = Callable[[Coder, Coder], Verdict]
Tick: TypeAlias = Callable[[str], None]

OLD = 600_000
"""Seeds of the rows of the corpus that are mixed in."""
DEPTHS, LONGEST = (1.0, 4.0, 6.0, 6.0), 240
"""How deep old rows are drawn, and the most tokens of a program: as in the last training of the weights that ship."""
HARBOUR = "harbour"
"""The field of words that no training phrase has."""
NAME = "code"
CARRY = Carry(weights_of, with_weights)


@final
@dataclass(frozen=True)
class Settings:
    """What evolution of the coder may spend, and how it learns.

    Args:
        field: Primitives, and tables of primitives, whose unseen pairs are practised; or `harbour` alone.
        tasks: Tasks a round.
        verified: Tasks with a verified program after which practice ends; no more than these are learned from.
        samples: Programs that are tried for a task where the most likely one fails.
        steps: Optimiser steps a round.
        rows: Programs a step that are learned as in training.
        old: The share of these that are rows of the corpus.
        learning_rate: Peak rate.
        pairs: Pairs of a passed and a failed program a step.
        beta: How far a pair may move the network; 0 leaves pairs out.
        novel: Where above 0 only the embeddings of new tokens are learned: see `Practice`.
        blocks: Block sizes, one drawn for each step.
        exams: Questions of the gate, of the field and of what was known before.
        loss: What may be lost of the latter, as a share.
        tests: Questions that the result is measured with, of the field and of what was known before.
        seed: Of tasks, exams, tests, batches and noise.
    """

    field: tuple[str, ...]
    tasks: int = 200
    verified: int = 200
    samples: int = 6
    steps: int = 150
    rows: int = 16
    old: float = 0.5
    learning_rate: float = 1e-3
    pairs: int = 2
    beta: float = 0.1
    novel: float = 0.0
    blocks: tuple[int, ...] = (4, 8)
    exams: tuple[int, int] = (60, 60)
    loss: float = 0.1
    tests: tuple[int, int] = (60, 100)
    seed: int = 0

    def ground(self) -> Ground:
        """Return the tasks."""
        field = Jargon() if self.field == (HARBOUR,) else Field.of(self.field)
        return Ground(field, seed=self.seed, tests=self.tests, exams=self.exams)

    def drill(self) -> Drill:
        """Return how to learn."""
        return Drill(
            steps=self.steps,
            pairs=self.pairs,
            rows=self.rows,
            old=self.old,
            learning_rate=self.learning_rate,
            beta=self.beta,
            draws=1,
            blocks=self.blocks,
            seed=self.seed,
        )


def usual(field: tuple[str, ...]) -> dict[str, Any]:
    """Return how a field is learned where nothing else is said; chosen on other tasks than those of any test."""
    if field == (HARBOUR,):
        return {"old": 0.0, "learning_rate": 1e-2, "beta": 0.0, "novel": 0.005}
    return {"old": 0.5, "learning_rate": 1e-3, "beta": 0.1, "novel": 0.0}


@final
@dataclass(frozen=True)
class Workplace:
    """Where the coder practises.

    Args:
        coder: The first coder.
        settings: What may be spent.
        sandbox: Where programs run.
        compute: Device and precision of training.
    """

    coder: Coder
    settings: Settings
    sandbox: Sandbox
    compute: Compute = field(default_factory=Compute)

    def old(self, seed: int) -> Iterator[Row]:
        """Yield rows of the corpus as the weights were trained on, from a seed."""
        writer, _ = trainable(self.coder)
        if not hasattr(writer.tokens, "fingerprint"):
            raise InvalidConfigError(
                "a vocabulary of others", "that of the corpus", "Load the embedded coder."
            )
        words: Any = writer.tokens
        languages = self.settings.ground().field.languages
        tasks = generate(seed=OLD + seed, languages=languages, split="train", depths=DEPTHS)
        return rows(tasks, words, seed=OLD + seed, manner=Manner(longest=LONGEST))

    def practice(self) -> Practice:
        """Return how the coder learns from what was proven."""
        how = self.settings.drill()
        return Practice(how, old=self.old, longest=LONGEST, novel=self.settings.novel, compute=self.compute)

    def learner(self) -> Learner:
        """Return the tuner."""
        return Learner(self.practice(), most=self.settings.verified)

    def gate(self, exams: tuple[Sequence[Question], Sequence[Question]], tick: Tick) -> CodeGate:
        """Return the gate: a gain in the field that is beyond doubt, and no great loss of what was known."""
        worlds = [_told(Examination(questions, self.sandbox), tick, "exam") for questions in exams]
        margins = (0.0, self.settings.loss)
        gates: list[Gate[CodeRequest, Program]] = [
            Gate([q.request for q in questions], world, seeds=(0,), margin=margin)
            for questions, world, margin in zip(exams, worlds, margins, strict=True)
        ]
        return Both(gates[0], gates[1])

    def glossary(self, folder: Path) -> Glossary | None:
        """Return what was found out about words in a folder; None in a field that has no new ones.

        Raises:
            InvalidConfigError: The card of the weights does not say which words they know.
        """
        familiar = self.coder.familiar
        if not isinstance(self.settings.ground().field, Jargon):
            return None
        if familiar is None or not familiar.words:
            raise InvalidConfigError(
                "weights whose card has no words",
                "the words that training said, to tell unknown ones",
                "Take weights of `train code`, or a field of primitives.",
            )
        return Glossary(familiar.words, path=folder / "glossary.json")

    def memory(self, folder: Path) -> SqliteMemory[CodeRequest, Program]:
        """Return the memory of a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        return SqliteMemory(folder / "memory.db", CodeRequest, Program)


@final
@dataclass
class Both:
    """Two gates that must both open: one of the field, one of what was known before.

    Args:
        new: Asks for a gain in the field.
        known: Refuses a loss elsewhere.
    """

    new: Gate[CodeRequest, Program]
    known: Gate[CodeRequest, Program]
    _seats: list[tuple[Coder, Sitting]] = field(default_factory=list)

    def __call__(self, candidate: Coder, incumbent: Coder) -> Verdict:
        """Return whether the candidate may take the incumbent's place; the gain is that in the field."""
        one, two = self._seat(candidate), self._seat(incumbent)
        verdicts = {"field": self.new(one, two), "known": self.known(one, two)}
        passed = all(verdict.passed for verdict in verdicts.values())
        evidence = {name: {"passed": v.passed, **v.evidence} for name, v in verdicts.items()}
        return Verdict.model_validate(
            {"passed": passed, "score": verdicts["field"].score, "evidence": evidence}
        )

    def _seat(self, coder: Coder) -> Sitting:
        """Return the coder at its exam; who sat the last one keeps what it wrote."""
        for known, sitting in self._seats:
            if known is coder:
                return sitting
        self._seats = [*self._seats[-1:], (coder, Sitting(coder))]
        return self._seats[-1][1]


def _told(world: Any, tick: Tick, what: str) -> Callable[[Plan[CodeRequest, Program]], Any]:
    def tried(plan: Plan[CodeRequest, Program]) -> Sequence[Outcome[CodeRequest, Program]]:
        told: Sequence[Outcome[CodeRequest, Program]] = world(plan)
        tick(what)
        return told

    return tried


def evolution(
    place: Workplace, *, rounds: int, folder: Path, tick: Tick = lambda what: None
) -> Iterator[tuple[Generation, Coder]]:
    """Let the coder practise, yielding after each round; an interrupted run goes on where it stopped.

    It ends after so many rounds, or after the round in which enough tasks had a verified program.

    Args:
        place: Where, and what may be spent.
        rounds: Rounds in all, those of an interrupted run included.
        folder: Where memory and lineage are kept.
        tick: Told after each task what was done: `practice` or `exam`.
    """
    settings, ground = place.settings, place.settings.ground()
    papers = ground.questions()
    exercise, lineage = Exercise(), Lineage(folder / "lineage")
    pupil: Any = replace(
        place.coder,
        learns=exercise,
        memory=None,
        glossary=place.glossary(folder),
        count=settings.samples,
        rounds=1,
        lints=False,
    )
    memory, tune, gate = (
        place.memory(folder),
        place.learner(),
        place.gate((papers.exams, papers.known_exams), tick),
    )
    try:
        for generation, planner in evolve(
            pupil,
            lambda number: ground.practice(number, settings.tasks),
            _told(exercise, tick, "practice"),
            memory=memory,
            tune=tune,  # type: ignore[arg-type]
            gate=gate,  # type: ignore[arg-type]
            rounds=enough(memory, settings, rounds=rounds),
            lineage=lineage,
            name=NAME,
            carry=CARRY,
        ):
            active: Any = planner
            yield generation, active
            if len(proofs_in(memory)) >= settings.verified:
                return
    finally:
        memory.close()


def by_round(memory: CodeMemory, *, rounds: int) -> list[list[CodeOutcome]]:
    """Return what came of each round of practice."""
    found: list[list[CodeOutcome]] = [[] for _ in range(rounds)]
    for outcome in memory:
        number = round_of(outcome.id, NAME)
        if number is not None and number <= rounds:
            found[number - 1].append(outcome)
    return found


def enough(memory: CodeMemory, settings: Settings, *, rounds: int) -> int:
    """Return the round in which enough tasks had a verified program; all rounds where none was it."""
    told: list[CodeOutcome] = []
    for number, outcomes in enumerate(by_round(memory, rounds=rounds), 1):
        told += outcomes
        if len(proofs_in(told)) >= settings.verified:
            return number
    return rounds
