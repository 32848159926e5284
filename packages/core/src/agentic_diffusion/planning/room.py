"""Less at once: what to do with work that memory has no room for, and how to ask about few rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from numbers import Number
from typing import Any, TypeVar

import torch
from torch import Tensor

from agentic_diffusion.compute import bytes_needed, is_out_of_memory
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.errors import BudgetError, ContractError

S = TypeVar("S")
T = TypeVar("T")


def fitting_rows(one: Callable[[Condition[Any]], Any], condition: Condition[Any], memory_bytes: int) -> int:
    """Return how many candidates fit so much memory at once.

    Denoisers may keep what they made for all requests, or for the tensors of one. So that the figure is the same
    whatever was asked before, the first call is not counted, and each call is given tensors of its own.

    Args:
        one: Asks about one candidate.
        condition: The condition of the request.
        memory_bytes: What was granted.

    Raises:
        BudgetError: Not even one fits.
    """
    one(_afresh(condition))
    afresh = _afresh(condition)
    need = bytes_needed(lambda: one(afresh))
    if need > memory_bytes:
        raise BudgetError(
            f"memory_bytes={memory_bytes}",
            f"at least {need}, the activations of one candidate",
            "Grant more memory or use a smaller network or horizon.",
        )
    return memory_bytes // need


def _afresh(condition: Condition[Any]) -> Condition[Any]:
    return replace(condition, context={name: value.clone() for name, value in condition.context.items()})


def halved(
    work: Callable[[Sequence[S]], Sequence[T]], items: Sequence[S], *, what: str, tell: Callable[[int], None]
) -> list[T]:
    """Return what `work` makes of each item; where memory runs out it is given half as many from then on.

    Args:
        work: Makes one thing of each item, and the same one whatever stands beside it.
        items: What to work on.
        what: The name of one item, for the error.
        tell: Told how many items are given at once from now on.

    Raises:
        BudgetError: There is no room for one item.
    """
    made, begin, size = list[T](), 0, len(items)
    while begin == 0 or begin < len(items):
        part = items[begin : begin + size]
        try:
            made += list(work(part))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if len(part) < 2:
                raise BudgetError(
                    f"out of memory with one {what}",
                    "room for at least one",
                    "Free memory or use a smaller network or horizon.",
                ) from error
            size = -(-len(part) // 2)
            tell(size)
        else:
            begin += max(1, len(part))
    return made


def in_parts(ask: Callable[..., Any], rows: int) -> Callable[..., Any]:
    """Return what asks a denoiser about a batch in calls of at most `rows` rows; states must be tensors.

    Args:
        ask: From states, their noise level, one or one for each row, and whatever else is told of each row, to a belief
            about each row.
        rows: The most rows of one call.
    """

    def asked(x: Any, t: Any, *more: Tensor) -> Any:
        if not isinstance(x, Tensor) or len(x) <= rows:
            return ask(x, t, *more)
        parts = list(torch.split(x, rows))
        levels = (
            torch.split(t, rows)
            if isinstance(t, Tensor) and t.ndim and len(t) == len(x)
            else [t] * len(parts)
        )
        others = (torch.split(each, rows) for each in more)
        told = [ask(*part) for part in zip(parts, levels, *others, strict=True)]
        return _joined(told, [len(part) for part in parts])

    return asked


def _joined(beliefs: Sequence[Any], sizes: Sequence[int]) -> Any:
    """Return one belief about all rows; what has no rows is that of the first.

    Raises:
        ContractError: The beliefs are not dataclasses of tensors, or something that may hold rows lies in a field.
    """
    if not is_dataclass(beliefs[0]) or isinstance(beliefs[0], type):
        raise ContractError(
            f"a {type(beliefs[0]).__name__} as belief",
            "a dataclass of tensors where a batch must be asked about in parts",
            "Grant more memory, or make the belief a frozen dataclass.",
        )
    whole = {}
    for part in fields(beliefs[0]):
        told = [getattr(belief, part.name) for belief in beliefs]
        if all(
            isinstance(one, Tensor) and one.ndim and len(one) == n for one, n in zip(told, sizes, strict=True)
        ):
            whole[part.name] = torch.cat(told)
        elif any(not (isinstance(one, Tensor | Number) or one is None or callable(one)) for one in told):
            raise ContractError(
                f"a {type(told[0]).__name__} in {type(beliefs[0]).__name__}.{part.name}",
                "tensors, numbers, None and functions in a belief where a batch must be asked about in parts",
                "Grant more memory, or keep the tensors in fields of the belief itself.",
            )
    return replace(beliefs[0], **whole)
