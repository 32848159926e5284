"""Calibration: the best rising function, small error on fresh plans, and a risk that is kept."""

import itertools
import math

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.select import best
from agentic_diffusion.records import Candidate, Verdict
from agentic_diffusion_evolve.calibrate import RiskThreshold, calibrated, fit_isotonic, fit_threshold
from agentic_diffusion_evolve.measure import auroc, calibration_error


def plans(rng, count):
    """A raw confidence that ranks well and boasts: the true chance is its cube."""
    raw = rng.random(count)
    return raw.tolist(), (rng.random(count) < raw**3).tolist()


@pytest.mark.parametrize("seed", range(4))
def test_it_mends_a_boast_on_fresh_plans_and_keeps_the_ranking(seed) -> None:
    rng = np.random.default_rng(seed)
    calibration = fit_isotonic(*plans(rng, 1500))
    raw, worked = plans(rng, 4000)
    mended = [calibration(r) for r in raw]
    assert calibration_error(raw, worked) > 0.2
    assert calibration_error(mended, worked) <= 0.05
    assert auroc(mended, worked) > auroc(raw, worked) - 0.01
    assert all(0 <= m <= 1 for m in mended)


def test_it_is_the_rising_function_of_least_error() -> None:
    rng = np.random.default_rng(9)
    grid = np.linspace(0, 1, 11)
    for _ in range(5):
        worked = rng.random(5) < 0.5
        fitted = fit_isotonic(range(5), worked.tolist())
        assert all(a <= b for a, b in itertools.pairwise(fitted.shares))
        # taking the pull towards the mean off again leaves the least squares, by brute force on a grid
        rising = (c for c in itertools.product(grid, repeat=5) if list(c) == sorted(c))
        least = min(sum((a - b) ** 2 for a, b in zip(c, worked, strict=True)) for c in rising)
        sizes = np.diff([-1, *[2 * s for s in fitted.scores]])
        assert len(sizes) == len(fitted.shares)
        plain = pooled(worked.astype(float))
        assert sum((plain - worked) ** 2) <= least + 1e-9
        expected = [(sum(g) + worked.mean()) / (len(g) + 1) for g in groups(plain, worked)]
        assert fitted.shares == pytest.approx(np.maximum.accumulate(expected))


def pooled(worked):
    """The textbook formula: max over starts of min over ends of the mean between."""
    n = len(worked)
    return np.array(
        [max(min(worked[a : b + 1].mean() for b in range(i, n)) for a in range(i + 1)) for i in range(n)]
    )


def groups(plain, worked):
    return [[w for p, w in zip(plain, worked, strict=True) if p == level] for level in np.unique(plain)]


def test_a_few_lucky_plans_are_not_certain() -> None:
    lucky = fit_isotonic([0.1, 0.9, 0.9], [False, True, True])
    assert lucky(0.9) < 0.95
    assert lucky(-5) == lucky(0.1)
    assert lucky(0.1) < lucky(0.5) < lucky(0.9)
    assert fit_isotonic([0.5, 0.5], [True, False])(0.7) == pytest.approx(0.5)


@pytest.mark.parametrize("risk", [0.02, 0.05, 0.1])
def test_the_risk_is_kept_on_average_and_not_by_refusing_everything(risk) -> None:
    rng = np.random.default_rng(3)
    bad, accepted = [], []
    for _ in range(300):
        threshold = fit_threshold(*plans(rng, 200), risk=risk)
        raw, worked = plans(rng, 200)
        taken = [threshold.accepts(r) for r in raw]
        bad.append(np.mean([t and not w for t, w in zip(taken, worked, strict=True)]))
        accepted.append(np.mean(taken))
    assert np.mean(bad) <= risk + 0.004
    assert np.mean(bad) >= risk - 0.02
    assert np.mean(accepted) > 0.05


def test_thresholds_at_the_edges() -> None:
    assert fit_threshold([0.5] * 10, [True] * 10, risk=0.2).accepts(0.0)
    assert fit_threshold([0.5] * 10, [False] * 10, risk=0.01) == RiskThreshold(math.inf, 0.01, 10)
    assert not fit_threshold([], [], risk=0.5).accepts(1.0)
    tied = fit_threshold([0.5] * 99, [False] * 99, risk=0.1)
    assert not tied.accepts(0.5)
    assert tied.accepts(0.51)


def test_a_selector_says_it_calibrated() -> None:
    candidates = [Candidate(value=v, verdict=Verdict(passed=v > 1, score=v)) for v in range(4)]
    chosen, sure = calibrated(best, lambda raw: raw / 2)(candidates)
    assert chosen.value == 3
    assert sure == pytest.approx(0.25)


def test_nonsense_is_refused() -> None:
    for call in (
        lambda: fit_isotonic([0.5], [True]),
        lambda: fit_isotonic([0.5, float("nan")], [True, False]),
        lambda: fit_isotonic([0.5, 0.6], [True]),
        lambda: fit_threshold([0.5], [True], risk=0.0),
        lambda: fit_threshold([0.5], [], risk=0.1),
    ):
        with pytest.raises(InvalidConfigError):
            call()
