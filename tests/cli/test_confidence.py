"""Confidence is calibrated on one set of trials and measured on another."""

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli.confidence import fit_confidence, fit_linear, resampled, rows_of
from agentic_diffusion_cli.trials import Trial
from agentic_diffusion_evolve.measure import auroc


def made(count, *, seed):
    """Return trials whose first feature is the log odds, and whose second says nothing."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(2.0, 2.5, count)
    worked = rng.random(count) < 1 / (1 + np.exp(-odds))
    noise = rng.normal(size=count)
    return [
        Trial("none", "none", (float(o), float(n)), 0.5, bool(w))
        for o, n, w in zip(odds, noise, worked, strict=True)
    ]


def test_the_odds_are_found():
    linear = fit_linear(made(4000, seed=0))
    slope = np.array(linear.weights[:-1]) / np.array(linear.unit)
    assert slope[0] == pytest.approx(1.0, abs=0.1)
    assert slope[1] == pytest.approx(0.0, abs=0.1)


def test_rows_compare_on_new_trials():
    ours, raw, random = rows_of(fit_confidence(made(1500, seed=1)), made(1500, seed=2))
    assert ours["name"] == "ours"
    assert ours["auroc"]["mean"] > 0.85
    assert ours["ece"]["mean"] < 0.05
    assert raw["auroc"]["mean"] == 0.5
    assert abs(random["failures_avoided"]["mean"] - 0.1) < 0.06
    assert ours["failures_avoided"]["ci95"][0] > random["failures_avoided"]["ci95"][1]


def test_both_kinds_are_needed():
    with pytest.raises(InvalidConfigError):
        fit_confidence([trial for trial in made(100, seed=0) if trial.worked])


def test_an_interval_shrinks_with_trials():
    rng = np.random.default_rng(0)

    def width(count):
        marks = rng.random(count) < 0.5
        score = resampled((marks + rng.normal(size=count)).tolist(), marks.tolist(), auroc, resamples=200)
        return score["ci95"][1] - score["ci95"][0]

    assert width(1000) < width(50)
