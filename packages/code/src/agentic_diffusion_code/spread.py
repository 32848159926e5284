"""How far an expected calibration error may be trusted: an interval, and what a perfect estimate would show."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from agentic_diffusion.denoising.state import Rng, generator
from torch import Tensor

DRAWS = 2000


def spread(
    chances: Sequence[float], passed: Sequence[bool], *, bins: int = 10, seed: int = 0
) -> dict[str, float]:
    """Return the interval of an expected calibration error by resampling, and what chance alone makes of it.

    `low` and `high` hold 95 % of the errors of programs drawn anew with replacement, moved so that they lie around the
    error itself (the basic bootstrap: drawing anew adds noise, which makes errors larger). `perfect` is the mean error
    of an estimate whose chances are exactly true, on as many programs with these chances, `perfect_p95` what it exceeds
    one time in twenty.

    Args:
        chances: The chance that each program was given.
        passed: Whether it was right.
        bins: Bins of like chance.
        seed: Of the resampling.
    """
    if not chances:
        return {"low": 0.0, "high": 0.0, "perfect": 0.0, "perfect_p95": 0.0}
    rng = generator(seed)
    p, y = torch.tensor(chances, dtype=torch.float64), torch.tensor(passed, dtype=torch.float64)
    own = float(_errors(p[None], y[None], bins)[0])
    index = torch.randint(len(p), (DRAWS, len(p)), generator=rng)
    drawn = _errors(p[index], y[index], bins)
    low, high = (float(drawn.quantile(q)) for q in (0.025, 0.975))
    perfect = _errors(p.expand(DRAWS, -1), _fated(p, rng), bins)
    return {
        "low": max(0.0, 2 * own - high),
        "high": max(own, 2 * own - low),
        "perfect": float(perfect.mean()),
        "perfect_p95": float(perfect.quantile(0.95)),
    }


def _fated(p: Tensor, rng: Rng) -> Tensor:
    return (torch.rand(DRAWS, len(p), generator=rng, dtype=torch.float64) < p).double()


def _errors(p: Tensor, y: Tensor, bins: int) -> Tensor:
    """Return the expected calibration error of each row."""
    place = (p * bins).long().clamp(max=bins - 1)
    gaps = torch.zeros(len(p), bins, dtype=torch.float64).scatter_add_(1, place, p - y)
    return gaps.abs().sum(1) / p.shape[1]
