"""Exercise: with learning the loop of evolution makes right programs likelier, without it nothing changes."""

from collections.abc import Sequence

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome, Plan, Verdict
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import CodeRequest, Program, asked
from agentic_diffusion_code.exercise import (
    Exercise,
    Learner,
    Sitting,
    proofs_in,
    weights_of,
    with_weights,
)
from agentic_diffusion_code.model.prefer import Drill
from agentic_diffusion_code.practice import Practice
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_evolve.lineage import Lineage
from agentic_diffusion_evolve.loop import Carry, evolve
from agentic_diffusion_evolve.memory import ListMemory
from scribe import DOUBLE, SQUARE, Scribe
from tiny import DEEDS, torn

LEARNER = Learner(Practice(Drill(steps=10, pairs=2, rows=8, learning_rate=3e-3, draws=1, blocks=(4,))))
TASKS = [CodeRequest(description=f"{deed} it", entry="f") for deed in DEEDS]


def drawn(coder: Coder, task: CodeRequest, *, seed: int) -> Sequence[Plan[CodeRequest, Program]]:
    plan = coder.plan(task, seed=seed)
    *_, sketch = coder.writer.write(task, count=4, seed=seed, temperature=1.0)
    chosen = [plan.chosen.model_copy(update={"value": Program(source=source)}) for source in sketch.sources]
    return [plan.model_copy(update={"chosen": each}) for each in chosen]


def world(plan: Plan[CodeRequest, Program]) -> list[Outcome[CodeRequest, Program]]:
    wanted = DEEDS[plan.request.description.split()[0]].split()
    passed = plan.chosen.value.source.split() == wanted
    return [Outcome(request=plan.request, value=plan.chosen.value, reward=float(passed), source="text")]


def right(coder: Coder) -> float:
    found = [
        outcome.reward for task in TASKS for plan in drawn(coder, task, seed=99) for outcome in world(plan)
    ]
    return sum(found) / len(found)


@pytest.mark.parametrize("seed", range(3))
def test_with_and_without_learning(seed, tmp_path) -> None:
    coder, _ = torn(seed)
    ends = {}
    for passes in (True, False):
        lineage = Lineage(tmp_path / str(passes))
        (*_, (_, active)) = evolve(
            coder,
            lambda number: TASKS,
            world,
            memory=ListMemory(),
            tune=LEARNER,
            gate=lambda candidate, incumbent, passes=passes: Verdict(passed=passes, score=0.0),
            rounds=2,
            lineage=lineage,
            explore=drawn,
            carry=Carry(weights_of, with_weights),
        )
        ends[passes] = right(active)
        again = with_weights(coder, lineage.weights().tensors)
        assert all(
            torch.equal(a, b)
            for a, b in zip(weights_of(again).values(), weights_of(active).values(), strict=True)
        )
    assert ends[False] == right(coder)
    assert ends[True] > ends[False] + 0.1


def test_every_program_that_was_tried_is_told_once() -> None:
    with ProcessSandbox() as sandbox:
        exercise = Exercise()
        coder = Coder(Scribe(SQUARE, DOUBLE), sandbox, count=0, lints=False, learns=exercise)
        plan = coder.plan(asked("doubles", ["f(3) == 6", "f(2) == 4"]))
        told = exercise(plan)
        assert [(each.value.source, each.reward) for each in told] == [(DOUBLE, 1.0), (SQUARE, 0.0)]
        assert [each.reward for each in exercise(plan)] == [1.0]
        nothing = coder.plan(asked("thirds", ["f(3) == 1"]))
        assert nothing.abstained
        assert exercise(nothing)[0].reward == 0.0
    (proof,) = proofs_in([*told, *exercise(nothing)])
    assert (proof.passed, proof.failed) == (DOUBLE, (SQUARE,))
    assert proofs_in(told, most=0) == ()


def test_an_exam_asks_for_one_program_and_only_once() -> None:
    with ProcessSandbox() as sandbox:
        scribe = Scribe(SQUARE, DOUBLE)
        sitting = Sitting(Coder(scribe, sandbox, count=4, rounds=3, lints=False))
        request = asked("doubles", ["f(3) == 6"])
        plan = sitting.plan(request)
        assert plan.abstained
        assert sitting.plan(request) is plan


def test_weights_need_a_network() -> None:
    with pytest.raises(InvalidConfigError, match="without weights"):
        weights_of(Coder(Scribe(DOUBLE)))
