"""What an adaptation may spend: a gate that looks at success says 1 or 0, whatever the time it took."""

from types import SimpleNamespace

import pytest
from agentic_diffusion.records import Outcome
from agentic_diffusion_cli.unseen_spend import Settled


@pytest.mark.parametrize(("settled", "reward"), [(True, 1.0), (False, 0.0)])
def test_success_is_all_that_counts(settled, reward):
    outcome = Outcome(request=1, value=2, reward=0.37, evidence={"settled": settled}, source="simulator")
    (told,) = Settled(lambda plan: [outcome])(SimpleNamespace())
    assert told.reward == reward
    assert (told.value, told.evidence) == (outcome.value, outcome.evidence)
