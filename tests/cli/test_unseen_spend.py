"""What an adaptation may spend: a gate that looks at success says 1 or 0, whatever the time it took."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from agentic_diffusion.records import Outcome
from agentic_diffusion_cli.unseen_spend import THOROUGH, Settled, Spend, spending


@pytest.mark.parametrize(("settled", "reward"), [(True, 1.0), (False, 0.0)])
def test_success_is_all_that_counts(settled, reward):
    outcome = Outcome(request=1, value=2, reward=0.37, evidence={"settled": settled}, source="simulator")
    (told,) = Settled(lambda plan: [outcome])(SimpleNamespace())
    assert told.reward == reward
    assert (told.value, told.evidence) == (outcome.value, outcome.evidence)


def test_what_is_given_replaces_what_is_usual_and_nothing_else():
    assert spending() == Spend()
    assert spending(thorough=True, steps=7) == replace(THOROUGH, steps=7)
    assert spending(rounds=2, tasks=3, exams=4) == Spend(rounds=2, tasks=3, exams=4)
