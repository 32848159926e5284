"""The planner of calls learns a rule, rejects what is objected to, and is as sure as its candidates agree."""

import torch
from agentic_diffusion.denoising.state import Condition, generator
from agentic_diffusion.denoising.train import Recipe, fit
from agentic_diffusion.testing import check_planner
from agentic_diffusion_worlds.acting.domain import Acting
from agentic_diffusion_worlds.acting.planner import Agreed, Design, futile, make_planner, trainable
from agentic_diffusion_worlds.acting.situation import Situation

DOMAIN = Acting(("plug", "push", "pull"), width=64)
OFF = Situation(goal=("on",), facts={"power": "off"})
ON = Situation(goal=("off",), facts={"power": "on"})


def taught():
    planner = make_planner(DOMAIN, Design(width=16, count=8), seed=1)
    context = DOMAIN.read([OFF, ON])
    rows = DOMAIN.encode([("plug", "push"), ("pull",)])

    def draw(rng):
        index = torch.randint(2, (32,), generator=rng)
        return rows[index], Condition(context={"context": context[index]})

    recipe = Recipe(steps=60, learning_rate=0.03, warmup=5, average=0.9)
    for _ in fit(trainable(planner), planner.process, draw=draw, recipe=recipe, rng=generator(0)):
        pass
    return planner


def test_it_learns_a_rule_and_keeps_its_promises():
    planner = taught()
    plan = planner.plan(OFF, seed=3)
    assert plan.chosen.value == ("plug", "push")
    assert plan.confidence > 0.9
    assert planner.plan(ON).chosen.value == ("pull",)
    check_planner(planner, OFF)


def test_verdicts_count_votes_and_object():
    verdicts = Agreed(futile)(OFF, [("push",), (), ("push",), ("pull",)])
    assert [verdict.score for verdict in verdicts] == [0.5, 0.25, 0.5, 0.25]
    assert [verdict.passed for verdict in verdicts] == [True, False, True, True]
    assert verdicts[0] is verdicts[2]


def test_what_was_just_refused_is_not_tried_first_again():
    refused = OFF.model_copy(update={"tried": {"push": "refused", "pull": "failed"}})
    assert futile(refused, ("push",))
    assert not futile(refused, ("plug", "push"))
    assert not futile(refused, ("pull",))
    assert not futile(OFF, ("push",))


def test_the_seed_decides_the_first_weights():
    one, same, two = (trainable(make_planner(DOMAIN, seed=seed)).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], two[name]) for name in one)
