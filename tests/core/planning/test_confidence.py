"""Confidence: Laplace's rule and agreement, by hand."""

from fractions import Fraction

import pytest
from agentic_diffusion.planning.confidence import agreement, share_passed
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
