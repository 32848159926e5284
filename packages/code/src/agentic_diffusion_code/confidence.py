"""The chance that a program is right, from what the model thinks of it and from the tests it passed."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import final

import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Record

_WORD = re.compile(r"[a-z]+")
NEW = 0.15
"""The share of unknown words from which a description counts as unlike the training data."""
RIDGE = 1e-2
"""How strongly the weights of an estimate are pulled towards zero."""
LIGHT = 3e-3
"""The same where nothing but programs that no test has seen is fitted: a stronger pull makes their chances too even."""


class Odds(Record):
    """A logistic law: σ(w · (features - mean) / scale + bias).

    Args:
        weights: One for each feature.
        bias: The constant.
        mean: Mean of each feature where it was fitted.
        scale: Spread of each feature where it was fitted.
    """

    weights: tuple[float, ...]
    bias: float
    mean: tuple[float, ...]
    scale: tuple[float, ...]

    def chance(self, read: Sequence[float]) -> float:
        """Return the chance that goes with as many features as there are weights."""
        parts = zip(self.weights, read, self.mean, self.scale, strict=True)
        logit = self.bias + sum(w * (f - m) / s for w, f, m, s in parts)
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@final
class Confidence(Odds):
    """An estimate of p(pass), from what is thought of a program and from the tests it passed.

    The last two weights are those of the tests. Features are only ever added behind those that there are; an estimate
    that was fitted before there were so many reads the first of them.

    Args:
        alone: The estimate for programs that no test has seen, from more features; where those could not be told, or
            it is None, the other one speaks for them too.
    """

    alone: Odds | None = None

    def __call__(self, features: Sequence[float], tests: int | None = None) -> float:
        """Return the chance to pass, given the features of a program.

        Args:
            features: What is thought of it.
            tests: How many tests it has passed; None where it was not put to any.
        """
        if tests is None and self.alone is not None and len(features) >= len(self.alone.weights):
            return self.alone.chance(features[: len(self.alone.weights)])
        passed = tests or 0
        read = _first(features, len(self.weights) - 2)
        return self.chance([*read, math.log1p(passed), float(passed > 0)])

    def further(self, count: int) -> bool:
        """Say whether more than so many features are asked for of what was not put to any test."""
        return self.alone is not None and len(self.alone.weights) > count

    def apart(self, features: Sequence[Sequence[float]], passed: Sequence[bool]) -> Confidence:
        """Return the estimate with one of its own for programs that no test has seen, fitted to these.

        What is said after tests stays as it is.

        Args:
            features: Of programs that no test has seen.
            passed: Whether each was right.
        """
        return self.model_copy(update={"alone": _fitted(features, passed, ridge=LIGHT)})


def _first(features: Sequence[float], count: int) -> Sequence[float]:
    if len(features) < count:
        raise InvalidConfigError(
            f"{len(features)} features", f"at least {count}", "Use the features it was fitted on."
        )
    return features[:count]


def fit_confidence(
    features: Sequence[Sequence[float]],
    passed: Sequence[bool],
    *,
    tests: Sequence[int],
    ridge: float = RIDGE,
) -> Confidence:
    """Fit p(pass) to programs whose fate is known, by maximum likelihood with a ridge.

    Args:
        features: Of each program, as `Writes.sure` gives them.
        passed: Whether each was right, by tests that nobody else saw.
        tests: How many tests each had passed before.
        ridge: Strength of the pull of the weights towards zero.
    """
    rows = [[*f, math.log1p(n), float(n > 0)] for f, n in zip(features, tests, strict=True)]
    return Confidence(**_fitted(rows, passed, ridge=ridge).model_dump())


def _fitted(rows: Sequence[Sequence[float]], passed: Sequence[bool], *, ridge: float) -> Odds:
    if not rows or len(set(passed)) < 2:
        raise InvalidConfigError(
            f"{len(passed)} programs of one fate", "some that pass and some that fail", "Collect more."
        )
    x = torch.tensor(rows, dtype=torch.float64)
    y = torch.tensor(passed, dtype=torch.float64)
    mean, scale = x.mean(0), x.std(0).clamp(min=1e-6)
    z = torch.cat([(x - mean) / scale, torch.ones(len(x), 1, dtype=torch.float64)], dim=1)
    pull = torch.full((z.shape[1],), ridge * len(x), dtype=torch.float64)
    pull[-1] = 1e-6
    w = torch.zeros(z.shape[1], dtype=torch.float64)
    for _ in range(50):
        p = torch.sigmoid(z @ w)
        gradient = z.T @ (p - y) + pull * w
        curve = (z * (p * (1 - p))[:, None]).T @ z + torch.diag(pull)
        w = w - torch.linalg.solve(curve, gradient).clamp(-3, 3)
    *weights, bias = w.tolist()
    return Odds(weights=tuple(weights), bias=bias, mean=tuple(mean.tolist()), scale=tuple(scale.tolist()))


@final
class Familiar(Record):
    """The words of the descriptions that a model was trained on.

    Args:
        words: All of them, in lower case.
    """

    words: frozenset[str]

    def __call__(self, description: str) -> float:
        """Return the share of unknown words, in units of the share from which a description counts as new."""
        said = _WORD.findall(description.lower())
        return sum(word not in self.words for word in said) / max(1, len(said)) / NEW


def words_of(descriptions: Sequence[str]) -> frozenset[str]:
    """Return the words of descriptions, in lower case."""
    return frozenset(word for text in descriptions for word in _WORD.findall(text.lower()))


def calibration_error(chances: Sequence[float], passed: Sequence[bool], *, bins: int = 10) -> float:
    """Return the expected calibration error: the mean gap of confidence and success, over bins of like confidence."""
    total = 0.0
    for index in range(bins):
        low, high = index / bins, (index + 1) / bins
        inside = [
            (c, p) for c, p in zip(chances, passed, strict=True) if low <= c < high or (high == 1 and c == 1)
        ]
        if inside:
            total += abs(sum(c for c, _ in inside) - sum(p for _, p in inside))
    return total / max(1, len(chances))


def ranking(chances: Sequence[float], passed: Sequence[bool]) -> float | None:
    """Return the area under the ROC curve: how often a right program is given more chance than a wrong one.

    None where all are right, or all are wrong.
    """
    right = torch.tensor([c for c, p in zip(chances, passed, strict=True) if p])
    wrong = torch.tensor([c for c, p in zip(chances, passed, strict=True) if not p])
    if not len(right) or not len(wrong):
        return None
    gap = right[:, None] - wrong[None]
    return float((gap > 0).double().mean() + 0.5 * (gap == 0).double().mean())
