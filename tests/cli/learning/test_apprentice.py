"""An apprentice remembers what worked, changes only through the gate, and starts over when the world has changed."""

import pytest
import torch
from agentic_diffusion.records import Candidate, Outcome, Plan, Verdict
from agentic_diffusion_cli.learning.apprentice import Apprentice, Habits, rehearsed, reports
from agentic_diffusion_worlds.acting.domain import Acting
from agentic_diffusion_worlds.acting.planner import Design, make_planner, trainable
from agentic_diffusion_worlds.acting.pursue import Pursuit, Round
from agentic_diffusion_worlds.acting.situation import Call, Situation

DOMAIN = Acting(("plug", "push"), width=32)
OFF = Situation(goal=("on",), facts={"power": "off"})


def pursuit(reward, *calls):
    value = tuple(name for name, _ in calls)
    chosen = Candidate(value=value, verdict=Verdict(passed=True, score=1.0))
    plan = Plan(
        request=OFF,
        chosen=chosen,
        confidence=0.5,
        considered=(chosen,),
        steps_done=1,
        steps_asked=1,
        batch=1,
        seconds=0.0,
        seed=0,
    )
    told = [Call(name=name, result=result).model_dump(mode="json") for name, result in calls]
    outcome = Outcome(request=OFF, value=value, reward=0.0, evidence={"calls": told})
    return Pursuit(rounds=(Round(number=1, plan=plan, outcome=outcome),), reward=reward, ending="over")


@pytest.fixture
def apprentice():
    planner = make_planner(DOMAIN, Design(width=8, count=4, steps=2))
    manual = [Outcome(request=OFF, value=("plug",), reward=1.0)]
    return Apprentice(planner, rehearsed(planner, manual), habits=Habits(steps=30, rate=0.05))


GOOD = pursuit(1.0, ("plug", "ok"), ("push", "ok"))
BAD = pursuit(0.0, ("plug", "failed"))


def test_what_worked_is_remembered_and_every_call_is_reported(apprentice):
    apprentice.take_in([GOOD, BAD])
    assert [lesson.value for lesson in apprentice.memory] == [("plug", "push")]
    assert [(report.call, report.worked) for report in apprentice.reports] == [
        (0, True),
        (1, True),
        (0, False),
    ]
    assert trainable(apprentice.planner).trust is not None
    refused = pursuit(0.0, ("push", "refused")).rounds[0].outcome
    assert reports(DOMAIN, refused) == []


def test_a_candidate_takes_over_only_where_trials_say_so(apprentice):
    assert apprentice.tune(lambda planner, number: GOOD, trials=4, seed=0) is False  # nothing to learn from
    apprentice.take_in([GOOD])
    before = apprentice.planner

    def trial(planner, number):
        return BAD if planner is not before else GOOD

    assert apprentice.tune(trial, trials=4, seed=0) is False
    assert apprentice.planner is before
    assert apprentice.tune(lambda planner, number: GOOD, trials=4, seed=0) is True
    assert apprentice.planner is not before
    assert [verdict.passed for verdict in apprentice.verdicts] == [False, True]
    one, two = (trainable(planner).state_dict() for planner in (before, apprentice.planner))
    assert not all(torch.equal(one[name], two[name]) for name in one)


def test_a_lasting_fall_makes_it_start_over(apprentice):
    first = apprentice.planner
    apprentice.take_in([GOOD, BAD] * 15)
    assert apprentice.alarms == 0
    apprentice.take_in([BAD] * 60)
    assert apprentice.alarms >= 1
    assert len(apprentice.memory) == 0
    assert trainable(apprentice.planner).denoiser is trainable(first).denoiser
