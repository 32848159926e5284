"""Where the ball may be: the geometry of a maze, exact and vectorised, without a simulator.

The ball is a disc of radius ``r`` and a wall is a unit square, so the blocked positions of its
centre are the walls grown by ``r``. A grown wall is a square widened in x, a square widened in y and
a disc at each corner; all tests below are exact tests against these three shapes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from numpy.typing import ArrayLike, NDArray

from agentic_diffusion_worlds.maze.map import Cell, MazeMap

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

RADIUS = 0.1
TOUCH = 1e-9  # touching a wall is free; deeper than this is not
CHUNK = 4096


@dataclass(frozen=True)
class Profile:
    """How a map becomes a world: the frame, the noise of starts and goals, the size of the goal.

    Args:
        name: What cards and tables call it.
        centred: If true x runs along columns and y up against rows, with the origin in the middle
            of the map; otherwise x is the row and y the column of a cell.
        wall_offset: How far walls are moved towards negative x and y, seen from the cell centres.
        start_noise: Half width of the uniform noise of a start position, per axis.
        goal_noise: Half width of the uniform noise of a goal position, per axis.
        velocity_noise: Standard deviation of the start velocity, per axis.
        goal_radius: How near to the goal the ball counts as there.
    """

    name: str
    centred: bool
    wall_offset: float
    start_noise: float
    goal_noise: float
    velocity_noise: float
    goal_radius: float

    def __post_init__(self) -> None:
        room = 0.5 - RADIUS - abs(self.wall_offset)
        if not 0 <= max(self.start_noise, self.goal_noise) <= room + TOUCH:
            raise InvalidConfigError(
                f"start noise {self.start_noise}, goal noise {self.goal_noise}",
                f"noise of at most {room:.2f}, so that the ball fits between the walls",
                "Lower the noise or the wall offset.",
            )
        if self.velocity_noise < 0 or self.goal_radius <= 0:
            raise InvalidConfigError(
                f"velocity noise {self.velocity_noise}, goal radius {self.goal_radius}",
                "noise >= 0 and a radius > 0",
                "Correct the profile.",
            )


D4RL = Profile(
    name="d4rl",
    centred=False,
    wall_offset=0.2,
    start_noise=0.1,
    goal_noise=0.1,
    velocity_noise=0.1,
    goal_radius=0.5,
)
"""The world of D4RL maze2d (Fu et al. 2020, arXiv:2004.07219)."""

ROBOTICS_V3 = Profile(
    name="robotics-v3",
    centred=True,
    wall_offset=0.0,
    start_noise=0.25,
    goal_noise=0.25,
    velocity_noise=0.0,
    goal_radius=0.45,
)
"""The world of gymnasium-robotics PointMaze v3."""


class Geometry:
    """A map laid out in the plane by a profile.

    Positions are ``(..., 2)`` arrays of ball centres in the frame of the profile.
    """

    def __init__(self, map: MazeMap, profile: Profile = D4RL) -> None:
        self.map = map
        self.profile = profile
        height, width = map.shape
        if profile.centred:
            self._turn = np.array([[0.0, -1.0], [1.0, 0.0]])
            self._shift = np.array([0.5 - width / 2, height / 2 - 0.5])
        else:
            self._turn = np.eye(2)
            self._shift = np.zeros(2)
        self._padded = np.pad(map.walls, 1, constant_values=True)
        self._solid = _Solid.of(map.walls)

    def cell_to_xy(self, cell: Cell) -> Array:
        """The nominal position of a cell; D4RL's walls lie ``wall_offset`` beside it."""
        xy: Array = np.asarray(cell, dtype=np.float64) @ self._turn + self._shift
        return xy

    def xy_to_cell(self, xy: ArrayLike) -> Cell:
        """The free cell in whose walls the position lies; the nearest one if it lies in a wall."""
        u, v = (float(value) for value in self.to_grid(xy))
        return self.map.nearest_cell((u, v))

    def to_grid(self, xy: ArrayLike) -> Array:
        """Row and column as real numbers: the wall of cell (i, j) is the unit square around (i, j)."""
        with np.errstate(invalid="ignore"):  # inf * 0 on the way to "not free"
            grid: Array = (_points(xy) + self.profile.wall_offset - self._shift) @ self._turn.T
        return grid

    def walls_xy(self) -> Array:
        """Centres of all walls as ``(n, 2)``; each is a unit square."""
        cells = np.argwhere(self.map.walls).astype(np.float64)
        xy: Array = cells @ self._turn + self._shift - self.profile.wall_offset
        return xy

    def bounds(self) -> tuple[Array, Array]:
        """Lowest and highest corner of the whole map, walls included."""
        centres = self.walls_xy()
        return centres.min(axis=0) - 0.5, centres.max(axis=0) + 0.5

    def clearance(self, xy: ArrayLike) -> Array:
        """Distance from a ball centre to the nearest wall: 0 inside walls, at most 0.5."""
        return self._clearance(self.to_grid(xy))

    def _clearance(self, grid: Array) -> Array:
        with np.errstate(invalid="ignore"):
            cell = np.rint(np.clip(np.nan_to_num(grid, nan=-1.0), -1, self.map.shape)).astype(int)
        part = grid - cell
        side = np.where(part >= 0, 1, -1)
        gap = 0.5 - np.abs(part)  # to the sides of the own cell towards which the point leans
        i, j = cell[..., 0] + 1, cell[..., 1] + 1
        a, b = np.clip(i + side[..., 0], 0, None), np.clip(j + side[..., 1], 0, None)
        last_i, last_j = self._padded.shape[0] - 1, self._padded.shape[1] - 1
        a, b = np.minimum(a, last_i), np.minimum(b, last_j)
        free = np.full(grid.shape[:-1], 0.5)
        free = np.where(self._padded[a, j], np.minimum(free, gap[..., 0]), free)
        free = np.where(self._padded[i, b], np.minimum(free, gap[..., 1]), free)
        corner = np.hypot(gap[..., 0], gap[..., 1])
        free = np.where(self._padded[a, b], np.minimum(free, corner), free)
        return np.where(self._padded[i, j] | ~np.isfinite(free), 0.0, free)

    def is_free(self, xy: ArrayLike, *, slack: float = 0.0) -> Mask:
        """Whether the ball may be at each position; NaN and positions off the map are not free.

        Args:
            xy: Ball centres, ``(..., 2)``.
            slack: How deep the ball may sink into a wall: the simulator's walls give a little.
        """
        result: Mask = self.clearance(xy) >= RADIUS - slack - TOUCH
        return result

    def segment_free(self, a: ArrayLike, b: ArrayLike, *, slack: float = 0.0) -> Mask:
        """Whether the ball may roll straight from ``a`` to ``b``, exactly, for many pairs at once.

        The clearance of its middle settles most segments; only the rest are cut with every wall.

        Args:
            a: Ball centres, ``(..., 2)``.
            b: Ball centres, broadcast against ``a``.
            slack: How deep the ball may sink into a wall.
        """
        first, last = np.broadcast_arrays(self.to_grid(a), self.to_grid(b))
        finite = np.all(np.isfinite(first) & np.isfinite(last), axis=-1)
        flat_a, flat_b = (np.where(finite[..., None], x, 0.0).reshape(-1, 2) for x in (first, last))
        radius = RADIUS - slack - TOUCH
        room = self._clearance((flat_a + flat_b) / 2)
        hit = room < radius
        close = np.flatnonzero(~hit & (room < radius + np.hypot(*(flat_b - flat_a).T) / 2 + TOUCH))
        for k in range(0, len(close), CHUNK):
            part = close[k : k + CHUNK]
            hit[part] = self._solid.hit(flat_a[part], flat_b[part], radius)
        inside = np.all((first > 0) & (first < np.array(self.map.shape) - 1), axis=-1)
        result: Mask = ~hit.reshape(first.shape[:-1]) & inside & finite
        return result


