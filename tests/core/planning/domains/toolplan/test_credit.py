"""An outcome tells of one call, of the steps of a plan, or of a plan as a whole."""

from dataclasses import dataclass

import pytest
from agentic_diffusion.planning.domains.toolplan import chain
from agentic_diffusion.planning.domains.toolplan.credit import Call, calls_of
from agentic_diffusion.records import Outcome


@dataclass(frozen=True)
class Use:
    tool: str


def calls(value, reward, **more):
    return list(calls_of(Outcome(id="o", request=None, value=value, reward=reward, **more)))


def test_a_call_worked_as_far_as_its_reward_and_counts_as_far_as_it_is_trusted():
    assert calls(Use("north"), 0.75, trust=0.5) == [Call("o", "north", 0.375, 0.125)]
    assert calls(Use("north"), -2.0) == [Call("o", "north", 0.0, 1.0)]
    assert calls(Use("north"), 9.0) == [Call("o", "north", 1.0, 0.0)]
    assert calls(Use("north"), 1.0, trust=0.0) == []


def test_steps_of_a_plan_have_the_names_of_their_own_outcomes():
    steps = [
        {"step": 0, "tool": "a", "reward": 0.0, "outcome": "first"},
        {"step": 1, "tool": "b", "reward": 1},
    ]
    told = calls(chain("a", "b"), 0.5, evidence={"steps": steps})
    assert told == [Call("first", "a", 0.0, 1.0), Call("o/1", "b", 1.0, 0.0)]


def test_each_step_is_trusted_as_far_as_it_was_told():
    steps = [
        {"step": 0, "tool": "a", "reward": 1.0, "trust": 0.0},
        {"step": 1, "tool": "b", "reward": 1.0, "trust": 0.75},
    ]
    told = calls(chain("a", "b"), 1.0, trust=0.0, evidence={"steps": steps})
    assert told == [Call("o/1", "b", 0.75, 0.0)]


def test_a_step_counts_once_and_no_tool_is_blamed_that_the_plan_does_not_have_there():
    step = {"step": 0, "tool": "a", "reward": 0.0}
    assert calls(chain("a"), 0.0, evidence={"steps": [step] * 1000}) == [Call("o/0", "a", 0.0, 1.0)]
    for wrong in ({"tool": "other"}, {"step": 7}, {"step": -1}, {"step": "0"}, {"trust": 2.0}):
        told = calls(chain("a", "b"), 0.0, evidence={"steps": [step, {**step, **wrong}]})
        assert told == [Call("o/0", "a", 0.0, 0.5), Call("o/1", "b", 0.0, 0.5)]


@pytest.mark.parametrize("steps", ["odd", [], [1], [{"tool": "a"}], [{"reward": 1.0}]])
def test_a_plan_as_a_whole_is_shared_among_the_steps_that_were_ahead(steps):
    plan = chain("a", "b", "c").model_copy(update={"done": 1})
    told = calls(plan, 0.0, evidence={"steps": steps})
    assert told == [Call("o/0", "b", 0.0, 0.5), Call("o/1", "c", 0.0, 0.5)]
    assert [call.worked for call in calls(plan, 1.0)] == [1.0, 1.0]


def test_what_is_no_plan_tells_of_no_call():
    assert calls("text", 1.0) == []
