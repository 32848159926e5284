"""Activation checkpointing: blocks keep their inputs and compute the rest again on the way back."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

_KINDS: dict[type[nn.Module], type[nn.Module]] = {}


def recompute(module: nn.Module) -> nn.Module:
    """Make every block of every `ModuleList` in a module recompute its activations in training; returns the module.

    Weights, names and results stay as they are; memory grows with the depth by one input a block instead of all
    activations (Chen et al. 2016, arXiv:1604.06174, sec. 4).
    """
    for part in module.modules():
        if isinstance(part, nn.ModuleList):
            for block in part:
                block.__class__ = _thrifty(type(block))
    return module


def _thrifty(kind: type[nn.Module]) -> type[nn.Module]:
    """Return the class of blocks whose forward is checkpointed: a class and not a wrapper, so that copies work."""
    if getattr(kind, "recomputes", False):
        return kind

    def forward(self: nn.Module, *args: Any) -> Any:
        if not (torch.is_grad_enabled() and self.training):
            return kind.forward(self, *args)
        return checkpoint(kind.forward, self, *args, use_reentrant=False)

    if kind not in _KINDS:
        names = {"forward": forward, "recomputes": True, "__module__": kind.__module__}
        _KINDS[kind] = type(kind.__name__, (kind,), names)
    return _KINDS[kind]
