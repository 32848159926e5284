"""Credit: how much each outcome counts in tuning, beside the trust in its source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from agentic_diffusion.records import Outcome
from torch import Tensor

from agentic_diffusion_evolve.encoded import Encoded
from agentic_diffusion_evolve.prefer import Taste
from agentic_diffusion_evolve.weigh import Weigher

Credit: TypeAlias = Callable[[Sequence[Outcome[Any, Any]], Encoded], Tensor]
"""From outcomes, and the same as tensors, to one number of at least 0 for each; 1 changes nothing."""


def plausible(weigher: Weigher) -> Credit:
    """Count plans by their weight: little where they are unlike any real one."""

    def credit(outcomes: Sequence[Outcome[Any, Any]], data: Encoded) -> Tensor:
        return weigher(data.states, data.condition)

    return credit


def preferred(taste: Taste[Any], *, temperature: float = 1.0) -> Credit:
    """Count values by how much they are preferred, ∝ exp(score / temperature) with a mean of 1."""

    def credit(outcomes: Sequence[Outcome[Any, Any]], data: Encoded) -> Tensor:
        return torch.tensor(taste.shares([o.value for o in outcomes], temperature=temperature))

    return credit
