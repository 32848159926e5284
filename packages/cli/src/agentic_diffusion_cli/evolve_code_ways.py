"""The coder that practised beside other ways to use the same practice: none of it, memory alone, no gate, old rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any, final

from agentic_diffusion.store import write_atomically
from agentic_diffusion_code.bench import share
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.evaluate import coded, single
from agentic_diffusion_code.exercise import with_weights
from agentic_diffusion_code.glossary import Glossary
from agentic_diffusion_code.model.prefer import drilled
from agentic_diffusion_code.model.rows import Noise
from agentic_diffusion_code.practice import trainable
from agentic_diffusion_code.proven import Proven
from agentic_diffusion_code.questions import Question
from agentic_diffusion_code.sandbox.base import Sandbox
from agentic_diffusion_evolve.lineage import Lineage
from agentic_diffusion_evolve.measure import student

from agentic_diffusion_cli.evolve_code import CodeMemory, CodeOutcome, Workplace, by_round

FROZEN, MEMORY, OLD_ROWS, NO_GATE, OURS = "frozen", "memory alone", "old rows alone", "without gate", "ours"
GLOSSARY = "glossary alone"
"""The first coder with what practice found out about words, and no more guesses."""
PLAIN = "frozen, in plain words"
"""The first coder, asked for the same programs in words it knows: what the words alone can cost."""
WHOLE = 1e-3
"""The peak rate at which all weights are trained on old rows where the others learn embeddings alone."""
COLUMNS = ("field_single", "field_verified", "field_returned", "known_single")

Answers = dict[str, list[bool]]
"""From a column to what became of each question."""


@final
@dataclass(frozen=True)
class Compared:
    """What the ways are made of.

    Args:
        place: Where practice took place, and the first coder.
        lineage: What came of it.
        memory: The outcomes of practice.
        glossary: What practice found out about words; None in a field without new ones.
        count: Programs that are tried where the first fails its shown tests.
    """

    place: Workplace
    lineage: Lineage
    memory: CodeMemory
    glossary: Glossary | None = None
    count: int = 4

    def ways(self) -> dict[str, Callable[[], Coder]]:
        """Return the coder of each way, made when it is called."""
        first = replace(
            self.place.coder,
            count=self.count,
            rounds=1,
            lints=False,
            memory=None,
            glossary=None,
            learns=None,
        )
        tree = self.lineage.tree()
        assert tree is not None
        rounds = len(tree.generations) - 1
        told = by_round(self.memory, rounds=rounds)
        looked_up = self.glossary
        words = {} if looked_up is None else {GLOSSARY: lambda: replace(first, glossary=looked_up)}
        return {
            FROZEN: lambda: first,
            MEMORY: lambda: replace(first, memory=_remembered(told)),
            **words,
            OLD_ROWS: lambda: self._old_rows(first, rounds),
            NO_GATE: lambda: self._ungated(first, told),
            OURS: lambda: with_weights(first, self.lineage.weights().tensors),
        }

    def all_promoted(self) -> bool:
        """Whether the gate let every generation pass, so that it changed nothing."""
        tree = self.lineage.tree()
        return tree is not None and all(each.fate != "rejected" for each in tree.generations)

    def _ungated(self, coder: Coder, told: Sequence[Sequence[CodeOutcome]]) -> Coder:
        """Return the coder that learned from the same outcomes and took every generation."""
        learner, known = self.place.learner(), list[CodeOutcome]()
        for outcomes in told:
            known += outcomes
            coder = learner(coder, known)
        return coder

    def _old_rows(self, coder: Coder, rounds: int) -> Coder:
        """Return the coder that trained as long on rows of the corpus alone; one generation in a field of words."""
        writer, model = trainable(coder)
        drill, network = self.place.settings.drill(), model.network
        if self.place.settings.novel:
            drill, rounds = replace(drill, learning_rate=WHOLE), min(rounds, 1)
        noise = Noise(writer.tokens.pad, writer.tokens.mask)
        for number in range(rounds):
            lessons = list(islice(self.place.old(7000 + number), drill.steps * drill.rows))
            how = replace(drill, old=0.0, seed=drill.seed + number)
            for _, student_ in drilled(
                network, [], lessons, noise=noise, drill=how, compute=self.place.compute
            ):
                last = student_
            network = last.eval().requires_grad_(False)
        return replace(coder, writer=replace(writer, model=replace(model, network=network)))


def _remembered(told: Sequence[Sequence[CodeOutcome]]) -> Proven:
    proven = Proven()
    for outcomes in told:
        for outcome in outcomes:
            proven.learn(outcome)
    return proven


def answered(
    coder: Coder,
    field: Sequence[Question],
    known: Sequence[Question],
    *,
    sandbox: Sandbox,
    tick: Callable[[], None] = lambda: None,
) -> Answers:
    """Ask a coder everything: a single program without tests, and in the field what it returns with three of them."""
    told: Answers = {column: [] for column in COLUMNS}
    for seed, question in enumerate(field):
        alone = single(coder, question, sandbox=sandbox).passed
        told["field_single"].append(alone)
        answer = None if alone else coded(coder, question, sandbox=sandbox, seed=seed)
        told["field_returned"].append(alone or (answer is not None and answer.returned))
        told["field_verified"].append(alone or (answer is not None and answer.passed))
        tick()
    for question in known:
        told["known_single"].append(single(coder, question, sandbox=sandbox).passed)
        tick()
    return told


def compare(
    compared: Compared,
    field: Sequence[Question],
    known: Sequence[Question],
    *,
    folder: Path,
    plain: Sequence[Question] = (),
    tick: Callable[[str], None] = lambda way: None,
) -> list[dict[str, Any]]:
    """Return one row for each way, all on the same questions; what was answered before is read from the folder.

    Args:
        compared: What the ways are made of.
        field: Questions of the field.
        known: Questions of what was known before.
        folder: Where answers are kept.
        plain: The questions of the field in words of training, in their order; there is a row for them where given.
        tick: Told which way has answered one more.
    """
    path = folder / "answers.json"
    tree = compared.lineage.tree()
    assert tree is not None
    stamp = {"active": tree.active, "generations": len(tree.generations), "count": compared.count}
    held = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    answers: dict[str, Answers] = held.get("answers", {}) if held.get("of") == stamp else {}
    for name, make in compared.ways().items():
        if name == NO_GATE and compared.all_promoted():
            continue
        if name not in answers:
            told = answered(make(), field, known, sandbox=compared.place.sandbox, tick=partial(tick, name))
            answers[name] = told
            write_atomically(path, json.dumps({"of": stamp, "answers": answers}).encode())
        if name == FROZEN and plain and PLAIN not in answers:
            told = answered(make(), plain, (), sandbox=compared.place.sandbox, tick=partial(tick, PLAIN))
            answers[PLAIN] = {**told, "known_single": answers[FROZEN]["known_single"]}
            write_atomically(path, json.dumps({"of": stamp, "answers": answers}).encode())
    if compared.all_promoted():
        answers[NO_GATE] = answers[OURS]
    names = [name for name in (*compared.ways(), PLAIN) if name in answers]
    return [_row(name, answers[name], answers[FROZEN]) for name in names]


def _row(name: str, told: Answers, frozen: Answers) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name}
    for column, values in told.items():
        row[column] = share(sum(values), len(values))
    for column in ("field_single", "field_verified", "known_single"):
        row[f"{column}_gain"] = paired(told[column], frozen[column])
    return row


def paired(values: Sequence[bool], others: Sequence[bool]) -> Mapping[str, Any]:
    """Return the mean difference of paired answers with its 95 % interval by Student's t."""
    gaps = [float(a) - float(b) for a, b in zip(values, others, strict=True)]
    if len(gaps) < 2:
        return {"mean": fmean(gaps) if gaps else 0.0, "ci95": [-1.0, 1.0], "n": len(gaps)}
    ends = [student(gaps, 0.025), -student([-gap for gap in gaps], 0.025)]
    return {"mean": fmean(gaps), "ci95": ends, "n": len(gaps)}
