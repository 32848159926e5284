"""A gate that calls nothing: better plans by what is remembered pass, worse and unheard-of ones do not."""

from dataclasses import replace

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan import ToolRequest, chain, tool_planner
from agentic_diffusion.records import Outcome, ToolSpec
from agentic_diffusion_evolve import Hindsight, ListMemory, Recalled

TOOLS = [ToolSpec(name=name, gives=("answer",)) for name in ("north", "east", "south")]
GOALS = [
    f"Where is my {thing}" for thing in ["kettle", "lamp", "chair", "radio", "tent", "clock", "sofa", "drill"]
]


def always(tool):
    """Return a planner that plans this call whatever it is asked."""
    planner = tool_planner(TOOLS, slots=1, width=16, depth=1, count=1)
    return replace(planner, propose=lambda request: [chain(tool)])


@pytest.fixture(scope="module")
def memory():
    told = ListMemory()
    for goal in GOALS:
        for tool, reward in (("north", 1.0), ("east", 0.0)):
            told.add(Outcome(request=ToolRequest(goal=goal), value=chain(tool), reward=reward))
    return told


def judged(memory, candidate, incumbent, **more):
    return Hindsight(memory, share=0.99, seeds=(0,), **more)(always(candidate), always(incumbent))


def test_what_did_better_passes_and_what_did_worse_or_was_never_tried_does_not(memory):
    better = judged(memory, "north", "east")
    assert better.passed
    assert better.score > 0.4
    assert not judged(memory, "east", "north").passed
    assert not judged(memory, "south", "north").passed
    assert not judged(memory, "north", "north").passed


def test_few_requests_decide_nothing(memory):
    verdict = judged(memory, "north", "east", least=20)
    assert not verdict.passed
    assert "8 requests are kept aside, 20 are asked for" in verdict.evidence["why"]


def test_a_plan_is_worth_what_such_plans_were_worth_for_goals_in_like_words(memory):
    world = Recalled([*memory])

    def worth(tool, goal):
        (told,) = world(always(tool).plan(ToolRequest(goal=goal)))
        assert told.source == "memory"
        return told.reward

    assert worth("north", GOALS[0]) > worth("north", "Where is the harbour") > worth("north", "Zzz") == 0
    assert worth("east", GOALS[0]) == worth("south", GOALS[0]) == 0
    assert Recalled([])(always("north").plan(ToolRequest(goal="a")))[0].reward == 0


@pytest.mark.parametrize("wrong", [{"share": 0.0}, {"share": 1.0}, {"least": 1}, {"most": 2}])
def test_numbers_make_sense(memory, wrong):
    with pytest.raises(InvalidConfigError, match="Hindsight"):
        Hindsight(memory, **wrong)
