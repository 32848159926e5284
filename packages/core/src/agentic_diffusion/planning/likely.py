"""How likely candidates are by the denoiser: those of one request, or those of many in few calls of the network."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import torch
from torch import Tensor

from agentic_diffusion.compute import Compute, is_out_of_memory
from agentic_diffusion.denoising.state import Condition, Time
from agentic_diffusion.planning.answer import Run
from agentic_diffusion.planning.room import in_parts
from agentic_diffusion.planning.together import joined, picked

log = logging.getLogger(__name__)

Believes: TypeAlias = Callable[[Any, Time, Condition[Any]], Any]
"""A denoiser with its guides."""

ROWS = 512
"""Rows of many requests that are asked about in one call."""


@runtime_checkable
class OfMany(Protocol):
    """A likelihood that can ask about the candidates of many requests at once."""

    def of_many(self, ask: Callable[[Any, Any, Tensor], Any], states: Sequence[Any]) -> Sequence[Tensor]:
        """Return the log-likelihood of each state of each request.

        Args:
            ask: From rows, their noise level and the request that each belongs to, to the belief about them.
            states: The states of each request.
        """
        ...


def of_one(
    likelihood: Callable[[Any, Any], Tensor],
    believes: Believes,
    *,
    compute: Compute,
    run: Run[Any, Any],
    states: Sequence[Any],
) -> list[float]:
    """Return the log-likelihood of each state of one request, asked about as few rows at once as there is room for."""
    ask = in_parts(lambda x, t: believes(x, t, run.condition), run.rows_at_once)
    batches: Sequence[Any] = [torch.cat([*states])] if isinstance(states[0], Tensor) else states
    with torch.inference_mode(), compute.autocast():
        told = [likelihood(ask, batch).float().cpu() for batch in batches]
    numbers: list[float] = torch.cat(told).tolist()
    return numbers


def of_many(
    likelihood: object,
    believes: Believes,
    *,
    compute: Compute,
    runs: Sequence[Run[Any, Any]],
    states: Sequence[Sequence[Any]],
) -> list[list[float]] | None:
    """Return the log-likelihood of each state of each request; None where one must be asked about after the other.

    That is so where the likelihood cannot do more, where a budget bounds the rows of a call, and where memory runs out.

    Args:
        likelihood: What the planner was given.
        believes: The denoiser with its guides.
        compute: Where.
        runs: Requests that were denoised together.
        states: The batches of states of each.
    """
    free = all(run.rows_at_once == sys.maxsize for run in runs)
    if len(runs) < 2 or not free or not isinstance(likelihood, OfMany):
        return None
    if not all(isinstance(batch, Tensor) for batches in states for batch in batches):
        return None
    whole = joined([run.condition for run in runs], rows=1)
    ask = in_parts(lambda x, t, of: believes(x, t, picked(whole, of, of=len(runs))), ROWS)
    try:
        with torch.inference_mode(), compute.autocast():
            told = likelihood.of_many(ask, [torch.cat([*batches]) for batches in states])
        return [numbers.float().cpu().tolist() for numbers in told]
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    log.warning("out of memory: going on with the likelihood of one request at a time")
    for run in runs:
        run.notes.append(f"out of memory with the likelihood of {len(runs)} requests")
    return None
