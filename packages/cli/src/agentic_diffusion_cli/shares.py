"""A share with its interval."""

from __future__ import annotations

from math import sqrt
from typing import Any


def share(mean: float, count: int) -> dict[str, Any]:
    """Return a share with its 95 % interval by Wilson's score.

    Seeds meet the same tickets, so that tickets are counted once, however many seeds there were.
    """
    z2 = 1.959964**2
    middle = (mean + z2 / (2 * count)) / (1 + z2 / count)
    half = sqrt(z2 * (mean * (1 - mean) + z2 / (4 * count)) / count) / (1 + z2 / count)
    return {"mean": mean, "ci95": [max(0.0, middle - half), min(1.0, middle + half)], "n": count}
