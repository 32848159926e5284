"""Mazes as a domain: trajectories of a ball, checked against the walls, judged by how fast they can be driven."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.domains.trajectory import Limits, Reach, Trajectories, Trajectory
from agentic_diffusion.records import Verdict
from torch import Tensor

from agentic_diffusion_worlds.maze.courses import (
    BALL,
    Course,
    Engine,
    curves,
    entries,
    fastest,
    moments,
    resample,
    smoothed,
)
from agentic_diffusion_worlds.maze.geometry import Array, Geometry

REST = 0.0
WALL_MARGIN = 3  # points of a curve left out before a wall
LEAST_PREFIX = 12  # points of a curve that are worth driving on their own
FAILED = 1e9  # a width at which a plan fails never counts where another one passes
TOGETHER = 64  # plans that are judged together: more do not fit the cache of a processor
TOP = 5.3  # a little above the largest speed the simulator allows on one axis


def limits_of(geometry: Geometry) -> Limits:
    """Return the box of states [x, y, vx, vy] of a maze."""
    low, high = geometry.bounds()
    return Limits((*map(float, low), -TOP, -TOP), (*map(float, high), TOP, TOP))


def reach(state: Array | Sequence[float], goal: Array | Sequence[float]) -> Reach:
    """Return the request to go from a state [x, y, vx, vy] to rest at a goal [x, y]."""
    return Reach(start=tuple(float(v) for v in state), goal=(*(float(v) for v in goal), REST, REST))


@final
@dataclass(frozen=True)
class MazeDomain:
    """Trajectories whose start and goal must lie where the ball fits.

    Args:
        trajectories: The domain without walls.
        geometry: Where the walls are.
    """

    trajectories: Trajectories
    geometry: Geometry

    def condition(self, request: Reach) -> Condition[Tensor]:
        """Pin start and goal.

        Raises:
            InvalidStateError: A number is missing, not finite, outside the maze or inside a wall.
        """
        condition = self.trajectories.condition(request)
        told = [
            (name, numbers[:2])
            for name, numbers in (("start", request.start), ("goal", request.goal))
            if numbers is not None and numbers[0] is not None and numbers[1] is not None
        ]
        places = np.array([place for _, place in told], dtype=float).reshape(-1, 2)
        free = self.geometry.is_free(places, slack=0.05)
        for (name, _), place, fits in zip(told, places, free, strict=True):
            if not fits:
                raise InvalidStateError(
                    f"{name} = ({place[0]:.3f}, {place[1]:.3f})",
                    "a position in the free space of the maze",
                    f"The nearest free cell is {self.geometry.xy_to_cell(place)}.",
                )
        return condition

    def blank(self, request: Reach, count: int) -> Tensor:
        """Return zeros of the shape to sample."""
        return self.trajectories.blank(request, count)

    def decode(self, x: Tensor) -> list[Trajectory]:
        """Return the trajectories."""
        return self.trajectories.decode(x)

    def encode(self, values: Sequence[Trajectory]) -> Tensor:
        """Return the states of trajectories."""
        return self.trajectories.encode(values)


@final
@dataclass(frozen=True)
class FastestFree:
    """Passes plans whose curve touches no wall; the score is minus the seconds until the goal is entered.

    Each plan is judged at several widths of smoothing, for a smoother curve is faster until it cuts into a corner, and
    the best of them counts. A plan that fails scores ten less for the share of its curve that lies behind the
    first wall, so that the best of the failing plans is the one that leads furthest.

    Args:
        geometry: Where the walls are.
        engine: What the ball can do.
        smoothings: How far the curve of a plan is smoothed, in units of length.
        slack: How deep a curve may cut into a grown wall; walls are frictionless.
    """

    geometry: Geometry
    engine: Engine = BALL
    smoothings: tuple[float, ...] = (0.2, 0.45, 0.8)
    slack: float = 0.02

    def __post_init__(self) -> None:
        if not self.smoothings or min(self.smoothings) < 0 or self.slack < 0:
            raise InvalidConfigError(
                f"smoothings={self.smoothings}, slack={self.slack}",
                "one or more widths of at least 0, and a slack of at least 0",
                "Leave both out for mazes with corridors one unit wide.",
            )

    def __call__(self, request: Reach, values: Sequence[Trajectory]) -> list[Verdict]:
        """Judge all candidates at once."""
        return self.judge_many([request], [values])[0]

    def judge_many(
        self, requests: Sequence[Reach], values: Sequence[Sequence[Trajectory]]
    ) -> list[list[Verdict]]:
        """Judge the candidates of many requests; each verdict is the one it would get alone, up to rounding."""
        together = max(1, TOGETHER // max(1, len(values[0]))) if values else 1
        verdicts: list[list[Verdict]] = []
        for k in range(0, len(requests), together):
            verdicts += self._judge(requests[k : k + together], values[k : k + together])
        return verdicts

    def _judge(
        self, requests: Sequence[Reach], values: Sequence[Sequence[Trajectory]]
    ) -> Iterator[list[Verdict]]:
        goals = [goal for pair in zip(requests, values, strict=True) for goal in _goals(*pair)]
        plain = curves([value for each in values for value in each], goals=np.array(goals))
        sizes = [len(each) for each in values]
        velocity = np.repeat([_velocity(request) for request in requests], sizes, axis=0)
        points = np.concatenate([smoothed(plain, width) for width in self.smoothings])
        times = moments(points, velocity=np.tile(velocity, (len(self.smoothings), 1)), engine=self.engine)
        seconds = entries(points, times, self.geometry.profile.goal_radius)
        shape = (len(self.smoothings), len(plain))
        verdicts = self._verdicts(seconds.reshape(shape), self._clear(points).reshape(shape))
        for first, last in pairwise(np.cumsum([0, *sizes]).tolist()):
            yield verdicts[first:last]

    def _verdicts(self, seconds: Array, clear: Array) -> list[Verdict]:
        """Return the verdict of each plan at its best width, from figures of (widths, plans)."""
        score = -seconds - 10 * (1 - clear)
        widths = np.where(clear == 1, score, score - FAILED).argmax(axis=0)
        row = np.arange(seconds.shape[1])
        chosen = (each[widths, row].tolist() for each in (seconds, clear, score))
        return [
            Verdict(
                passed=share == 1,
                score=points,
                evidence={
                    "seconds": round(took, 3),
                    "clear": round(share, 3),
                    "smoothing": self.smoothings[width],
                },
            )
            for took, share, points, width in zip(*chosen, widths.tolist(), strict=True)
        ]

    def _clear(self, points: Array) -> Array:
        """Return the share of each curve before its first wall."""
        free = self.geometry.segment_free(points[:, :-1], points[:, 1:], slack=self.slack)
        first = np.where(free.all(axis=1), free.shape[1], free.argmin(axis=1))
        share: Array = first / free.shape[1]
        return share

    def course(self, request: Reach, value: Trajectory) -> Course:
        """Return the course to drive: the one that was judged, or what of it lies well before the first wall."""
        (verdict,) = self(request, [value])
        plain = curves([value], goals=np.array(_goals(request, [value])))
        points = smoothed(plain, float(str(verdict.evidence["smoothing"])))
        clear = float(self._clear(points)[0])
        if clear < 1:
            ahead = int(clear * len(points[0])) - WALL_MARGIN
            if ahead >= LEAST_PREFIX:
                points = resample(points[:, :ahead])
        return fastest(points, velocity=_velocity(request), engine=self.engine)[0]


def _goals(request: Reach, values: Sequence[Trajectory]) -> list[tuple[float, ...]]:
    """Return where the curve of each plan ends: at the goal, or where the plan arrives if that is open."""
    if request.goal is None or request.goal[0] is None or request.goal[1] is None:
        return [value.states[value.arrival][:2] for value in values]
    return [(request.goal[0], request.goal[1])] * len(values)


def _velocity(request: Reach) -> Array:
    return np.zeros(2) if request.start is None else np.array(request.start[2:4])
