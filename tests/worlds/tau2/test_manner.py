"""How a self-taught planner practises is checked when it is said, not by hanging later."""

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.tau2 import Manner

WRONG = {"attempts": 1, "anew": 0, "steps": 0, "first": 0, "memory": 0, "looks": -1, "level": 0, "flagged": 0}
WRONG |= {"imagined": -1, "trial": -1}


@pytest.mark.parametrize("name", WRONG)
def test_counts_below_their_least_are_refused(name):
    with pytest.raises(InvalidConfigError, match=f"{name}={WRONG[name]}"):
        Manner(**{name: WRONG[name]})


def test_more_surprises_than_are_remembered_would_never_come_together():
    with pytest.raises(InvalidConfigError, match="flagged=6"):
        Manner(flagged=6)


def test_a_share_is_a_share():
    with pytest.raises(InvalidConfigError, match="shuffle"):
        Manner(shuffle=1.5)
    assert Manner(shuffle=1.0, attempts=2).attempts == 2
