"""Scores of tool plans: overlap of tools and of links, all right, in order; and what confidence was worth."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

RIGHT = 0.99
"""The overlap of tools from which a plan counts as accurate."""


def _f1(one: set[Hashable], two: set[Hashable]) -> float:
    if not one and not two:
        return 1.0
    return 2 * len(one & two) / (len(one) + len(two))


def node_f1(told: Sequence[str], truth: Sequence[str]) -> float:
    """Return the F1 of the sets of tools."""
    return _f1(set(told), set(truth))


def link_f1(told: Sequence[str], truth: Sequence[str]) -> float:
    """Return the F1 of the sets of neighbouring pairs."""
    return _f1(set(pairwise(told)), set(pairwise(truth)))


@final
@dataclass(frozen=True)
class Answer:
    """What a planner answered to one request.

    Args:
        told: The tools it called.
        truth: The tools it should have called.
        seen: Whether some training request has that very plan.
        confidence: How sure it was; NaN where it does not say.
        milliseconds: Wall-clock time, the text included.
        cpu_milliseconds: Processor time of the same.
    """

    told: tuple[str, ...]
    truth: tuple[str, ...]
    seen: bool
    confidence: float = float("nan")
    milliseconds: float = float("nan")
    cpu_milliseconds: float = float("nan")


def table(answers: Iterable[Answer]) -> dict[str, Floats]:
    """Return the columns of the answers, one number a request; scores in percent."""
    rows = [
        (
            100 * node_f1(a.told, a.truth),
            100 * link_f1(a.told, a.truth),
            100.0 * (node_f1(a.told, a.truth) >= RIGHT),
            100.0 * (a.told == a.truth),
            float(a.seen),
            a.confidence,
            a.milliseconds,
            a.cpu_milliseconds,
        )
        for a in answers
    ]
    names = ("node_f1", "link_f1", "accuracy", "exact", "seen", "confidence", "wall", "cpu")
    return dict(zip(names, np.array(rows, dtype=float).T, strict=True))


def coverage(told: Mapping[str, Floats], share: float) -> float:
    """Return the accuracy of the surest share of the requests; NaN where nobody says how sure it is."""
    if np.isnan(told["confidence"]).any():
        return float("nan")
    count = max(1, round(share * len(told["confidence"])))
    surest = np.argsort(-told["confidence"], kind="stable")[:count]
    return float(told["accuracy"][surest].mean())


def area(told: Mapping[str, Floats]) -> float:
    """Return the chance that an accurate plan has more confidence than another one (AUROC)."""
    right = told["accuracy"] > 0
    if np.isnan(told["confidence"]).any():
        return float("nan")
    good, bad = told["confidence"][right], told["confidence"][~right]
    if not len(good) or not len(bad):
        return float("nan")
    wins = (good[:, None] > bad).mean() + 0.5 * (good[:, None] == bad).mean()
    return float(wins)


def calibration(told: Mapping[str, Floats], *, bins: int = 10) -> float:
    """Return the mean gap between confidence and accuracy over bins of equal size (ECE)."""
    order = np.argsort(told["confidence"], kind="stable")
    gaps = [
        len(part) * abs(told["confidence"][part].mean() - told["accuracy"][part].mean() / 100)
        for part in np.array_split(order, bins)
        if len(part)
    ]
    return float(sum(gaps) / len(order))


Metric: TypeAlias = Callable[[Mapping[str, Floats]], float]


def _mean(name: str, *, seen: bool | None = None) -> Metric:
    def metric(told: Mapping[str, Floats]) -> float:
        rows = told[name] if seen is None else told[name][told["seen"] == float(seen)]
        return float(rows.mean()) if len(rows) else float("nan")

    return metric


def _surest(share: int) -> Metric:
    return lambda told: coverage(told, share / 100)


def _percentile(name: str, level: float) -> Metric:
    return lambda told: float(np.percentile(told[name], level))


METRICS: Mapping[str, Metric] = {
    **{name: _mean(name) for name in ("node_f1", "link_f1", "accuracy", "exact")},
    **{f"{name}_seen": _mean(name, seen=True) for name in ("node_f1", "link_f1", "accuracy", "exact")},
    **{f"{name}_unseen": _mean(name, seen=False) for name in ("node_f1", "link_f1", "accuracy", "exact")},
    **{f"accuracy_at_{share}": _surest(share) for share in (25, 50, 75, 100)},
    "auroc": area,
    "ece": calibration,
    "latency_p50_ms": _percentile("wall", 50),
    "latency_p95_ms": _percentile("wall", 95),
    "cpu_p50_ms": _percentile("cpu", 50),
    "cpu_p95_ms": _percentile("cpu", 95),
}


def summary(runs: Sequence[Sequence[Answer]], *, draws: int = 200) -> dict[str, Any]:
    """Return every metric: its mean over the seeds, with a 95 % interval over requests.

    The interval is a bootstrap: requests are drawn anew, the same ones for every seed.

    Args:
        runs: The answers of each seed, to the same requests in the same order.
        draws: Bootstrap draws.
    """
    tables = [table(answers) for answers in runs]
    count = len(runs[0])
    rng = np.random.RandomState(0)
    picks = [rng.randint(0, count, count) for _ in range(draws)]
    told: dict[str, Any] = {}
    for name, metric in METRICS.items():
        mean = float(np.mean([metric(rows) for rows in tables]))
        if not np.isfinite(mean):
            continue
        again = [
            float(np.mean([metric({key: column[pick] for key, column in rows.items()}) for rows in tables]))
            for pick in picks
        ]
        again = [value for value in again if np.isfinite(value)] or [mean]
        low, high = np.percentile(again, [2.5, 97.5])
        told[name] = {"mean": mean, "ci95": [float(low), float(high)], "n": count}
    return told
