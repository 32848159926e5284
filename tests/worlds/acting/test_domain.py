"""Plans of calls as tokens, and the order that plans agree on."""

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.planner import Domain
from agentic_diffusion_worlds.acting.domain import Acting, bucket, order
from agentic_diffusion_worlds.acting.situation import Situation

LAMP = Acting(("plug", "push", "pull"), width=64)


def test_rows_and_plans_stand_for_each_other():
    assert isinstance(LAMP, Domain)
    plans = [(), ("plug",), ("plug", "pull")]
    assert LAMP.decode(LAMP.encode(plans)) == plans
    assert LAMP.decode(LAMP.encode([("push", "plug")])) == [("plug", "push")]
    assert LAMP.blank(Situation(goal=()), 4).shape == (4, 3)


def test_a_situation_is_its_words():
    situation = Situation(goal=("on",), facts={"power": "off"})
    told = LAMP.condition(situation).context["context"]
    assert set(told[0].nonzero().flatten().tolist()) == {bucket(word, 64) for word in situation.words()}
    assert torch.equal(told, LAMP.read([situation]))
    assert bucket("power=off", 1024) == 712


def test_the_unknown_is_refused():
    with pytest.raises(InvalidStateError, match="shove"):
        LAMP.encode([("shove",)])
    with pytest.raises(InvalidConfigError):
        Acting(("push", "push"))


def test_calls_are_ordered_as_plans_agree():
    assert order([("b", "a"), ("a", "c")], "abc") == ("b", "a", "c")
    assert order([], "abc") == ("a", "b", "c")


def test_a_circle_is_broken_where_least_speaks_against_it():
    circle = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("d", "b")]
    assert order(circle, "abcd")[0] == "d"
    assert sorted(order(circle, "abcd")) == list("abcd")
