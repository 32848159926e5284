"""Abstaining: confidence that is calibrated, and a flag where a plan is unsure or its request is new."""

import random

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.records import Candidate, Plan, Verdict
from agentic_diffusion_evolve.abstain import FAR, Abstaining, fit_abstaining
from agentic_diffusion_evolve.calibrate import RiskThreshold
from agentic_diffusion_evolve.measure import calibration_error
from agentic_diffusion_evolve.shift import fit_novelty


class Boaster:
    """Says the square root of the chance that its plan works; requests are numbers that seed it."""

    def plan(self, request, *, seed=0, budget=None, watch=None):
        chance = random.Random(f"{request} {seed}").random()
        candidate = Candidate(value=chance, verdict=Verdict(passed=True, score=0.0))
        facts = {"steps_done": 1, "steps_asked": 1, "batch": 1, "seconds": 0.0, "seed": seed}
        return Plan(
            request=request, chosen=candidate, confidence=chance**0.5, considered=(candidate,), **facts
        )


def tried(planner, numbers):
    coin = random.Random(1)
    return [(p, coin.random() < p.chosen.value) for p in map(planner.plan, numbers)]


def test_it_is_calibrated_and_keeps_the_risk_that_was_asked_for() -> None:
    careful = fit_abstaining(Boaster(), tried(Boaster(), range(3000)), risk=0.1)
    assert isinstance(careful, Plans)
    fresh = tried(careful, range(10_000, 14_000))
    said, worked = [p.confidence for p, _ in fresh], [w for _, w in fresh]
    raw = [Boaster().plan(p.request).confidence for p, _ in fresh]
    assert calibration_error(said, worked) < 0.05 < 0.15 < calibration_error(raw, worked)
    failed = sum(not well and not plan.abstained for plan, well in fresh) / len(fresh)
    assert 0.07 < failed < 0.12
    assert 0.1 < sum(plan.abstained for plan, _ in fresh) / len(fresh) < 0.9
    assert fresh[0][0].unfamiliar is None


def test_new_requests_are_flagged_and_say_how_far_they_are() -> None:
    novelty = fit_novelty([[n / 100] for n in range(100)])
    watched = Abstaining(Boaster(), novelty=novelty, features=lambda request: [request])
    near, far = watched.plan(0.5), watched.plan(3.0)
    assert not near.abstained
    assert 0 <= near.unfamiliar <= 1 < far.unfamiliar
    assert far.abstained
    assert near.confidence == Boaster().plan(0.5).confidence
    nowhere = watched.plan(float("inf"))
    assert nowhere.abstained
    assert nowhere.unfamiliar == FAR
    same = Abstaining(Boaster(), novelty=fit_novelty([[0.0]] * 20), features=lambda request: [request])
    assert (same.plan(0.0).unfamiliar, same.plan(0.1).unfamiliar) == (0.0, FAR)


def test_an_inner_abstention_stays_and_nonsense_is_refused() -> None:
    never = Abstaining(Boaster(), threshold=RiskThreshold(2.0, 0.05, 10))
    assert Abstaining(never).plan(1).abstained
    assert not Abstaining(Boaster(), calibration=lambda raw: 7.0).plan(1).abstained
    assert Abstaining(Boaster(), calibration=lambda raw: 7.0).plan(1).confidence == 1.0
    with pytest.raises(InvalidConfigError, match="features"):
        Abstaining(Boaster(), features=lambda request: [request])
    with pytest.raises(InvalidConfigError, match="four"):
        fit_abstaining(Boaster(), [])
