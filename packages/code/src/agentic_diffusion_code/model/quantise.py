"""Weights in eight bits: a whole number each, and one scale for each row."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

SCALE = ".scale"


def quantise(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return matrices as whole numbers from -127 to 127 with the scale of each row, and vectors as they are."""
    small: dict[str, Tensor] = {}
    for name, value in weights.items():
        if value.ndim != 2:
            small[name] = value.detach().float()
            continue
        scale = value.detach().float().abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
        small[name] = (value.detach().float() / scale).round().to(torch.int8)
        small[name + SCALE] = scale[:, 0].half()
    return small


def restore(small: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights that `quantise` packed, off by at most half a step of each row's scale and its rounding."""
    return {
        name: value.float() * small[name + SCALE].float()[:, None] if name + SCALE in small else value
        for name, value in small.items()
        if not name.endswith(SCALE)
    }
