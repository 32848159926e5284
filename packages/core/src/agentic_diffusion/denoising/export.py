"""A network as one file that torch runs alone, without this package and without the code of the network."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn

from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.errors import InvalidConfigError, StoreError


def export_network(network: nn.Module, target: Path, *, like: Tensor, condition: Condition[Tensor]) -> Path:
    """Write a network to a file (`torch.export`); returns the file.

    Whoever has torch calls `torch.export.load(target).module()(x, t, context)`: states, a noise level for each and a
    mapping of what is told, all of as many rows as there are states, however many. Nothing but the shapes of the
    other dimensions is fixed, and the entries of the context.

    Args:
        network: Called as `network(x, t, context)`, such as `GaussianNet.network`; on the processor, in fp32.
        target: The file; its name ends in `.pt2`.
        like: A state, of one or more rows, as `Domain.blank` gives.
        condition: What is told beside it, as `Domain.condition` gives.

    Raises:
        InvalidConfigError: The name ends otherwise, or torch cannot follow what the network does.
        StoreError: The disk refused.
    """
    if target.suffix != ".pt2":
        raise InvalidConfigError(
            str(target), "a file that ends in .pt2", "torch reads such files under no other name."
        )
    _wake_autograd()
    x = torch.zeros(2, *like.shape[1:], dtype=like.dtype)  # torch fixes dimensions of one
    level = torch.full((2,), 0.5)
    told = _rows(condition.context, 2)
    batch = {0: torch.export.Dim("batch", min=1)}
    try:
        with torch.no_grad():
            program = torch.export.export(
                deepcopy(network).eval(),
                (x, level, told),
                dynamic_shapes=(batch, batch, {name: batch for name in told}),
            )
    except Exception as error:  # whatever the network, or torch on its way through it, meets
        said = (str(error).splitlines() or [""])[0]
        raise InvalidConfigError(
            f"{type(network).__name__}: {type(error).__name__}: {said}",
            "a network that does the same for every number of rows",
            "Remove branches that depend on values or on the number of rows.",
        ) from error
    part = target.with_name(f"{target.stem}.part.pt2")
    try:
        torch.export.save(program, part)
        os.replace(part, target)
    except (OSError, RuntimeError) as error:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"{target}: {error}", "a folder with room", "Make room or choose another."
        ) from error
    return target


@final
class Exported(nn.Module):
    """A network that was read from a file; it is called like the one that was written.

    Such a file can run code of its author when it is read: read none that is not yours.

    Args:
        source: A file written by `export_network`.

    Raises:
        StoreError: There is no such file, or it is damaged.
    """

    def __init__(self, source: Path) -> None:
        super().__init__()
        _wake_autograd()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch reads its own file through deprecated doors
                self.program = torch.export.load(source).module()
        except Exception as error:  # whatever torch meets in a damaged file
            raise StoreError(
                f"{source}: {type(error).__name__}", "a file of `export_network`", "Write it anew."
            ) from error

    def train(self, mode: bool = True) -> Exported:
        """Stay as it is: what was written infers only."""
        return self

    def forward(self, x: Tensor, t: Tensor, context: Mapping[str, Tensor]) -> Tensor:
        """Return what the network says."""
        said: Tensor = self.program(x, t.contiguous(), _rows(context, len(x)))
        return said


def _wake_autograd() -> None:
    """Let autograd count the devices before torch pretends a GPU to follow a network.

    Otherwise it would start a thread for that GPU with the next gradient, and no process forked later could train.
    """
    with torch.inference_mode(False), torch.enable_grad():
        torch.zeros((), requires_grad=True).backward()  # type: ignore[no-untyped-call]


def _rows(context: Mapping[str, Tensor], count: int) -> dict[str, Any]:
    return {name: value.expand(count, *value.shape[1:]).contiguous() for name, value in context.items()}
