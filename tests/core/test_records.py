"""Records: frozen, closed, and the same after JSON."""

import math

import pytest
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import (
    Candidate,
    DenoiseEvent,
    Given,
    Open,
    Outcome,
    Plan,
    PlanStep,
    Quoted,
    Result,
    ToolSpec,
    Verdict,
)
from pydantic import ValidationError


def plan(**changes) -> Plan[Reach, Trajectory]:
    value = Trajectory(states=((0.1, 0.2), (0.3, 0.4)), seconds=0.1, arrival=1)
    candidate = Candidate(value=value, verdict=Verdict(passed=True, score=1.5, evidence={"hits": [1, 2]}))
    settings = {
        "request": Reach(start=(0.1, 0.2), goal=(None, 0.4)),
        "chosen": candidate,
        "confidence": 0.75,
        "considered": (candidate,),
        "steps_done": 4,
        "steps_asked": 4,
        "batch": 1,
        "seconds": 0.01,
        "seed": 3,
    }
    return Plan(**{**settings, **changes})


def test_a_plan_is_the_same_after_json() -> None:
    whole = plan()
    twin = Plan[Reach, Trajectory].model_validate_json(whole.model_dump_json())
    assert twin.model_dump() == whole.model_dump()
    assert twin.chosen.value.states == ((0.1, 0.2), (0.3, 0.4))
    assert twin.request.goal == (None, 0.4)


def test_complete_means_what_it_says() -> None:
    assert plan().complete
    assert not plan(ending="deadline").complete


@pytest.mark.parametrize(
    "wrong",
    [
        {"confidence": 1.1},
        {"confidence": math.nan},
        {"considered": ()},
        {"ending": "bored"},
        {"batch": 0},
        {"seconds": math.inf},
        {"mood": "good"},
    ],
)
def test_what_makes_no_sense_is_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        plan(**wrong)


def test_records_are_frozen_and_know_no_nan() -> None:
    verdict = Verdict(passed=True, score=1.0)
    with pytest.raises(ValidationError, match="frozen"):
        verdict.score = 2.0
    for wrong in (math.nan, math.inf):
        with pytest.raises(ValidationError):
            Verdict(passed=True, score=wrong)
    with pytest.raises(ValidationError):
        DenoiseEvent(step=1, total=2, time=1.5, seconds=0.0)


def test_an_outcome_is_the_same_after_json_and_has_a_name_of_its_own() -> None:
    value = Trajectory(states=((0.1, 0.2),), seconds=0.1, arrival=0)
    told = Outcome(
        request=Reach(start=(0.1, 0.2)), value=value, reward=-1.5, evidence={"hits": 2}, source="ann"
    )
    twin = Outcome[Reach, Trajectory].model_validate_json(told.model_dump_json())
    assert twin.model_dump() == told.model_dump()
    assert twin.value.states == ((0.1, 0.2),)
    assert told.id != Outcome(request=1, value=2, reward=0.0).id
    assert told.time > 1.6e9


@pytest.mark.parametrize(
    "wrong",
    [{"trust": 1.5}, {"trust": -0.1}, {"reward": math.nan}, {"id": ""}, {"source": ""}, {"time": -1.0}],
)
def test_an_outcome_that_makes_no_sense_is_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        Outcome(**{"request": 1, "value": 2, "reward": 0.0, **wrong})


def test_a_plan_from_before_abstaining_still_reads_and_says_nothing_of_it() -> None:
    old = plan().model_dump(mode="json", exclude={"abstained", "unfamiliar"})
    back = Plan[Reach, Trajectory].model_validate(old)
    assert (back.abstained, back.unfamiliar) == (False, None)
    told = plan(abstained=True, unfamiliar=2.5)
    assert Plan[Reach, Trajectory].model_validate_json(told.model_dump_json()).unfamiliar == 2.5
    with pytest.raises(ValidationError):
        plan(unfamiliar=-1.0)


def test_tools_and_steps_are_the_same_after_json() -> None:
    tool = ToolSpec(
        name="pay bill",
        description="Pays.\n\tA bill 👩‍💻",
        arguments={"type": "object", "properties": {"sum": {"type": "number"}}},
        needs=("bill",),
        gives=("receipt",),
    )
    assert ToolSpec.model_validate_json(tool.model_dump_json()) == tool
    step = PlanStep(
        tool="pay bill",
        arguments={"a": Given(value=1), "b": Quoted(text="x", start=3), "c": Result(step=0), "d": Open()},
        after=(0, 2),
    )
    assert PlanStep.model_validate_json(step.model_dump_json()) == step


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": " padded"},
        {"name": "two\nlines"},
        {"name": "x" * 129},
        {"name": "x", "description": "bell\x07"},
        {"name": "x", "description": "turned\u202earound"},
        {"name": "x", "description": "y" * 20_001},
        {"name": "x", "arguments": {"huge": "y" * 100_001}},
        {"name": "x", "needs": ("n",) * 257},
        {"name": "x", "cost": -1.0},
        {"name": "x", "cost": math.inf},
    ],
)
def test_hostile_tools_are_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        ToolSpec(**wrong)
