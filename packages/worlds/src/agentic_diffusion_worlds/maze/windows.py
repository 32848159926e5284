"""Training windows: pieces of the driver's data, resting where they end, with start and goal pinned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from agentic_diffusion.denoising.state import Condition, Inpaint, Rng
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Trajectories
from numpy.typing import NDArray
from torch import Tensor

from agentic_diffusion_worlds.maze.dataset import MazeData


@final
@dataclass(frozen=True)
class Windows:
    """Draws batches of plans from a data set.

    A window starts at a random step and lasts a random number of strides; what is left of the horizon rests at its end.
    Most windows stay within one drive to a goal; the others roll on into the next, so that detours are known as well.

    Args:
        observations: States of the stream, normalised to [-1, 1].
        drive_end: For each step, the last step of its drive.
        chunk_end: For each step, the last step of its unbroken piece of the stream.
        rest: The normalised velocity of a resting ball.
        stride: Simulator steps from one planned moment to the next.
        horizon: Moments in a plan.
        batch: Windows in a batch.
        roaming: Share of windows that may roll on into the next drive.
        open_end: Share of windows whose start, and share whose goal, is not pinned.
        place: For each step, the number of the maze it was driven in; None where there is one maze.
        maps: What the network is told of each maze, (mazes, numbers).
    """

    observations: Tensor
    drive_end: Tensor
    chunk_end: Tensor
    rest: Tensor
    stride: int
    horizon: int
    batch: int = 256
    roaming: float = 0.1
    open_end: float = 0.05
    place: Tensor | None = None
    maps: Tensor | None = None

    def __post_init__(self) -> None:
        if self.stride < 1 or self.horizon < 2 or self.batch < 1:
            raise InvalidConfigError(
                f"stride={self.stride}, horizon={self.horizon}, batch={self.batch}",
                "stride >= 1, horizon >= 2 and batch >= 1",
                "A stride of about 15 and a horizon of about 32 suit mazes.",
            )

    @classmethod
    def of(
        cls, data: MazeData, domain: Trajectories, *, stride: int, batch: int = 256, roaming: float = 0.1
    ) -> Windows:
        """Prepare a data set for a domain.

        Raises:
            InvalidConfigError: The data is shorter than one window.
        """
        if len(data) <= stride:
            raise InvalidConfigError(
                f"{len(data)} steps of data", f"more than one stride of {stride}", "Generate more data."
            )
        observations = domain.limits.shrink(torch.from_numpy(data.observations))
        rest = domain.limits.shrink(torch.zeros(domain.state_dim))[2:]
        return cls(
            observations,
            torch.from_numpy(_ends(data.episodes + data.chunks * (int(data.episodes.max()) + 1))),
            torch.from_numpy(_ends(data.chunks)),
            rest,
            stride=stride,
            horizon=domain.horizon,
            batch=batch,
            roaming=roaming,
        )

    @classmethod
    def joined(cls, parts: Sequence[Windows], maps: Tensor) -> Windows:
        """Return the windows of several mazes as one, each with what the network is told of its maze.

        Args:
            parts: The windows of each maze; stride, horizon and the rest are those of the first.
            maps: (mazes, numbers).

        Raises:
            InvalidConfigError: There are not as many maps as parts.
        """
        if not parts or len(parts) != len(maps):
            raise InvalidConfigError(
                f"{len(parts)} data sets and {len(maps)} maps",
                "one map for each of them",
                "Give both in order.",
            )
        sizes = [len(part.observations) for part in parts]
        begins = [sum(sizes[:k]) for k in range(len(sizes))]
        pairs = list(zip(parts, begins, strict=True))
        return replace(
            parts[0],
            observations=torch.cat([part.observations for part in parts]),
            drive_end=torch.cat([part.drive_end + begin for part, begin in pairs]),
            chunk_end=torch.cat([part.chunk_end + begin for part, begin in pairs]),
            place=torch.repeat_interleave(torch.tensor(sizes)),
            maps=maps,
        )

    def __call__(self, rng: Rng) -> tuple[Tensor, Condition[Tensor]]:
        """Draw a batch of windows (batch, horizon, 4) and what is pinned in them."""
        size = (self.batch,)
        first = torch.randint(len(self.observations), size, generator=rng)
        roams = torch.rand(size, generator=rng) < self.roaming
        last = torch.where(roams, self.chunk_end[first], self.drive_end[first])
        length = torch.randint(self.horizon, size, generator=rng)
        length = torch.minimum(length, (last - first) // self.stride)
        moment = torch.arange(self.horizon)
        index = first[:, None] + torch.minimum(moment, length[:, None]) * self.stride
        clean = self.observations[index]
        resting = moment > length[:, None]
        resting[:, -1] = True
        clean[..., 2:] = torch.where(resting[..., None], self.rest, clean[..., 2:])
        known = torch.zeros_like(clean, dtype=torch.bool)
        known[:, 0] = (torch.rand(size, generator=rng) >= self.open_end)[:, None]
        known[:, -1] = (torch.rand(size, generator=rng) >= self.open_end)[:, None]
        context = {"known": known}
        if self.place is not None and self.maps is not None:
            context["context"] = self.maps[self.place[first]]
        return clean, Condition(Inpaint(clean, known), context)


def _ends(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return for each position the last one of its run of equal labels."""
    breaks = np.flatnonzero(np.diff(labels)) + 1
    stops = np.concatenate([breaks, [len(labels)]]) - 1
    starts = np.concatenate([[0], breaks])
    return np.repeat(stops, stops - starts + 1).astype(np.int64)
