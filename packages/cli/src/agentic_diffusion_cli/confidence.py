"""Calibrated confidence of maze plans: what is known before the drive, turned into the chance that it works."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_evolve.calibrate import Isotonic, fit_isotonic
from agentic_diffusion_evolve.measure import auroc, calibration_error, failures_avoided

from agentic_diffusion_cli.trials import Trial

Numbers: TypeAlias = Sequence[float]
Measure: TypeAlias = Callable[[Numbers, Sequence[bool]], float]

OURS, RAW, RANDOM = "ours", "raw selector confidence", "random"
FOLDS, RIDGE, TURNS = 5, 1.0, 30
ABSTAIN = 0.1


@final
@dataclass(frozen=True)
class Linear:
    """A weighted sum of standardised features: the log odds that a plan works.

    Args:
        centre: Mean of each feature.
        unit: Standard deviation of each feature.
        weights: One each, and the constant last.
    """

    centre: tuple[float, ...]
    unit: tuple[float, ...]
    weights: tuple[float, ...]

    def __call__(self, features: Numbers) -> float:
        """Return the log odds."""
        row = (np.asarray(features) - self.centre) / self.unit
        return float(row @ self.weights[:-1] + self.weights[-1])


def fit_linear(trials: Sequence[Trial], *, ridge: float = RIDGE) -> Linear:
    """Return the logistic regression with the least log loss plus ridge · ‖w‖² / 2, by Newton steps."""
    table, y = np.array([t.features for t in trials]), np.array([t.worked for t in trials], dtype=float)
    centre, unit = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-6)
    x = np.column_stack([(table - centre) / unit, np.ones(len(table))])
    pull = ridge * np.eye(x.shape[1])
    pull[-1, -1] = 1e-3
    w = np.zeros(x.shape[1])
    for _ in range(TURNS):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -40, 40)))
        curve = (x * (p * (1 - p))[:, None]).T @ x + pull
        w = w - np.clip(np.linalg.solve(curve, x.T @ (p - y) + pull @ w), -2, 2)
    return Linear(tuple(map(float, centre)), tuple(map(float, unit)), tuple(map(float, w)))


@final
@dataclass(frozen=True)
class Confidence:
    """From features to the chance that a plan works: log odds, then a rising function.

    Args:
        linear: The log odds.
        isotonic: From log odds to the share that worked.
    """

    linear: Linear
    isotonic: Isotonic

    def __call__(self, features: Numbers) -> float:
        """Return the chance; odds break the ties of a step, by less than any figure shows."""
        odds = self.linear(features)
        return min(1.0, max(0.0, self.isotonic(odds) + 1e-6 * float(np.tanh(odds / 10))))


def fit_confidence(trials: Sequence[Trial], *, folds: int = FOLDS) -> Confidence:
    """Return the confidence fitted on these trials; each trial's odds for the rising function come from the others.

    Raises:
        InvalidConfigError: Fewer than two trials a fold, or all came out alike.
    """
    worked = [trial.worked for trial in trials]
    if len(trials) < 2 * folds or len(set(worked)) < 2:
        raise InvalidConfigError(
            f"{len(trials)} trials, {worked.count(False)} of which failed",
            f"at least {2 * folds}, and both kinds",
            "Drive more plans, or harder ones.",
        )
    odds = np.empty(len(trials))
    for fold in range(folds):
        linear = fit_linear([t for k, t in enumerate(trials) if k % folds != fold])
        for k in range(fold, len(trials), folds):
            odds[k] = linear(trials[k].features)
    return Confidence(fit_linear(trials), fit_isotonic(odds.tolist(), worked))


def resampled(
    said: Numbers, worked: Sequence[bool], measure: Measure, *, resamples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Return a measure with its 95 % percentile interval over resampled trials (Efron 1979)."""
    told, was, rng = np.asarray(said), np.asarray(worked, dtype=bool), np.random.default_rng(seed)
    drawn: list[float] = []
    while len(drawn) < resamples:
        index = rng.integers(len(told), size=len(told))
        if 0 < was[index].sum() < len(index):
            drawn.append(measure(told[index].tolist(), was[index].tolist()))
    low, high = np.quantile(drawn, [0.025, 0.975])
    value = measure(list(said), list(worked))
    return {"mean": value, "ci95": [float(low), float(high)], "n": len(told)}


def rows_of(confidence: Confidence, trials: Sequence[Trial], *, seed: int = 0) -> list[dict[str, Any]]:
    """Return the rows of the bench from trials that nothing was fitted on."""
    rng, worked = np.random.default_rng(seed), [trial.worked for trial in trials]
    said = {
        OURS: [confidence(trial.features) for trial in trials],
        RAW: [trial.raw for trial in trials],
        RANDOM: rng.random(len(trials)).tolist(),
    }
    measures: dict[str, Measure] = {
        "auroc": auroc,
        "ece": calibration_error,
        "failures_avoided": lambda c, w: failures_avoided(c, w, share=ABSTAIN),
    }
    failed = 1 - sum(worked) / len(worked)
    return [
        {"name": name, "failed": failed, **{key: resampled(told, worked, m) for key, m in measures.items()}}
        for name, told in said.items()
    ]
