"""Situations say what is known in words that can be counted."""

from agentic_diffusion_worlds.acting.situation import Call, Situation


def test_words_are_facts_goals_and_both_together():
    situation = Situation(goal=("on",), facts={"power": "off"}, tried={"push": "failed"})
    assert situation.words() == ["for on", "power=off", "power=off for on", "tried push=failed"]


def test_records_cross_a_wall_unchanged():
    situation = Situation(goal=("on",), facts={"power": "off"})
    assert Situation.model_validate_json(situation.model_dump_json()) == situation
    call = Call(name="push", result="ok", told={"power": "on"}, milliseconds=3.0, cost=0.1)
    assert Call.model_validate_json(call.model_dump_json()) == call
