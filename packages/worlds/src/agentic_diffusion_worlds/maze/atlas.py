"""One network for many mazes: it reads the map of the maze it plans in, and is trained on many maps at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectories, Trajectory
from jaxtyping import Float
from torch import Tensor

from agentic_diffusion_worlds.maze.dataset import MazeData, Recipe, generate
from agentic_diffusion_worlds.maze.domain import MazeDomain
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import Maze, MazeMap
from agentic_diffusion_worlds.maze.windows import Windows

CONTEXT = "context"
"""The name under which networks read a vector."""


def reading(grid: MazeMap) -> Float[Tensor, " cells"]:
    """Return a map as a network reads it: row by row, without the border, 1 for a wall and -1 for a free cell."""
    inner = torch.from_numpy(grid.walls[1:-1, 1:-1].copy())
    return 2.0 * inner.flatten().float() - 1.0


@final
@dataclass(frozen=True)
class ReadingDomain:
    """Trajectories in a maze whose map the network is told.

    Args:
        plain: The domain without that.
    """

    plain: MazeDomain

    @property
    def trajectories(self) -> Trajectories:
        """The domain without walls."""
        return self.plain.trajectories

    @property
    def geometry(self) -> Geometry:
        """Where the walls are."""
        return self.plain.geometry

    def condition(self, request: Reach) -> Condition[Tensor]:
        """Pin start and goal, and tell the map.

        Raises:
            InvalidStateError: A number is missing, not finite, outside the maze or inside a wall.
        """
        condition = self.plain.condition(request)
        return Condition(condition.pin, {**condition.context, CONTEXT: reading(self.geometry.map)[None]})

    def blank(self, request: Reach, count: int) -> Tensor:
        """Return zeros of the shape to sample."""
        return self.plain.blank(request, count)

    def decode(self, x: Tensor) -> list[Trajectory]:
        """Return the trajectories."""
        return self.plain.decode(x)

    def encode(self, values: Sequence[Trajectory]) -> Tensor:
        """Return the states of trajectories."""
        return self.plain.encode(values)


def atlas(mazes: Sequence[Maze], *, transitions: int, seed: int) -> tuple[MazeData, ...]:
    """Drive the data of many mazes, so many transitions in each.

    Raises:
        InvalidConfigError: The maps differ in size, or there is none.
    """
    shapes = {maze.map.shape for maze in mazes}
    if len(shapes) != 1:
        raise InvalidConfigError(
            f"{len(mazes)} mazes of {len(shapes)} sizes",
            "one or more mazes of one size, which a network can read by the same numbers",
            "Draw them from a shape whose low and high are equal.",
        )
    return tuple(generate(Recipe(maze, size=transitions, seed=seed)) for maze in mazes)


def atlas_windows(
    mazes: Sequence[Maze],
    data: Sequence[MazeData],
    trajectories: Trajectories,
    *,
    stride: int,
    batch: int = 64,
) -> Windows:
    """Return what draws batches over many mazes, each window with the map of its maze.

    Args:
        mazes: Where.
        data: The data of each.
        trajectories: The plans; mazes of one size have the same.
        stride: Simulator steps from one planned moment to the next.
        batch: Windows in a batch.
    """
    parts = [Windows.of(each, trajectories, stride=stride, batch=batch) for each in data]
    return Windows.joined(parts, torch.stack([reading(maze.map) for maze in mazes]))
