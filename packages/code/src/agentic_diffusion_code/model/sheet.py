"""One call of the network about several runs of tokens, each of which sees only what it may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Past, left_of
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional


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

    def ask(self, network: BlockTransformer, past: Past) -> tuple[Tensor, Past]:
        """Ask the network about everything, after what was read before."""
        seen = past[0][0].shape[2] if past else 0
        hidden: Tensor
        fresh: Past
        hidden, fresh = network(self.tokens, self.position, self.mask(seen), before=self.before, past=past)
        return hidden, fresh


def ask_all(
    network: BlockTransformer, sheets: Sequence[Sheet], pasts: Sequence[Past]
) -> list[tuple[Tensor, Past]]:
    """Ask about several sheets of one row each in one call, each after what it has read itself."""
    lengths = [sheet.tokens.shape[1] for sheet in sheets]
    seens = [past[0][0].shape[2] if past else 0 for past in pasts]
    most, seen = max(lengths), max(seens)
    where = sheets[0].tokens.device
    mask = torch.eye(most, seen + most, dtype=torch.bool, device=where).roll(seen, 1)
    mask = mask.repeat(len(sheets), 1, 1, 1)
    for number, (sheet, length, read) in enumerate(zip(sheets, lengths, seens, strict=True)):
        own = sheet.mask(read)[0, 0]
        mask[number, 0, :length, :read] = own[:, :read]
        mask[number, 0, :length, seen : seen + length] = own[:, read:]
    hidden, fresh = network(
        _side_by_side([sheet.tokens for sheet in sheets], most),
        _side_by_side([sheet.position for sheet in sheets], most),
        mask,
        before=_side_by_side([sheet.before for sheet in sheets], most),
        past=_padded(pasts, seen),
    )
    return [
        (
            hidden[number : number + 1, :length],
            tuple((k[number : number + 1, :, :length], v[number : number + 1, :, :length]) for k, v in fresh),
        )
        for number, length in enumerate(lengths)
    ]


def _side_by_side(rows: Sequence[Tensor], length: int) -> Tensor:
    return torch.cat([functional.pad(row, (0, length - row.shape[1])) for row in rows])


def _padded(pasts: Sequence[Past], length: int) -> Past:
    """Return what several rows have read as one, filled up behind each; nothing where nothing was read."""
    if length == 0:
        return ()
    like = next(past for past in pasts if past)
    layers = []
    for layer, pair in enumerate(like):
        both = []
        for which, shape in enumerate(pair):
            told = shape.new_zeros(len(pasts), shape.shape[1], length, shape.shape[3])
            for number, past in enumerate(pasts):
                if past:
                    told[number, :, : past[layer][which].shape[2]] = past[layer][which][0]
            both.append(told)
        layers.append((both[0], both[1]))
    return tuple(layers)
