"""Which of two rivals can be trusted depends on the case, on the seed, and on the day."""

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.toolbox.behaviour import Behaviour
from agentic_diffusion_worlds.toolbox.catalog import FACTS, RIVALS


def test_of_two_rivals_one_suits_the_case_and_swapping_turns_it_round():
    behaviour = Behaviour(seed=3)
    for fact, one, two in RIVALS:
        told = [{fact: value} for value in FACTS[fact]]
        here = [behaviour.reliability(one, state) for state in told]
        assert sorted(here) == [behaviour.bad, behaviour.good]
        assert [behaviour.reliability(two, state) for state in told] == here[::-1]
        assert [behaviour.swap().reliability(one, state) for state in told] == here[::-1]
    assert behaviour.swap().swap() == behaviour


def test_tools_without_a_rival_are_plain_and_reading_works():
    assert Behaviour(plain=0.5).reliability("device_power_on", {}) == 0.5
    assert Behaviour(plain=0.5).reliability("device_status", {}) == 1.0


def test_seeds_differ_and_chances_are_checked():
    states = [(one, {fact: FACTS[fact][0]}) for fact, one, _ in RIVALS]
    draws = {tuple(Behaviour(seed=seed).reliability(n, s) for n, s in states) for seed in range(8)}
    assert len(draws) == 8
    with pytest.raises(InvalidConfigError):
        Behaviour(good=0.1, bad=0.2)
