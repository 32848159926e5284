"""One call of the network about several runs of tokens, each of which sees only what it may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from agentic_diffusion.denoising.nn.block import left_of
from jaxtyping import Bool, Float, Int
from torch import Tensor


@final
class Sheet:
    """Runs of tokens side by side; each sees itself and the runs that it names."""

    def __init__(self) -> None:
        self._runs: list[Tensor] = []
        self._places: list[Tensor] = []
        self._before: list[Tensor] = []
        self._sees: list[tuple[int, ...]] = []
        self._edges = [0]

    def add(self, run: Int[Tensor, "batch length"], *, start: int, left: Tensor, sees: Sequence[int]) -> int:
        """Take a run up and return its number.

        Args:
            run: The tokens.
            start: The place of the first.
            left: The token before the first (batch or 1); -1 where there is none.
            sees: Numbers of the runs that it may look at.
        """
        self._runs.append(run)
        self._places.append(torch.arange(start, start + run.shape[1], device=run.device))
        self._before.append(left_of(run, left))
        self._sees.append((*sees, len(self._runs) - 1))
        self._edges.append(self._edges[-1] + run.shape[1])
        return len(self._runs) - 1

    @property
    def tokens(self) -> Int[Tensor, "batch length"]:
        """All tokens."""
        return torch.cat(self._runs, dim=1)

    @property
    def position(self) -> Int[Tensor, "1 length"]:
        """Where each stands."""
        return torch.cat(self._places)[None]

    @property
    def before(self) -> Int[Tensor, "batch length"]:
        """The token before each."""
        return torch.cat(self._before, dim=1)

    def mask(self, past: int) -> Bool[Tensor, "1 1 length seen"]:
        """Return who may look at whom; all may look at so many tokens that were read before."""
        told = torch.zeros(len(self._runs), len(self._runs), dtype=torch.bool)
        for asks, sees in enumerate(self._sees):
            told[asks, list(sees)] = True
        owner = torch.arange(len(self._runs)).repeat_interleave(
            torch.tensor([run.shape[1] for run in self._runs])
        )
        seen = told[owner][:, owner]
        whole = torch.cat([torch.ones(len(owner), past, dtype=torch.bool), seen], dim=1)
        return whole.to(self._runs[0].device)[None, None]

    def part(
        self, whole: Float[Tensor, "batch length width"], number: int
    ) -> Float[Tensor, "batch run width"]:
        """Return what belongs to one run."""
        return whole[:, self._edges[number] : self._edges[number + 1]]
