"""What is told of a call is hashed or bounded, and named so that it counts once."""

import json
from collections import OrderedDict

from langgraph_agentic_diffusion import StepOf, ToolUse, telling
from langgraph_agentic_diffusion.telling import keep, outcome_of, words_of
from langgraph_agentic_diffusion.uses import Call

ASKED = {"args": {"flour": 2}}


def call(attempt=1, *, message=None, of=None):
    use = ToolUse(tool="mix", call="c", digest="d", attempt=attempt, message=message, of=of)
    return Call(use, "scope", 0.0, {})


def told(made, *, source="tool", **more):
    said = {"reward": 1.0, "evidence": {}, "source": source, "trust": 0.5}
    return outcome_of(made, said, **{"each": "call", **more})


def test_arguments_are_hashed_and_told_in_the_clear_as_far_as_that_is_allowed():
    digest, arguments, evidence = words_of(ASKED, salt=b"", limit=None)
    assert (arguments, evidence) == (None, {})
    assert words_of(ASKED, salt=b"", limit=100) == (digest, ASKED["args"], {})
    assert words_of(ASKED, salt=b"", limit=5) == (
        digest,
        None,
        {"arguments_begin": json.dumps(ASKED["args"])[:5]},
    )
    assert words_of(ASKED, salt=b"salt", limit=None)[0] != digest


def test_calls_tries_messages_and_sources_have_names_of_their_own():
    first = told(call()).id
    assert told(call(2)).id == told(call()).id == first
    others = [told(call(n), each="attempt").id for n in (1, 2)]
    others += [told(call(message="m")).id, told(call(), source="person").id]
    assert len({first, *others}) == 5


def test_the_step_says_what_was_asked_for_and_which_planner_answered():
    step = StepOf(plan="p", step=0, request={"goal": "cake"}, seed=3, planner="v7")
    made = told(call(of=step), planner="v2")
    assert (made.request, made.plan_seed, made.planner, made.trust) == ({"goal": "cake"}, 3, "v7", 0.5)
    assert told(call(), planner="v2").planner == "v2"


def test_the_oldest_is_forgotten(monkeypatch):
    monkeypatch.setattr(telling, "RECENT", 2)
    recent = OrderedDict()
    for key in "abac":
        keep(recent, key, None)
    assert list(recent) == ["a", "c"]
