"""Worlds: many plans at once keep their order, and residuals are noted."""

import math

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Candidate, Outcome, Plan, Verdict
from agentic_diffusion_evolve.world import Measured, noted_residual, tried


def plan(value):
    candidate = Candidate(value=value, verdict=Verdict(passed=True, score=0.0))
    return Plan(
        request="walk",
        chosen=candidate,
        confidence=0.5,
        considered=(candidate,),
        steps_done=1,
        steps_asked=1,
        batch=1,
        seconds=0,
        seed=0,
    )


def slippery(plan):
    return [Outcome(request=plan.request, value=plan.chosen.value * 0.5, reward=1.0, evidence={"slip": True})]


class Backwards:
    """Tries the last plan first, and answers in order all the same."""

    def __call__(self, plan):
        return slippery(plan)

    def each(self, plans):
        told = [slippery(plan) for plan in reversed(list(plans))]
        yield from reversed(told)


@pytest.mark.parametrize("world", [slippery, Backwards()])
def test_what_came_of_plans_is_told_in_their_order(world) -> None:
    told = tried(world, (plan(n) for n in range(4)))
    assert [outcome.value for outcomes in told for outcome in outcomes] == [0, 0.5, 1, 1.5]


def test_plans_are_made_only_when_the_one_before_was_tried() -> None:
    made = []

    def plans():
        for n in range(3):
            made.append(n)
            yield plan(n)

    told = tried(slippery, plans())
    next(told)
    assert made == [0]


def test_the_residual_stands_in_the_evidence() -> None:
    (outcome,) = Measured(slippery, lambda a, b: abs(a - b))(plan(3.0))
    assert outcome.evidence == {"slip": True, "residual": 1.5}
    assert noted_residual(outcome) == 1.5
    (outcome,) = Measured(slippery, lambda a, b: math.inf)(plan(3.0))
    assert Outcome.model_validate_json(outcome.model_dump_json()).evidence["residual"] == 1e300
    with pytest.raises(InvalidConfigError, match="not a number"):
        Measured(slippery, lambda a, b: math.nan)(plan(3.0))
    with pytest.raises(InvalidConfigError, match="Measured"):
        noted_residual(slippery(plan(1.0))[0])
