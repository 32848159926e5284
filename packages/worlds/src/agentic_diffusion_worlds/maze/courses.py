"""Courses: the curve of a plan, and the fastest way to drive along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from agentic_diffusion.planning.domains.trajectory import Trajectory

from agentic_diffusion_worlds.maze.geometry import Array

POINTS = 96
DETAIL = 3
TINY = 1e-9


@final
@dataclass(frozen=True)
class Engine:
    """What the ball can do, with a margin for the feedback that keeps it on course.

    Args:
        force: Acceleration of full force on one axis, in units/s².
        drag: Deceleration for each unit of speed, in 1/s.
        speed: Largest speed on one axis, in units/s.
        margin: Share of the force that a course may plan with.
    """

    force: float = 100.0 / 4.18879
    drag: float = 1.0 / 4.18879
    speed: float = 5.0
    margin: float = 0.95

    @property
    def usable(self) -> float:
        """Acceleration that a course may ask for on one axis."""
        return self.margin * self.force - self.drag * self.speed


BALL = Engine()
"""The ball of Maze2D: 4.19 kg, gear 100, joint damping 1, speed clipped at 5."""


@final
@dataclass(frozen=True)
class Course:
    """A curve with the moment at which each of its points is passed.

    Args:
        points: Positions, evenly spaced along the curve.
        moments: Seconds from the start, one for each point.
    """

    points: Array
    moments: Array

    @property
    def seconds(self) -> float:
        """How long the whole course takes."""
        return float(self.moments[-1])

    def entry(self, goal: Array, radius: float) -> float:
        """Return the moment from which the course stays within a radius of the goal; its end if it never does."""
        away = np.linalg.norm(self.points - goal, axis=1) > radius
        outside = np.flatnonzero(away)
        if not len(outside):
            return 0.0
        return float(self.moments[min(int(outside[-1]) + 1, len(self.moments) - 1)])

    def reference(self, step: float) -> tuple[Array, Array, Array]:
        """Return position, velocity and acceleration at every multiple of `step` seconds, to the end."""
        clock = np.arange(0.0, self.seconds + step, step)
        position = np.stack([np.interp(clock, self.moments, axis) for axis in self.points.T], axis=1)
        if len(clock) < 3:
            return position, np.zeros_like(position), np.zeros_like(position)
        velocity = np.gradient(position, step, axis=0)
        return position, velocity, np.gradient(velocity, step, axis=0)


def curves(plans: Sequence[Trajectory], *, goals: Array) -> Array:
    """Return the curves of plans up to their arrival, evenly resampled and ending at their goals.

    Between planned moments the curve is the cubic that has the planned positions and velocities (Hermite).

    Args:
        plans: Plans of states [x, y, vx, vy].
        goals: Where each curve ends, (plans, 2).

    Returns:
        (plans, POINTS, 2).
    """
    return resample([curve_of(plan, goal=goal) for plan, goal in zip(plans, goals, strict=True)])


def curve_of(plan: Trajectory, *, goal: Array) -> Array:
    """Return the curve of a plan up to its arrival, as many points as it has, ending at its goal (points, 2)."""
    states = np.asarray(plan.states[: plan.arrival + 1])
    return np.concatenate([_hermite(states, plan.seconds), goal[None]])


def resample(lines: Sequence[Array] | Array) -> Array:
    """Return each line as `POINTS` points that are evenly spaced along it.

    Args:
        lines: Each (points, 2).
    """
    return np.stack([evenly(line, POINTS) for line in lines])


def evenly(line: Array, count: int) -> Array:
    """Return a line (points, 2) as `count` points that are evenly spaced along it."""
    gaps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    length = np.concatenate([[0.0], gaps.cumsum()])
    even = np.linspace(0.0, length[-1], count)
    return np.stack([np.interp(even, length, axis) for axis in line.T], axis=1)


def _hermite(states: Array, seconds: float) -> Array:
    """Return positions between planned moments, `DETAIL` for each."""
    u = (np.arange(DETAIL) / DETAIL)[None, :, None]
    p, v = states[:, None, :2], states[:, None, 2:4] * seconds
    inner = (
        (2 * u**3 - 3 * u**2 + 1) * p[:-1]
        + (u**3 - 2 * u**2 + u) * v[:-1]
        + (3 * u**2 - 2 * u**3) * p[1:]
        + (u**3 - u**2) * v[1:]
    )
    dense: Array = np.concatenate([inner.reshape(-1, 2), states[-1:, :2]])
    return dense


def smoothed(points: Array, width: float) -> Array:
    """Return each curve smoothed along its length, both ends held.

    Args:
        points: Curves (count, points, 2).
        width: Standard deviation of the Gaussian that smooths, in units of length.
    """
    return np.stack([smooth(curve, width) for curve in points])


def smooth(curve: Array, width: float) -> Array:
    """Return one evenly spaced curve (points, 2) smoothed along its length, both ends held."""
    gap = float(np.linalg.norm(np.diff(curve, axis=0), axis=1).mean())
    reach = min(int(3 * width / max(gap, TINY)), len(curve) - 1)
    if reach < 1:
        return curve
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * gap / width) ** 2)
    before = 2 * curve[0] - curve[reach:0:-1]
    after = 2 * curve[-1] - curve[-2 : -reach - 2 : -1]
    padded = np.concatenate([before, curve, after])
    out = np.stack([np.convolve(axis, kernel / kernel.sum(), "valid") for axis in padded.T], axis=1)
    out[0], out[-1] = curve[0], curve[-1]
    return out


def fastest(points: Array, *, velocity: Array, engine: Engine) -> list[Course]:
    """Return the fastest drive along each curve that ends at rest, within the engine's limits on each axis.

    One pass forward with the largest acceleration, one backward with the largest braking, both under the limit set by
    speed and curvature (time-optimal path parameterisation: Bobrow et al. 1985; Pham 2014, arXiv:1312.6533).

    Args:
        points: Curves (count, points, 2).
        velocity: The velocity at the start, (2,).
        engine: What the ball can do.
    """
    gaps = np.linalg.norm(np.diff(points, axis=1), axis=2)
    ds = np.maximum(gaps.mean(axis=1), TINY)
    tangent = np.gradient(points, axis=1) / ds[:, None, None]
    bend = np.gradient(tangent, axis=1) / ds[:, None, None]
    limit = _speed_limit(tangent, bend, engine)
    start = np.clip(tangent[:, 0] @ velocity, 0.0, None) ** 2
    square = _passes(tangent, bend, limit=limit, ds=ds, start=start, usable=engine.usable)
    speed = np.sqrt(square)
    laps = 2 * gaps / np.maximum(speed[:, 1:] + speed[:, :-1], 1e-3)
    moments = np.concatenate([np.zeros((len(points), 1)), laps.cumsum(axis=1)], axis=1)
    return [Course(curve, clock) for curve, clock in zip(points, moments, strict=True)]


def _speed_limit(tangent: Array, bend: Array, engine: Engine) -> Array:
    """Return the largest squared speed at each point: speed on each axis, force needed to turn."""
    size = np.maximum(np.abs(tangent), TINY)
    limit = (engine.speed / size).min(axis=-1) ** 2
    pull = np.sign(tangent) * bend / size
    span = engine.usable * (1 / size).sum(axis=-1)
    cross = np.abs(pull[..., 0] - pull[..., 1])
    alone = engine.usable / np.maximum(np.abs(bend).max(axis=-1), TINY)
    turning: Array = np.maximum(span / np.maximum(cross, TINY), 0.0)
    still: Array = np.where(size.min(axis=-1) < 0.05, np.minimum(turning, alone), turning)
    capped: Array = np.minimum(limit, still)
    return capped


def _passes(tangent: Array, bend: Array, *, limit: Array, ds: Array, start: Array, usable: float) -> Array:
    """Return the squared speed at each point after the pass forward and the pass backward.

    On an axis with tangent q' and bend q'' the force allows an acceleration along the curve of up to
    (usable ∓ sign(q') q'' speed²) / |q'|, minus for speeding up and plus for braking.
    """
    size = np.maximum(np.abs(tangent), TINY)
    room = np.moveaxis(2 * ds[:, None, None] * usable / size, 0, -1)  # (points, 2, curves)
    pull = np.moveaxis(2 * ds[:, None, None] * np.sign(tangent) * bend / size, 0, -1)
    cap = limit.T.copy()
    square = np.empty_like(cap)
    square[0] = np.minimum(start, cap[0])
    for k in range(len(cap) - 1):
        gain = room[k] - pull[k] * square[k]
        most = np.maximum(square[k] + np.minimum(gain[0], gain[1]), 0.0)
        np.minimum(most, cap[k + 1], out=square[k + 1])
    square[-1] = 0.0
    for k in range(len(cap) - 1, 0, -1):
        gain = room[k] + pull[k] * square[k]
        most = np.maximum(square[k] + np.minimum(gain[0], gain[1]), 0.0)
        np.minimum(square[k - 1], most, out=square[k - 1])
    return square.T
