"""Keeping: a quantile within each task, after a test of the dynamics whose threshold comes from data."""

import random

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome
from agentic_diffusion_evolve.keep import Keep, best_share, residual_limit


def told(request, reward, residual=None, **changes):
    evidence = {} if residual is None else {"residual": residual}
    return Outcome(request=request, value=reward, reward=reward, evidence=evidence, **changes)


def test_the_best_share_is_taken_within_each_task() -> None:
    rows = [("easy", r) for r in (10, 11, 12, 13)] + [("hard", r) for r in (0, 1)]
    outcomes = [told(q, r) for q, r in rows]
    assert {o.value for o in best_share(outcomes, 0.5)} == {12, 13, 1}
    assert {o.value for o in Keep()(outcomes)} == {12, 13, 1}
    assert best_share([outcomes[0].model_copy(update={"trust": 0.0})], 0.5) == []


def test_what_could_not_be_executed_cannot_push_out_what_could() -> None:
    hallucinated = [told("walk", 100 + n, residual=5.0) for n in range(4)]
    real = [told("walk", n, residual=0.1) for n in range(4)]
    keep = Keep(share=0.5, limit=1.0)
    assert [o.value for o in keep([*hallucinated, *real])] == [2, 3]
    assert [o.value for o in Keep(share=0.5)([*hallucinated, *real])] == [100, 101, 102, 103]
    assert keep(hallucinated) == []


def test_one_threshold_for_all_tasks_is_adapt_diffusers() -> None:
    rows = [told("easy", r) for r in (10, 11)] + [told("hard", r) for r in (0, 1)]
    assert [o.value for o in Keep(share=1.0, least=10)(rows)] == [10, 11]


def test_the_quantile_may_be_of_something_else_than_reward() -> None:
    rows = [told("walk", r) for r in (1, 2, 3, 4)]
    assert [o.value for o in Keep(score=lambda o: -o.reward)(rows)] == [1, 2]
    assert [o.value for o in Keep(limit=2, residual=lambda o: o.reward, share=1.0)(rows)] == [1, 2]


def test_the_limit_turns_away_the_share_it_was_asked_for() -> None:
    rng = random.Random(0)
    refused = []
    for _ in range(200):
        limit = residual_limit([rng.expovariate(1) for _ in range(99)], refused=0.1)
        refused.append(sum(rng.expovariate(1) > limit for _ in range(50)) / 50)
    assert abs(sum(refused) / 200 - 0.1) < 0.01
    assert residual_limit([3.0, 1.0, 2.0], refused=0.5) == 2.0


@pytest.mark.parametrize("wrong", [{"share": 0}, {"least": float("nan")}, {"limit": -1}])
def test_nonsense_is_refused(wrong) -> None:
    with pytest.raises(InvalidConfigError):
        Keep(**wrong)


@pytest.mark.parametrize(
    ("residuals", "refused"), [([1.0] * 5, 0.05), ([1.0], 2), ([float("inf")] * 40, 0.1)]
)
def test_a_limit_needs_enough_real_residuals(residuals, refused) -> None:
    with pytest.raises(InvalidConfigError):
        residual_limit(residuals, refused=refused)
