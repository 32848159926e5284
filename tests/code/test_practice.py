"""Practice makes right programs likelier, a gate decides, and throwing the new coder away is the rollback."""

from itertools import repeat

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.records import Outcome
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import CodeRequest, Program, asked
from agentic_diffusion_code.model.prefer import Drill
from agentic_diffusion_code.model.rows import Row
from agentic_diffusion_code.practice import Examination, Practice, trainable
from agentic_diffusion_code.proven import Proof, Proven
from agentic_diffusion_code.questions import Question
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_evolve import Gate, SqliteMemory
from scribe import DOUBLE, SQUARE, Scribe
from tiny import DEEDS, WRONG, program, request, torn

DRILL = Drill(steps=10, pairs=2, rows=8, learning_rate=3e-3, draws=1, blocks=(4,))


def right(coder: Coder, deed: str, count: int = 24) -> float:
    *_, sketch = coder.writer.write(request(deed), count=count, seed=5, temperature=1.0)
    return sum(text.split() == DEEDS[deed].split() for text in sketch.sources) / count


def proofs() -> list[Proof]:
    return [
        Proof(request=request(deed), passed=program(body), failed=(program(WRONG),))
        for deed, body in DEEDS.items()
    ]


def test_practice_makes_right_programs_likelier_on_every_seed() -> None:
    for seed in range(3):
        coder, _ = torn(seed)
        before = sum(right(coder, deed) for deed in DEEDS) / len(DEEDS)
        after = sum(right(Practice(DRILL)(coder, proofs()), deed) for deed in DEEDS) / len(DEEDS)
        assert after > before + 0.1
        assert sum(right(coder, deed) for deed in DEEDS) / len(DEEDS) == before


def test_what_cannot_be_learned_from_is_left_out() -> None:
    coder, _ = torn(0, steps=1)
    nothing = Practice(DRILL)
    assert nothing(coder, []) is coder
    unproven = Proof(request=request("doubles"), failed=(program(WRONG),))
    long = Proof(request=request("doubles"), passed=program("x + " * 90 + "x"))
    wordy = Proof(request=asked("word " * 400), passed=program("x"))
    assert nothing(coder, [unproven, long, wordy]) is coder
    same = Proof(request=request("doubles"), passed=program("x + x"), failed=("x  +  x\n",))
    assert nothing.lessons(coder.writer, [same])[0] == []
    with pytest.raises(InvalidConfigError, match="without weights"):
        nothing(Coder(Scribe(DOUBLE)), proofs())


@pytest.fixture(scope="module")
def exam():
    questions = []
    for index in range(6):
        wanted = asked(f"doubles {index} ways", ["f(2) == 4"])
        hidden = wanted.task().model_copy(update={"tests": asked("x", ["f(3) == 6"]).tests})
        questions.append(Question(str(index), wanted, hidden))
    with ProcessSandbox(concurrency=2) as sandbox:
        yield Examination(questions, sandbox), sandbox


def test_a_gate_takes_the_better_coder_and_no_other(exam) -> None:
    world, sandbox = exam
    good, bad = (Coder(Scribe(text), sandbox, count=0, rounds=0, lints=False) for text in (DOUBLE, SQUARE))
    gate = Gate(world.tasks, world, seeds=(0,))
    assert gate(good, bad).passed
    assert not gate(bad, good).passed
    assert not gate(bad, bad).passed
    (told,) = world(bad.plan(world.tasks[0]))
    assert (told.reward, told.source) == (0.0, "hidden tests")
    with pytest.raises(InvalidStateError, match="one of the questions"):
        world(good.plan(asked("something else")))


def test_outcomes_go_to_a_memory_of_evolve_and_come_back(exam, tmp_path) -> None:
    _, sandbox = exam
    kept: SqliteMemory[CodeRequest, Program] = SqliteMemory(tmp_path / "code.db", CodeRequest, Program)

    class Keeps:
        def learn(self, outcome: Outcome[CodeRequest, Program]) -> None:
            kept.add(outcome)

    wanted = asked("doubles", ["f(3) == 6", "f(2) == 4"])
    coder = Coder(Scribe(SQUARE, DOUBLE), sandbox, count=0, lints=False, learns=Keeps())
    coder.plan(wanted)
    coder.plan(wanted)
    first, second = kept
    assert (first.value.source, first.reward, second.value.source, second.reward) == (
        SQUARE,
        0.0,
        DOUBLE,
        1.0,
    )
    assert first.request == wanted
    proven = Proven()
    for outcome in kept:
        proven.learn(outcome)
    kept.close()
    (proof,) = proven.proofs()
    assert (proof.passed, proof.failed) == (DOUBLE, (SQUARE,))


def test_a_proven_program_is_the_start_of_a_request_like_it(exam) -> None:
    _, sandbox = exam
    memory = Proven()
    teacher = Coder(Scribe(DOUBLE), sandbox, count=0, lints=False, learns=memory)
    teacher.plan(asked("returns the number twice", ["f(3) == 6"]))
    wanted = asked("returns this number twice", ["f(4) == 8"])
    alone = Coder(Scribe("def f(x):\n    return 0\n"), sandbox, count=1, rounds=0, lints=False)
    assert alone.plan(wanted).abstained
    helped = Coder(alone.writer, sandbox, count=1, rounds=0, lints=False, memory=memory)
    assert helped.plan(wanted).chosen.value.source == DOUBLE


def test_new_words_are_learned_in_their_embeddings_alone() -> None:
    coder, tokens = torn(0)
    known = Row((tokens.language("python"), 0), (tokens.end,))
    alone = Practice(DRILL, old=lambda seed: repeat(known), novel=0.5)(coder, proofs())
    (_, first), (_, second) = trainable(coder), trainable(alone)
    before, after = first.network.state_dict(), second.network.state_dict()
    assert [name for name in before if not torch.equal(before[name], after[name])] == ["embed.weight"]
    rows = (before["embed.weight"] != after["embed.weight"]).any(1).nonzero().flatten().tolist()
    said = {i for proof in proofs() for i in coder.writer.prompt(proof.request)}
    assert set(rows) <= said - {tokens.language("python")}
    assert rows
    for old in (None, lambda seed: iter([])):
        with pytest.raises(InvalidConfigError, match="without a new token"):
            Practice(DRILL, old=old, novel=0.5)(coder, proofs())
