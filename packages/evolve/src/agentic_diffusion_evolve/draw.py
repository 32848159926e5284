"""Drawing by priority: the better and the more trusted an outcome, the likelier it comes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from agentic_diffusion.denoising.state import Rng
from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_evolve.evict import Entry


def drawn(entries: Sequence[Entry], count: int, rng: Rng, *, sharpness: float) -> list[str]:
    """Draw ids with replacement, each with chance ∝ trust / rank^sharpness.

    Rank-based prioritisation (Schaul et al. 2016, arXiv:1511.05952, sec. 3.3) does not care about the unit of the
    reward; equal rewards share the mean of their ranks. Where nothing is trusted, nothing is drawn.

    Args:
        entries: What can be drawn.
        count: How many to draw.
        rng: Where randomness comes from.
        sharpness: 0 draws by trust alone; larger values favour the best.

    Raises:
        InvalidConfigError: A negative count or sharpness.
    """
    if count < 0 or sharpness < 0:
        raise InvalidConfigError(
            f"sample(count={count}, sharpness={sharpness})",
            "a count and a sharpness of at least 0",
            "A sharpness of 0 draws by trust alone.",
        )
    trust = torch.tensor([entry.trust for entry in entries], dtype=torch.float64)
    if count == 0 or not bool((trust > 0).any()):
        return []
    rewards = torch.tensor([entry.reward for entry in entries], dtype=torch.float64)
    _, place, size = torch.unique(-rewards, return_inverse=True, return_counts=True)
    ranks = (size.cumsum(0) - (size - 1) / 2)[place]
    chance = (trust / ranks**sharpness).cumsum(0)
    # torch.multinomial takes at most 2^24 categories
    spread = torch.rand(count, generator=rng, dtype=torch.float64) * chance[-1]
    index = torch.searchsorted(chance, spread, right=True).clamp(max=len(entries) - 1)
    return [entries[i].id for i in index.tolist()]
