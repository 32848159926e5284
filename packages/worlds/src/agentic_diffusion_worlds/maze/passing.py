"""Windows that pass a place on their way: two drives one after the other, with a coin laid where they went."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from agentic_diffusion.denoising.state import Condition, Inpaint, Rng
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Limits
from torch import Tensor

from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import Cell
from agentic_diffusion_worlds.maze.windows import Windows


@final
@dataclass(frozen=True)
class Passing:
    """Draws batches of plans that lead over a coin, from old data alone, by hindsight.

    A window begins somewhere in a drive and lasts to the end of the drive after it, so that it turns where the first
    one ended. What is longer than a plan is driven faster: its moments lie further apart and its velocities grow in
    proportion. The coin is laid where the window turns, or at any other moment of it (hindsight relabelling,
    Andrychowicz et al. 2017, arXiv:1707.01495), and pinned there as `CoinDomain` pins it.

    Args:
        windows: The data, and the shape of plans.
        open_cells: For each step, whether a coin may be laid there.
        turns: Share of windows whose coin lies where they turn.
        hurry: Longest gap between two moments, in strides; windows that are longer end on their way.
    """

    windows: Windows
    open_cells: Tensor
    turns: float = 0.5
    hurry: float = 2.5

    def __post_init__(self) -> None:
        if not 0 <= self.turns <= 1 or self.hurry < 1:
            raise InvalidConfigError(
                f"turns={self.turns}, hurry={self.hurry}",
                "a share of 0 to 1, and hurry >= 1",
                "Use 0.5 and 2.5.",
            )

    @classmethod
    def of(
        cls,
        windows: Windows,
        geometry: Geometry,
        limits: Limits,
        *,
        held_out: Collection[Cell] = (),
        turns: float = 0.5,
    ) -> Passing:
        """Prepare windows of a maze.

        Args:
            windows: The data.
            geometry: Tells cells.
            limits: The box that the states were scaled from.
            held_out: Cells in which no coin may be laid, for they are tested on.
            turns: Share of windows whose coin lies where they turn.
        """
        places = limits.stretch(windows.observations)[:, :2].double().numpy()
        cells = np.rint(geometry.to_grid(places)).astype(int)
        barred = np.zeros(geometry.map.shape, dtype=np.bool_)
        for cell in held_out:
            barred[cell] = True
        inside = np.clip(cells, 0, np.array(geometry.map.shape) - 1)
        return cls(windows, torch.from_numpy(~barred[inside[:, 0], inside[:, 1]]), turns)

    def __call__(self, rng: Rng) -> tuple[Tensor, Condition[Tensor]]:
        """Draw a batch of windows (batch, horizon, 4), with start, goal and coin pinned."""
        windows, size = self.windows, (self.windows.batch,)
        horizon, stride = windows.horizon, windows.stride
        first = torch.randint(len(windows.observations), size, generator=rng)
        turn, chunk = windows.drive_end[first], windows.chunk_end[first]
        last = torch.minimum(windows.drive_end[torch.minimum(turn + 1, chunk)], chunk)
        longest = int((horizon - 1) * stride * self.hurry)
        length = torch.minimum(last - first, torch.tensor(longest))
        gap = (length / (horizon - 1)).clamp(min=stride)
        moment = torch.arange(horizon)
        arrival = (length / gap).ceil().long()
        way = torch.minimum(moment * gap[:, None], length[:, None])
        index = first[:, None] + way.round().long()
        clean = windows.observations[index]
        speeds = (clean[..., 2:] * (gap / stride)[:, None, None]).clamp(-1, 1)
        resting = moment >= arrival[:, None]
        resting[:, -1] = True
        clean[..., 2:] = torch.where(resting[..., None], windows.rest, speeds)
        known = torch.zeros_like(clean, dtype=torch.bool)
        known[:, 0] = (torch.rand(size, generator=rng) >= windows.open_end)[:, None]
        known[:, -1] = (torch.rand(size, generator=rng) >= windows.open_end)[:, None]
        self._lay(known, index, (turn - first) / gap, arrival=arrival, rng=rng)
        return clean, Condition(Inpaint(clean, known), {"known": known})

    def _lay(self, known: Tensor, index: Tensor, turn: Tensor, *, arrival: Tensor, rng: Rng) -> None:
        """Pin the place of the coin in each window, unless no coin may lie there."""
        size = (len(known),)
        anywhere = 1 + (torch.rand(size, generator=rng) * (arrival - 1)).long()
        at = torch.where(torch.rand(size, generator=rng) < self.turns, turn.round().long(), anywhere)
        at = at.clamp(1, known.shape[1] - 2)
        row = torch.arange(len(known))
        known[row, at, :2] |= self.open_cells[index[row, at]][:, None]
