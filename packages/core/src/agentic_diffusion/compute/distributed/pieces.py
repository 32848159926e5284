"""Pieces of tensors: what one process holds of a whole, and how it is cut from what lies elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, final, runtime_checkable

from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from agentic_diffusion.errors import InvalidConfigError

Where: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""Where a block begins in a whole tensor, and its shape."""


@final
@dataclass(frozen=True)
class Piece:
    """A block of a named tensor that one process holds.

    Args:
        path: The name of the tensor.
        shape: Of the whole of it.
        offset: Where the block begins in the whole.
        value: The block, wherever it lies.
    """

    path: str
    shape: tuple[int, ...]
    offset: tuple[int, ...]
    value: Tensor


@runtime_checkable
class Cuts(Protocol):
    """Named tensors of which blocks are taken, so that a process need not hold what it does not use."""

    def __iter__(self) -> Iterator[str]:
        """Go over the names."""
        ...

    def shape(self, path: str) -> tuple[int, ...]:
        """Return the shape of a whole tensor."""
        ...

    def cut(self, path: str, offset: Sequence[int], shape: Sequence[int]) -> Tensor:
        """Return a block of a tensor."""
        ...


@final
class Whole:
    """Whole tensors, of which blocks are views.

    Args:
        tensors: By name.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.tensors = tensors

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def shape(self, path: str) -> tuple[int, ...]:
        """Return the shape of a whole tensor."""
        return tuple(self.tensors[path].shape)

    def cut(self, path: str, offset: Sequence[int], shape: Sequence[int]) -> Tensor:
        """Return a block of a tensor."""
        blocks = zip(offset, shape, strict=True)
        return self.tensors[path][tuple(slice(first, first + count) for first, count in blocks)]


def cuts(tensors: Mapping[str, Tensor] | Cuts) -> Cuts:
    """Return tensors as something that blocks can be cut from."""
    return tensors if isinstance(tensors, Cuts) else Whole(tensors)


def shard(whole: Sequence[int], dim: int, *, rank: int, size: int, parts: int = 1) -> list[Where]:
    """Return where the blocks lie that a process holds of a tensor that is divided along one dimension.

    As torch divides: each process has as many rows as the first, but for the last ones, which may have fewer or none.

    Args:
        whole: The shape of the tensor.
        dim: The dimension.
        rank: The process.
        size: How many there are.
        parts: How many equal parts lie along the dimension, each of which is divided.
    """
    share = whole[dim] // parts
    most = -(-share // size)
    low, high = (min(share, number * most) for number in (rank, rank + 1))
    shape = (*whole[:dim], high - low, *whole[dim + 1 :])
    origin = (0,) * len(whole)
    return [((*origin[:dim], part * share + low, *origin[dim + 1 :]), shape) for part in range(parts)]


def emptied(module: nn.Module) -> dict[str, Tensor]:
    """Take all tensors out of a network in place, which keeps their shapes (torch's device `meta`); return them.

    Raises:
        InvalidConfigError: Two layers share a weight, which would fall apart.
    """
    names = [name for name, _ in module.named_parameters(remove_duplicate=False)]
    taken = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    if shared := [name for name in names if name not in taken]:
        raise InvalidConfigError(
            f"a network whose {shared[0]} is also a weight of another layer",
            "layers with weights of their own, where weights are divided",
            "Use ddp, or give each layer its own.",
        )
    module.to("meta")
    return {name: value.detach() for name, value in taken.items()}


@contextmanager
def unfilled() -> Iterator[None]:
    """Make networks whose weights have a shape and no values (torch's device `meta`); their buffers are whole.

    For a run that is resumed where weights are divided: each process then reads its part, and never holds the whole.
    """

    def hollow(module: nn.Module, name: str, weight: nn.Parameter) -> Any:  # torch declares None
        return nn.Parameter(weight.to("meta"), weight.requires_grad)

    handle = register_module_parameter_registration_hook(hollow)
    try:
        yield
    finally:
        handle.remove()
