"""Several requests as one batch: conditions joined row by row, and who can be joined with whom."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from agentic_diffusion.denoising.state import Condition, Inpaint, unpinned
from agentic_diffusion.errors import InvalidConfigError

T = TypeVar("T")


def kind_of(like: Any, condition: Condition[Any]) -> Hashable | None:
    """Return what requests must have in common to be denoised as one batch; None where that is not possible.

    States must be tensors of the same shape and dtype, pinned by `Inpaint` or not at all, with contexts of the same
    entries and shapes.
    """
    pin: Any = condition.pin
    if not isinstance(like, Tensor) or not (pin is unpinned or isinstance(pin, Inpaint)):
        return None
    pinned = (pin.values.shape[1:], pin.values.dtype) if isinstance(pin, Inpaint) else None
    context = tuple((name, value.shape[1:], value.dtype) for name, value in sorted(condition.context.items()))
    return (like.shape, like.dtype, pinned, context)


def joined(conditions: Sequence[Condition[Tensor]], *, rows: int) -> Condition[Tensor]:
    """Return the condition of a batch in which each of several requests has `rows` neighbouring samples.

    Raises:
        InvalidConfigError: The conditions are not of one kind (see `kind_of`).
    """
    pins = [condition.pin for condition in conditions]
    names = {tuple(sorted(condition.context)) for condition in conditions}
    if len(names) > 1 or len({isinstance(pin, Inpaint) for pin in pins}) > 1:
        raise InvalidConfigError(
            f"{len(conditions)} conditions of different kinds",
            "conditions of one kind",
            "Sort them by `kind_of`.",
        )
    context: Mapping[str, Tensor] = {
        name: _stacked((condition.context[name] for condition in conditions), rows)
        for name in conditions[0].context
    }
    masks = [pin for pin in pins if isinstance(pin, Inpaint)]
    if not masks:
        return Condition(context=context)
    values = _stacked((pin.values for pin in masks), rows)
    return Condition(Inpaint(values, _stacked((pin.mask for pin in masks), rows)), context)


def _stacked(parts: Iterable[Tensor], rows: int) -> Tensor:
    return torch.cat([part.expand(rows, *part.shape[1:]) for part in parts])


def paired(what: str, given: Sequence[T] | None, *, count: int, default: T) -> Sequence[T]:
    """Return one value for each of `count` requests.

    Raises:
        InvalidConfigError: There is another number of them.
    """
    if given is None:
        return [default] * count
    if len(given) != count:
        raise InvalidConfigError(
            f"{len(given)} {what} for {count} requests",
            "one for each request",
            f"Leave {what} out for the default.",
        )
    return given
