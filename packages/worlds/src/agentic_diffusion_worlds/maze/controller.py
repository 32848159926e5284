"""The scripted driver of D4RL: a shortest way over cells, then a spring towards each way-point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import hypot

import numpy as np
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from numpy.typing import ArrayLike

from agentic_diffusion_worlds.maze.geometry import Array, Geometry

Pair = tuple[float, float]


@dataclass(frozen=True)
class Gains:
    """The constants of the driver; the defaults are D4RL's.

    Args:
        p: Pull towards the way-point, per unit of distance.
        d: Push along the velocity; negative brakes.
        near: A way-point is passed when the ball is nearer than this.
        calm: ... and has moved less than this in the last step.
        jitter: Interior way-points are moved by up to this much towards negative x and y.
    """

    p: float = 10.0
    d: float = -1.0
    near: float = 0.1
    calm: float = 0.1
    jitter: float = 0.2

    def __post_init__(self) -> None:
        if self.p <= 0 or self.near <= 0 or self.calm <= 0 or self.jitter < 0:
            raise InvalidConfigError(
                f"{self}", "p, near and calm above 0, jitter at least 0", "Correct the gains."
            )


D4RL_GAINS = Gains()


class WaypointController:
    """A driver that follows jittered cell centres from where the ball is to a target.

    ``a = clip(p (w - x) + d v, -1, 1)`` towards the present way-point ``w``, the next one as soon
    as ``|w - x| < near`` and the last step was shorter than ``calm``. Way-points are drawn anew for
    each target (Fu et al. 2020, arXiv:2004.07219).
    """

    def __init__(self, geometry: Geometry, gains: Gains = D4RL_GAINS, *, rng: np.random.Generator) -> None:
        self.geometry = geometry
        self.gains = gains
        self._rng = rng
        self._waypoints: list[tuple[float, float]] = []
        self._index = 0
        self._last = (0.0, 0.0)
        self._solved = False

    @property
    def waypoints(self) -> Array:
        """The way-points to the present target, ``(n, 2)``; the last one is the target."""
        return np.array(self._waypoints, dtype=np.float64).reshape(-1, 2)

    @property
    def solved(self) -> bool:
        """Whether the ball had come to the target when the last action was asked for."""
        return self._solved

    def aim(self, xy: ArrayLike, target: ArrayLike) -> None:
        """Draw way-points from a position to a target.

        Raises:
            InvalidStateError: If the target lies in a wall or cannot be reached.
        """
        start, goal = np.asarray(xy, dtype=np.float64), np.asarray(target, dtype=np.float64)
        geometry = self.geometry
        if not geometry.is_free(goal):
            raise InvalidStateError(
                f"target {goal.tolist()}",
                "a place between the walls",
                "Use `geometry.cell_to_xy` of a free cell.",
            )
        cells = geometry.map.path_cells(geometry.xy_to_cell(start), geometry.xy_to_cell(goal))
        inner = np.array([geometry.cell_to_xy(cell) for cell in cells[1:-1]]).reshape(-1, 2)
        inner = inner - self._rng.uniform(0.0, self.gains.jitter, inner.shape)
        self._waypoints = [(x, y) for x, y in [*inner.tolist(), goal.tolist()]]
        self._index = 0
        self._last = (float(start[0]), float(start[1]))
        self._solved = False

    def act(self, place: Pair, velocity: Pair) -> Pair:
        """The action in a state, as plain numbers: the fast path of the data generator.

        Raises:
            InvalidStateError: If no target was given with `aim`.
        """
        if not self._waypoints:
            raise InvalidStateError("no target", "a target", "Call `aim` first.")
        gains, (x, y), (vx, vy) = self.gains, place, velocity
        wx, wy = self._waypoints[self._index]
        dx, dy = wx - x, wy - y
        if hypot(x - self._last[0], y - self._last[1]) < gains.calm and hypot(dx, dy) < gains.near:
            if self._index + 1 < len(self._waypoints):
                self._index += 1
            else:
                self._solved = True
        self._last = place
        fx, fy = gains.p * dx + gains.d * vx, gains.p * dy + gains.d * vy
        fx = 1.0 if fx > 1.0 else -1.0 if fx < -1.0 else fx
        fy = 1.0 if fy > 1.0 else -1.0 if fy < -1.0 else fy
        return fx, fy

    def policy(self, goal: ArrayLike) -> Callable[[Array], Array]:
        """A function from state to action that drives to ``goal``; good for one episode."""
        aimed = False

        def drive(state: Array) -> Array:
            nonlocal aimed
            if not aimed:
                self.aim(state[:2], goal)
                aimed = True
            x, y, vx, vy = state.tolist()
            return np.array(self.act((x, y), (vx, vy)))

        return drive
