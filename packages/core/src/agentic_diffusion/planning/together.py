"""Several requests as one batch: conditions joined row by row, and who can be joined with whom."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, final

import torch
from torch import Tensor

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.denoiser import Denoiser
from agentic_diffusion.denoising.state import Condition, Inpaint, Shared, Time, generator, unpinned
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
    told = {name: [condition.context[name] for condition in conditions] for name in conditions[0].context}
    context: Mapping[str, Tensor]
    if told and all(len(part) == 1 for each in told.values() for part in each):
        of = torch.arange(len(conditions), device=next(iter(told.values()))[0].device)
        context = Shared({name: _listed(each) for name, each in told.items()}, of.repeat_interleave(rows))
    else:
        context = {name: _stacked(each, rows) for name, each in told.items()}
    masks = [pin for pin in pins if isinstance(pin, Inpaint)]
    if not masks:
        return Condition(context=context)
    values = _stacked((pin.values for pin in masks), rows)
    return Condition(Inpaint(values, _stacked((pin.mask for pin in masks), rows)), context)


def _listed(parts: Sequence[Tensor]) -> Tensor:
    """Return one row for each part; a part that is always the same, as known plans are, is not copied."""
    same = len({(part.data_ptr(), part.stride()) for part in parts}) == 1
    return parts[0].expand(len(parts), *parts[0].shape[1:]) if same else torch.cat(list(parts))


def _stacked(parts: Iterable[Tensor], rows: int) -> Tensor:
    return torch.cat([part.expand(rows, *part.shape[1:]) for part in parts])


@final
@dataclass(frozen=True)
class Once:
    """A denoiser of a joined batch that is asked once about rows of tokens that are equal and belong to one request.

    Candidates start alike and, where a planner is sure, stay so. Where less than half of the rows could be spared, all
    are asked about as they are.

    Args:
        denoiser: The denoiser; its belief about a row must depend on nothing but that row and its condition.
        rows: Neighbouring rows that belong to one request.
    """

    denoiser: Denoiser[Any, Any]
    rows: int

    def __call__(self, x: Any, t: Time, condition: Condition[Any]) -> Any:
        """Return the belief about every row."""
        if not isinstance(x, Tensor) or x.is_floating_point():
            return self.denoiser(x, t, condition)
        first, back = different(x, rows=self.rows)
        if 2 * len(first) > len(x):
            return self.denoiser(x, t, condition)
        belief = self.denoiser(x[first], t[first] if t.ndim else t, picked(condition, first, of=len(x)))
        if not isinstance(belief, Categorical):
            return self.denoiser(x, t, condition)
        weight = belief.weight[back] if belief.weight.ndim else belief.weight
        logits = belief.logits[back]
        counted = logits, belief.entropy()[back]
        return replace(belief, logits=logits, hidden=belief.hidden[back], weight=weight, counted=counted)


def different(x: Tensor, *, rows: int) -> tuple[Tensor, Tensor]:
    """Return the first of each kind of row, and for every row which kind it is; rows of two requests always differ.

    Rows are told apart by a random product modulo 2⁶⁴; should two kinds have the same one, every row is its own kind.
    """
    count = len(x)
    each = torch.arange(count, device=x.device)
    table = torch.cat([(each // rows)[:, None], x.reshape(count, -1).long()], dim=1)
    factors = torch.randint(-(2**62), 2**62, (table.shape[1],), generator=generator(0)) | 1
    _, back = torch.unique((table * factors.to(x.device)).sum(dim=1), return_inverse=True)
    first = torch.full((int(back.max()) + 1,), count, device=x.device).scatter_reduce(0, back, each, "amin")
    return (first, back) if torch.equal(table[first][back], table) else (each, each)


def picked(condition: Condition[Any], index: Tensor, *, of: int) -> Condition[Any]:
    """Return the condition of some rows, each as often as it is named; what all rows share stays as it is.

    Args:
        condition: The condition of a batch.
        index: The rows.
        of: How many rows there are.
    """

    def some(told: Tensor) -> Tensor:
        return told[index] if len(told) == of else told

    pin: Any = condition.pin
    if isinstance(pin, Inpaint):
        pin = Inpaint(some(pin.values), some(pin.mask))
    context = condition.context
    if isinstance(context, Shared):
        return Condition(pin, context.some(index))
    return Condition(pin, {name: some(told) for name, told in context.items()})


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


def parts(members: Sequence[int], size: int, *, most: int) -> Iterator[Sequence[int]]:
    """Yield the members in parts of a size.

    Raises:
        InvalidConfigError: No part may hold anything.
    """
    if most < 1:
        raise InvalidConfigError(f"at_once={most}", "at least 1", "64 is a fair start.")
    for k in range(0, len(members), size):
        yield members[k : k + size]
