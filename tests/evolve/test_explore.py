"""Exploring: several variants, a few plans that differ, and the same again for the same seed."""

from dataclasses import replace

import pytest
import torch
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.denoiser import RecallTokens
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.schedule import Linear
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.verify import accept
from agentic_diffusion.records import Verdict
from agentic_diffusion_evolve.explore import Diverse, Temper, as_it_is, heated, once, spread_seed


def height(value):
    return value.states[4][0]


def gap(a, b):
    return abs(height(a) - height(b))


def scored(request, values):
    return [Verdict(passed=height(v) < 0.75, score=height(v)) for v in values]


def test_the_first_pick_is_the_best_and_the_others_lie_furthest(arcs) -> None:
    planner = arcs.planner([-1.0, -0.9, 0.0, 0.9, 1.0], verify=scored, count=24)
    plans = Diverse(tries=3, distance=gap)(planner, arcs.request, seed=0)
    pool = [c.value for c in planner.plan(arcs.request).considered if c.verdict.passed]
    best = max(pool, key=height)
    second = max(pool, key=lambda v: gap(v, best))
    third = max(pool, key=lambda v: min(gap(v, best), gap(v, second)))
    assert [height(plan.chosen.value) for plan in plans] == [height(v) for v in (best, second, third)]
    near = Diverse(tries=3)(planner, arcs.request, seed=0)
    assert [height(plan.chosen.value) for plan in near] == sorted(map(height, pool))[:-4:-1]
    assert len(Diverse(tries=99, distance=lambda a, b: 0.0)(planner, arcs.request, seed=0)) == 1


def test_variants_and_draws_are_put_together_and_repeat(arcs) -> None:
    planner = arcs.planner([-1.0, 1.0], count=2)
    wide = Diverse(tries=99, draws=2, variants=(as_it_is, lambda p: replace(p, count=5)), passing=False)
    plans = wide(planner, arcs.request, seed=3)
    assert len(plans) == 2 * 2 + 2 * 5
    assert {plan.seed for plan in plans} == {3, *(spread_seed(3, v, d) for v, d in ((0, 1), (1, 0), (1, 1)))}
    again = wide(planner, arcs.request, seed=3)
    assert [p.chosen for p in again] == [p.chosen for p in plans]
    assert once(planner, arcs.request, seed=3)[0].chosen == planner.plan(arcs.request, seed=3).chosen


def test_where_nothing_passed_all_are_taken(arcs) -> None:
    def refuse(request, values):
        return [Verdict(passed=False, score=0.0) for _ in values]

    planner = arcs.planner([-1.0, 1.0], verify=refuse, count=2)
    assert len(Diverse()(planner, arcs.request, seed=0)) == 2
    with pytest.raises(InvalidConfigError):
        Diverse(variants=())


def test_heat_spreads_trajectories(arcs) -> None:
    planner = arcs.planner([-1.0, 0.0, 1.0], count=64)
    assert heated(0.5)(planner).process.temperature == 0.5
    assert planner.process.temperature == 1.0
    with pytest.raises(InvalidConfigError):
        heated(0.0)


def test_heat_spreads_tokens(arcs) -> None:
    belief = Categorical(
        torch.log(torch.tensor([[[0.8, 0.2]]])), torch.ones(1, 1, dtype=torch.bool), torch.ones(())
    )
    cool = Temper(0.5)(belief, torch.zeros(1, 1), torch.ones(()))
    assert torch.allclose(cool.logits.softmax(-1), torch.tensor([[[0.64, 0.04]]]) / 0.68)
    process = MaskedProcess(Linear(), mask_token=2)

    class Words:
        def condition(self, request):
            return Condition()

        def blank(self, request, count):
            return torch.zeros(count, 1, dtype=torch.long)

        def decode(self, x):
            return [int(row[0]) for row in x]

    rows = torch.tensor([[0]] * 9 + [[1]])
    planner = arcs.planner(
        [0.0],
        domain=Words(),
        process=process,
        denoiser=RecallTokens(rows, 3, 2),
        verify=accept,
        count=400,
    )
    rare = [sum(c.value for c in heated(t)(planner).plan(0).considered) for t in (0.5, 1.0, 2.0)]
    assert rare[0] < 15 < rare[1] < 70 < rare[2]
