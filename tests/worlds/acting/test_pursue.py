"""The closed loop looks again after each plan and ends when it should."""

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.acting.pursue import Place, Pursuit, pursue, pursued


def test_a_plan_that_fails_is_followed_by_another(lamp, script):
    place = lamp(sticks=True)
    assert isinstance(place, Place)
    *rounds, last = pursue(script(("plug", "push"), ("push",)), place)
    assert [round.number for round in rounds] == [1, 2]
    assert rounds[1].plan.request.facts == {"plugged": "True"}
    assert [round.plan.seed for round in rounds] == [0, 1]
    assert last == Pursuit(rounds=tuple(rounds), reward=1.0, ending="over")


def test_rounds_are_limited(lamp, script):
    last = pursued(script(("push",), ("push",)), lamp(), rounds=2)
    assert (last.ending, last.reward, len(last.rounds)) == ("rounds", 0.0, 2)


def test_a_place_that_is_over_is_not_planned_for(lamp, script):
    assert pursued(script(), lamp(done=["push"])).rounds == ()


def test_outcomes_carry_the_reward_of_the_whole(lamp, script):
    last = pursued(script(("plug",), ("push",)), lamp())
    assert [outcome.reward for outcome in last.outcomes()] == [1.0, 1.0]


def test_no_round_is_refused(lamp, script):
    with pytest.raises(InvalidConfigError, match="at least one"):
        list(pursue(script(), lamp(), rounds=0))
