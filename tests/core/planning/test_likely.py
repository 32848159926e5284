"""Likelihoods of many requests in one call: the same as one by one, and one by one where that cannot be."""

import pytest
import torch
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.domains.trajectory import Reach

ASKS = [Reach(start=(k / 10, -0.5), goal=(1.0, None)) for k in range(3)]


class Near:
    """A likelihood that can be asked about many requests: how near a state lies to what is believed of it."""

    def __call__(self, ask, x):
        return self.of_many(lambda rows, t, of: ask(rows, t), [x])[0]

    def of_many(self, ask, states):
        of = torch.cat([torch.full((len(x),), k) for k, x in enumerate(states)])
        whole = torch.cat(list(states))
        told = -(ask(whole, torch.full((len(whole),), 0.5), of).mean - whole).square().flatten(1).sum(1)
        return told.split([len(x) for x in states])


def likelihoods(plans):
    return [[c.verdict.evidence["likelihood"] for c in plan.considered] for plan in plans]


def test_many_are_asked_about_together_and_told_the_same(maker, spy) -> None:
    counted = spy(maker().denoiser)
    planner = maker(denoiser=counted, likelihood=Near(), count=4)
    alone = [planner.plan(ask, seed=seed) for seed, ask in enumerate(ASKS)]
    counted.calls.clear()
    many = planner.plan_many(ASKS, seeds=range(3))
    assert counted.calls == [12] * planner.steps + [12]
    for one, other in zip(likelihoods(alone), likelihoods(many), strict=True):
        assert one == pytest.approx(other, rel=1e-4)


def test_a_likelihood_that_knows_one_request_is_asked_about_one(maker, spy) -> None:
    counted = spy(maker().denoiser)
    planner = maker(denoiser=counted, likelihood=lambda ask, x: Near()(ask, x), count=4)
    planner.plan_many(ASKS)
    assert counted.calls == [12] * planner.steps + [4] * 3


def test_where_memory_runs_out_or_is_granted_one_is_asked_about_after_the_other(maker, spy) -> None:
    class Short(Near):
        def of_many(self, ask, states):
            if len(states) > 1:
                raise error
            return super().of_many(ask, states)

    error = MemoryError("no room")
    plain = maker(likelihood=Near(), count=4).plan_many(ASKS)
    short = maker(likelihood=Short(), count=4).plan_many(ASKS)
    assert likelihoods(short) == [pytest.approx(each, rel=1e-4) for each in likelihoods(plain)]
    assert {plan.notes for plan in short} == {("out of memory with the likelihood of 3 requests",)}
    counted = spy(maker().denoiser)
    granted = maker(denoiser=counted, likelihood=Short(), count=4)
    plans = granted.plan_many(ASKS, budgets=[Budget(memory_bytes=10**9)] * 3)
    assert counted.calls[-3:] == [4] * 3
    assert all(plan.notes == () for plan in plans)
    error = RuntimeError("shapes differ")
    with pytest.raises(RuntimeError, match="shapes differ"):
        maker(likelihood=Short(), count=4).plan_many(ASKS)
