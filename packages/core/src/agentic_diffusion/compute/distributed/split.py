"""Tensor parallelism: the linear layers of a transformer's blocks divided by heads and hidden units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from agentic_diffusion.compute.distributed.team import Team
from agentic_diffusion.errors import InvalidConfigError


@runtime_checkable
class Splits(Protocol):
    """A block that says how it can be divided: it must take the number of heads it computes from its layers' outputs.

    Attributes:
        heads: Attention heads; the number of processes must divide it.
        columns: Linear layers whose outputs are divided, and how many equal parts lie in the outputs one after the
            other (3 for query, key and value in one layer).
        rows: Linear layers whose inputs are divided; their outputs are summed.
    """

    heads: int
    columns: ClassVar[Mapping[str, int]]
    rows: ClassVar[tuple[str, ...]]


def split(module: nn.Module, team: Team, where: torch.device) -> dict[str, int]:
    """Divide the blocks of an empty network (torch's device `meta`) in place, for devices of the kind of `where`.

    Returns:
        The names of the weights whose rows must be re-ordered so that each process holds its heads of every part,
        with the number of parts; `swapped(weight, processes, parts)` puts them back.

    Raises:
        InvalidConfigError: The network has no block that can be divided, or the processes do not divide it.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
    from torch.distributed.tensor.parallel.style import ParallelStyle

    blocks = {name: block for name, block in module.named_modules() if isinstance(block, Splits)}
    if not blocks:
        raise InvalidConfigError(
            f"tensor parallelism of {type(module).__name__} without blocks that say how to divide them",
            "a transformer such as TrajectoryDiT or TokenDiT",
            "Use ddp or fsdp, which divide every network.",
        )
    mesh = init_device_mesh(where.type, (team.size,))
    stacked: dict[str, int] = {}
    for name, block in blocks.items():
        _divisible(name, block, team.size)
        for layer, parts in block.columns.items():
            if parts > 1:
                weights = module.get_submodule(f"{name}.{layer}").named_parameters()
                stacked |= {f"{name}.{layer}.{weight}": parts for weight, _ in weights}
        plan: dict[str, ParallelStyle] = {layer: ColwiseParallel() for layer in block.columns}
        inner: nn.Module = module.get_submodule(name)
        plan |= {layer: RowwiseParallel() for layer in block.rows}
        parallelize_module(inner, mesh, plan, src_data_rank=None)
    return stacked


def swapped(weight: Tensor, outer: int, inner: int) -> Tensor:
    """Return rows that lie as (outer, inner, row) in the order (inner, outer, row)."""
    dealt = weight.reshape(outer, inner, -1, *weight.shape[1:])
    return dealt.transpose(0, 1).flatten(0, 2)


def _divisible(name: str, block: Splits, size: int) -> None:
    assert isinstance(block, nn.Module)
    outputs = {layer: len(next(block.get_submodule(layer).parameters())) for layer in block.columns}
    widths = [outputs[layer] // parts for layer, parts in block.columns.items()]
    if block.heads % size or any(width % size for width in widths):
        raise InvalidConfigError(
            f"{name} with {block.heads} heads and layers of {widths} units for {size} processes",
            "heads and units that the number of processes divides",
            f"Use a number of processes that divides {block.heads}, or another number of heads.",
        )
