"""Measures against brute force, tables and coverage by simulation."""

import math

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_evolve.measure import (
    auroc,
    bootstrap,
    calibration_error,
    failures_avoided,
    student,
    student_quantile,
    weighted_median,
)


def test_auroc_is_the_share_of_ordered_pairs() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores, labels = rng.integers(0, 6, 40), rng.random(40) < 0.4
        if labels.all() or not labels.any():
            continue
        pairs = [(a > b) + 0.5 * (a == b) for a in scores[labels] for b in scores[~labels]]
        assert auroc(scores.tolist(), labels.tolist()) == pytest.approx(np.mean(pairs), abs=1e-12)
    assert auroc([1, 1, 1], [True, False, True]) == 0.5
    with pytest.raises(InvalidConfigError, match="both kinds"):
        auroc([1, 2], [True, True])


@pytest.mark.parametrize(
    ("chance", "freedom", "value"),
    [
        (0.975, 1, 12.7062),
        (0.95, 2, 2.91999),
        (0.975, 10, 2.22814),
        (0.95, 30, 1.69726),
        (0.975, 100_000, 1.95999),
    ],
)
def test_student_quantiles_are_those_of_the_tables(chance, freedom, value) -> None:
    assert student_quantile(chance, freedom) == pytest.approx(value, rel=2e-4)
    assert student_quantile(1 - chance, freedom) == pytest.approx(-value, rel=2e-4)


def test_quantiles_outside_their_range_are_refused() -> None:
    with pytest.raises(InvalidConfigError):
        student_quantile(1.0, 5)
    with pytest.raises(InvalidConfigError):
        student_quantile(0.5, 0)


@pytest.mark.parametrize(("bound", "most"), [(student, 0.07), (bootstrap(resamples=300), 0.09)])
def test_a_lower_bound_is_above_the_truth_as_seldom_as_it_says(bound, most) -> None:
    rng = np.random.default_rng(1)
    above = np.mean([bound(rng.normal(2.0, 1.0, 25).tolist(), 0.05) > 2.0 for _ in range(600)])
    assert 0.02 <= above <= most
    assert bound([1.0], 0.05) == -math.inf


def test_calibration_error_is_zero_for_the_truth_and_the_gap_for_a_boast() -> None:
    rng = np.random.default_rng(2)
    said = rng.random(20_000)
    worked = rng.random(20_000) < said
    assert calibration_error(said.tolist(), worked.tolist()) < 0.02
    assert calibration_error([0.95] * 100, [True] * 70 + [False] * 30) == pytest.approx(0.25)


def test_failures_avoided_counts_what_lies_lowest_and_splits_ties() -> None:
    assert failures_avoided([0.1, 0.2, 0.3, 0.4], [False, True, True, False], share=0.25) == 0.5
    assert failures_avoided([0.5] * 10, [False] * 5 + [True] * 5, share=0.2) == pytest.approx(0.2)
    assert failures_avoided([0.5, 0.6], [True, True]) == 0.0


def test_the_weighted_median_is_the_lower_one_and_ignores_a_minority() -> None:
    assert weighted_median([1, 2, 3], [1, 1, 1]) == 2
    assert weighted_median([1, 2], [1, 1]) == 1
    assert weighted_median([1e9, 2.0, 3.0], [0.3, 0.35, 0.35]) == 3.0
    assert weighted_median([math.inf, -1.0], [0.49, 0.51]) == -1.0
    with pytest.raises(InvalidConfigError, match="no weight"):
        weighted_median([1.0], [0.0])
