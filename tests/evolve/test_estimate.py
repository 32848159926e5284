"""Estimates of success: counts by hand, and a logistic curve that is found again."""

import math
import random

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome
from agentic_diffusion_evolve.estimate import by_features, by_task, named, round_of, trusted_mean


def told(request, reward, **changes):
    return Outcome(request=request, value=0, reward=reward, **changes)


def test_each_task_stands_by_itself_and_trust_counts() -> None:
    chance = by_task()([told("a", 1), told("a", 1), told("a", 0), told("b", 1, trust=0.5)])
    assert chance("a") == 3 / 5
    assert chance("b") == 1.5 / 2.5
    assert chance("new") == 0.5
    assert by_task(lambda o: o.reward > 5)([told("a", 1)])("a") == 1 / 3


def test_difficulty_predicts_success_also_of_new_tasks() -> None:
    rng = random.Random(0)
    sigmoid = lambda x: 1 / (1 + math.exp(-x))  # noqa: E731
    rows = [rng.uniform(0, 100) for _ in range(4000)]
    outcomes = [told(d, float(rng.random() < sigmoid(3 - d / 10))) for d in rows]
    chance = by_features(lambda d: [d])(outcomes)
    assert max(abs(chance(d) - sigmoid(3 - d / 10)) for d in range(0, 100, 5)) < 0.04


def test_one_kind_of_outcome_or_one_difficulty_stays_finite() -> None:
    assert by_features(lambda d: [d])([])(3) == 0.5
    assert by_features(lambda d: [d])([told(1, 1, trust=0.0)])(3) == 0.5
    chance = by_features(lambda d: [d])([told(2, 1)] * 3)
    assert 0.5 < chance(2) < 1
    with pytest.raises(InvalidConfigError):
        by_features(lambda d: [d], ridge=0)


def test_means_weigh_by_trust() -> None:
    assert trusted_mean([told("a", 1), told("a", 4, trust=0.5)]) == 2
    assert trusted_mean([told("a", 1, trust=0.0)]) == 0


def test_rounds_are_read_off_ids() -> None:
    assert round_of(named("a/b", 12, index=3, order=0), "a/b") == 12
    for foreign in ("evolve", "evolve/1/2", "other/1/2/3", "evolve/x/2/3", "evolve/1/2/3/4"):
        assert round_of(foreign, "evolve") is None
