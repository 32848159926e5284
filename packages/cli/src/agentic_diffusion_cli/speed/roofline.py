"""Operations and bytes of a call, and the least time that they take on a machine with measured ceilings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from agentic_diffusion_cli.speed.clock import Ceilings, Row

ROWS_ALONE = {torch.ops.aten.embedding.default}
"""What reads some rows of a weight, as many as it returns."""


@final
class _Traffic(TorchDispatchMode):
    """Adds up bytes: every tensor that an operation makes or changes, and every weight that one reads."""

    def __init__(self, weights: Sequence[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.weights = {_storage(weight) for weight in weights}
        self.moved = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs or {})
        out = func(*args, **named)
        given = [each for value in (*args, *named.values()) for each in _tensors(value)]
        here = {_storage(each) for each in given}
        made = [each for each in _tensors(out) if _storage(each) not in here]
        changed = list(_changed(func, args, named))
        self.moved += _bytes(made) + _bytes(changed)
        if (made or changed) and func not in ROWS_ALONE:
            self.moved += _bytes(each for each in given if _storage(each) in self.weights)
        return out


def _changed(func: Any, args: Sequence[Any], named: Mapping[str, Any]) -> Iterator[Tensor]:
    """Yield the tensors that an operation changes in place, as its schema says."""
    for place, told in enumerate(func._schema.arguments):
        if told.alias_info is not None and told.alias_info.is_write:
            yield from _tensors(args[place] if place < len(args) else named.get(told.name))


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _tensors(each)


def _storage(value: Tensor) -> int:
    return value.untyped_storage().data_ptr()


def _bytes(values: Any) -> int:
    return sum(value.numel() * value.element_size() for value in values)


def work(call: Callable[[], Any], *networks: nn.Module) -> tuple[float, float]:
    """Return the operations of the matrix products in a call, and the bytes that it moves, on the way back too.

    Bytes are of all that operations make or change, and of the weights each time one of them reads some; activations
    are not counted again where they are read.

    Args:
        call: What is counted; it is called once.
        networks: Whose weights are read.
    """
    traffic = _Traffic([weight for network in networks for weight in network.parameters()])
    with FlopCounterMode(display=False) as counter, traffic:
        call()
    return float(counter.get_total_flops()), float(traffic.moved)


def beneath(figures: Row, ceilings: Ceilings, counted: tuple[float, float]) -> Row:
    """Return figures with the roofline beside them (Williams et al. 2009).

    Args:
        figures: With `ms`, of what was counted.
        ceilings: What the machine can do.
        counted: Operations and bytes, from `work`.
    """
    flops, moved = counted
    least = 1e3 * ceilings.bound(flops, moved)
    return {
        **figures,
        "gflop": round(flops / 1e9, 4),
        "mbytes": round(moved / 1e6, 2),
        "roofline_ms": round(least, 3),
        "roofline_by": "operations" if flops / ceilings.flops >= moved / ceilings.bandwidth else "bytes",
        "roofline_share": round(least / float(figures["ms"]["mean"]), 3),
    }
