"""Confidence: Laplace's rule and agreement, by hand."""

from fractions import Fraction

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.confidence import Logistic, agreement, fit_logistic, share_passed
from agentic_diffusion.records import Candidate, Verdict


def candidates(passed: list[bool]) -> list[Candidate[int]]:
    return [Candidate(value=i, verdict=Verdict(passed=p, score=0)) for i, p in enumerate(passed)]


@pytest.mark.parametrize(("passed", "count"), [(0, 1), (1, 1), (3, 8), (8, 8)])
def test_share_passed_is_the_posterior_mean_under_a_flat_prior(passed: int, count: int) -> None:
    rows = candidates([i < passed for i in range(count)])
    grid = [Fraction(k, 400) for k in range(401)]  # the integral of p^(k+1) (1-p)^(n-k), summed
    weights = [p**passed * (1 - p) ** (count - passed) for p in grid]
    mean = sum(w * p for w, p in zip(weights, grid, strict=True)) / sum(weights)
    assert share_passed(rows) == pytest.approx(float(mean), abs=5e-3)


def test_agreement_counts_close_ones_that_passed() -> None:
    rows = candidates([True, True, False, True])
    assert agreement(rows, rows[0], distance=lambda a, b: abs(a - b), within=2) == 0.5


def test_a_curve_is_fitted_to_what_worked() -> None:
    rng = np.random.RandomState(0)
    raw = rng.rand(2000)
    worked = rng.rand(2000) < 1 / (1 + np.exp(-(0.5 * np.log(raw / (1 - raw)) + 1)))
    curve = fit_logistic(raw.tolist(), worked.tolist())
    assert curve.slope == pytest.approx(0.5, abs=0.08)
    assert curve.offset == pytest.approx(1.0, abs=0.15)
    assert curve(0.1) < curve(0.2) < curve(0.9)


def test_few_plans_leave_the_raw_confidence_about_as_it_is() -> None:
    assert Logistic()(0.3) == pytest.approx(0.3)
    curve = fit_logistic([0.5, 1.0, 0.0], [True, True, False])
    assert 0.3 < curve(0.4) < 0.7
    assert 0 < curve(0.0) < curve(1.0) < 1


@pytest.mark.parametrize(("raw", "worked"), [([], []), ([0.5], []), ([0.5], [True, False])])
def test_a_curve_needs_one_outcome_a_plan(raw, worked) -> None:
    with pytest.raises(InvalidConfigError):
        fit_logistic(raw, worked)