@dataclass(frozen=True)
class _Solid:
    """Walls merged into few shapes: runs along rows, runs along columns, and outer corners."""

    along_rows: Array  # (n, 4): centre (i, j), half size (i, j)
    along_columns: Array
    corners: Array  # (n, 2)

    @classmethod
    def of(cls, walls: Mask) -> _Solid:
        turned = _runs(walls.T)[:, [1, 0, 3, 2]]
        padded = np.pad(walls, 1)
        quads = np.stack([padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]])
        count = quads.sum(axis=0)
        diagonal = (count == 2) & (quads[0] == quads[3])
        outer = np.argwhere((count == 1) | diagonal).astype(np.float64) - 0.5
        return cls(_runs(walls), turned, outer)

    def hit(self, a: Array, b: Array, radius: float) -> Mask:
        """Whether each segment cuts the walls grown by ``radius``."""
        grow_j, grow_i = np.array([0.0, radius]), np.array([radius, 0.0])
        return (
            _cuts(a, b, self.along_rows, grow_j)
            | _cuts(a, b, self.along_columns, grow_i)
            | _passes(a, b, self.corners, radius)
        )


def _runs(walls: Mask) -> Array:
    """Boxes that cover each maximal run of walls along a row."""
    boxes = []
    for i, row in enumerate(walls):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            boxes.append((i, (start + stop - 1) / 2, 0.5, (stop - start) / 2))
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def _cuts(a: Array, b: Array, boxes: Array, grow: Array) -> Mask:
    """Segment against box by separating axes: x, y and the normal of the segment."""
    middle, half = (a + b) / 2, (b - a) / 2
    reach = np.abs(half)
    size = boxes[:, 2:] + grow
    di = middle[:, :1] - boxes[:, 0]
    dj = middle[:, 1:] - boxes[:, 1]
    along_i = np.abs(di) < reach[:, :1] + size[:, 0]
    along_j = np.abs(dj) < reach[:, 1:] + size[:, 1]
    cross = np.abs(half[:, :1] * dj - half[:, 1:] * di)
    across = cross <= size[:, 0] * reach[:, 1:] + size[:, 1] * reach[:, :1]
    result: Mask = np.any(along_i & along_j & across, axis=1)
    return result


def _passes(a: Array, b: Array, points: Array, radius: float) -> Mask:
    """Whether each segment comes nearer than ``radius`` to one of the points."""
    way = b - a
    length2 = np.maximum(np.einsum("nk,nk->n", way, way), 1e-300)
    di, dj = points[:, 0] - a[:, :1], points[:, 1] - a[:, 1:]
    t = np.clip((di * way[:, :1] + dj * way[:, 1:]) / length2[:, None], 0.0, 1.0)
    gap2 = (di - t * way[:, :1]) ** 2 + (dj - t * way[:, 1:]) ** 2
    result: Mask = (gap2 < radius * radius).any(axis=1)
    return result


def _points(xy: ArrayLike) -> Array:
    points = np.asarray(xy, dtype=np.float64)
    if points.ndim < 1 or points.shape[-1] != 2:
        raise InvalidStateError(
            f"positions of shape {points.shape}", "shape (..., 2)", "Give x and y in the last axis."
        )
    return points
