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
        exact: Whether a course counts drag as it comes: the faster the ball, the less force is left to speed it up, and
            the more helps to brake. Otherwise force is held back everywhere for the drag at full speed.
    """

    force: float = 100.0 / 4.18879
    drag: float = 1.0 / 4.18879
    speed: float = 5.0
    margin: float = 0.95
    exact: bool = False

    @property
    def usable(self) -> float:
        """Acceleration that a course may ask for on one axis, beside drag where that is counted as it comes."""
        return self.margin * self.force - (0.0 if self.exact else self.drag * self.speed)


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
    if len({(len(plan.states), plan.seconds) for plan in plans}) > 1:
        return resample([curve_of(plan, goal=goal) for plan, goal in zip(plans, goals, strict=True)])
    states = np.array([plan.states for plan in plans], dtype=np.float64)
    dense = _hermite(states, plans[0].seconds)
    ends = np.array([plan.arrival * DETAIL for plan in plans])
    for line, end, goal in zip(dense, ends, goals, strict=True):
        line[end + 1 :] = goal
    return _evenly(np.concatenate([dense, goals[:, None]], axis=1), POINTS)


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
    even: Array = _evenly(np.asarray(line, dtype=np.float64)[None], count)[0]
    return even


def _evenly(lines: Array, count: int) -> Array:
    """Return lines (lines, points, 2) of any spacing, rests included, as (lines, count, 2), evenly spaced."""
    gaps = _norm(np.diff(lines, axis=1))
    length = np.concatenate([np.zeros((len(lines), 1)), gaps.cumsum(axis=1)], axis=1)
    even = np.linspace(0.0, length[:, -1], count, axis=1)
    row = np.arange(len(lines))[:, None]
    # one sorted list for all lines: each is moved behind the one before it
    behind = row * (2 * float(length[:, -1].max(initial=0.0)) + 1)
    found = np.searchsorted((length + behind).ravel(), (even + behind).ravel(), side="right").reshape(
        even.shape
    )
    piece = np.clip(found - 1 - row * length.shape[1], 0, length.shape[1] - 2)
    share = np.clip((even - length[row, piece]) / np.maximum(gaps[row, piece], TINY), 0.0, 1.0)[..., None]
    placed: Array = lines[row, piece] * (1 - share) + lines[row, piece + 1] * share
    return placed


def _hermite(states: Array, seconds: float) -> Array:
    """Return positions between planned moments (..., moments, 4), `DETAIL` for each."""
    u = (np.arange(DETAIL) / DETAIL)[:, None]
    p, v = states[..., None, :2], states[..., None, 2:4] * seconds
    p, q, v, w = p[..., :-1, :, :], p[..., 1:, :, :], v[..., :-1, :, :], v[..., 1:, :, :]
    inner = (
        (2 * u**3 - 3 * u**2 + 1) * p
        + (u**3 - 2 * u**2 + u) * v
        + (3 * u**2 - 2 * u**3) * q
        + (u**3 - u**2) * w
    )
    flat = inner.reshape(*inner.shape[:-3], -1, 2)
    dense: Array = np.concatenate([flat, states[..., -1:, :2]], axis=-2)
    return dense


def smoothed(points: Array, width: float) -> Array:
    """Return each curve smoothed along its length, both ends held.

    The curve goes on beyond its ends as its mirror image through them; a Gaussian cut off at three deviations is
    folded over it, by Fourier transform for all curves at once.

    Args:
        points: Evenly spaced curves (count, points, 2).
        width: Standard deviation of the Gaussian that smooths, in units of length.
    """
    count = points.shape[1]
    gap = _norm(np.diff(points, axis=1)).mean(axis=1)
    reach = np.minimum((3 * width / np.maximum(gap, TINY)).astype(np.int64), count - 1)
    most = int(reach.max(initial=0))
    if most < 1:
        return points
    away = np.arange(-most, most + 1)
    kernel = np.exp(-0.5 * (away * gap[:, None] / max(width, TINY)) ** 2) * (np.abs(away) <= reach[:, None])
    kernel /= kernel.sum(axis=1, keepdims=True)
    before = 2 * points[:, :1] - points[:, most:0:-1]
    after = 2 * points[:, -1:] - points[:, -2 : -most - 2 : -1]
    padded = np.concatenate([before, points, after], axis=1)
    size = _handy(padded.shape[1])  # what wraps around falls on points that are cut off
    folded = np.fft.rfft(padded, size, axis=1) * np.fft.rfft(kernel, size, axis=1)[..., None]
    out: Array = np.fft.irfft(folded, size, axis=1)[:, 2 * most : 2 * most + count]
    out[:, 0], out[:, -1] = points[:, 0], points[:, -1]
    return out


def smooth(curve: Array, width: float) -> Array:
    """Return one evenly spaced curve (points, 2) smoothed along its length, both ends held."""
    out: Array = smoothed(curve[None], width)[0]
    return out


def _handy(size: int) -> int:
    """Return a length at least this that a Fourier transform is quick with: 2, 3 or 5 times a power of two."""
    power = 1 << max(0, (size - 1).bit_length() - 1)
    return next(length for length in (power, power * 5 // 4, power * 3 // 2, 2 * power) if length >= size)


def fastest(points: Array, *, velocity: Array, engine: Engine) -> list[Course]:
    """Return the fastest drive along each curve that ends at rest, within the engine's limits on each axis.

    One pass forward with the largest acceleration, one backward with the largest braking, both under the limit set by
    speed and curvature (time-optimal path parameterisation: Bobrow et al. 1985; Pham 2014, arXiv:1312.6533).

    Args:
        points: Curves (count, points, 2).
        velocity: The velocity at the start, (2,).
        engine: What the ball can do.
    """
    return [
        Course(curve, clock)
        for curve, clock in zip(points, moments(points, velocity=velocity, engine=engine), strict=True)
    ]


def moments(points: Array, *, velocity: Array, engine: Engine) -> Array:
    """Return the moments at which the fastest drives pass the points of their curves, (count, points).

    Args:
        points: Curves (count, points, 2).
        velocity: The velocity at the start, (2,) or one for each curve (count, 2).
        engine: What the ball can do.
    """
    gaps = _norm(np.diff(points, axis=1))
    ds = np.maximum(gaps.mean(axis=1), TINY)
    tangent = np.gradient(points, axis=1) / ds[:, None, None]
    bend = np.gradient(tangent, axis=1) / ds[:, None, None]
    limit = _speed_limit(tangent, bend, engine)
    start = np.clip((tangent[:, 0] * velocity).sum(axis=1), 0.0, None) ** 2
    square = _passes(tangent, bend, limit=limit, ds=ds, start=start, engine=engine)
    speed = np.sqrt(square)
    laps = 2 * gaps / np.maximum(speed[:, 1:] + speed[:, :-1], 1e-3)
    return np.concatenate([np.zeros((len(points), 1)), laps.cumsum(axis=1)], axis=1)


def entries(points: Array, moments: Array, radius: float) -> Array:
    """Return the moment from which each course stays within a radius of its own end, (count,)."""
    away = _norm(points - points[:, -1:]) > radius
    outside = away.any(axis=1)
    last = away.shape[1] - 1 - away[:, ::-1].argmax(axis=1)
    index = np.where(outside, np.minimum(last + 1, away.shape[1] - 1), 0)
    entry: Array = moments[np.arange(len(points)), index]
    return np.where(outside, entry, 0.0)


def _norm(vectors: Array) -> Array:
    """Return the lengths of vectors in the plane."""
    length: Array = np.sqrt(vectors[..., 0] ** 2 + vectors[..., 1] ** 2)
    return length


def _speed_limit(tangent: Array, bend: Array, engine: Engine) -> Array:
    """Return the largest squared speed at each point: speed on each axis, force needed to turn."""
    size = np.maximum(np.abs(tangent), TINY)
    across, along, hard = size[..., 0], size[..., 1], np.abs(bend)
    limit = (engine.speed / np.maximum(across, along)) ** 2
    pull = np.sign(tangent) * bend / size
    span = engine.usable * (1 / across + 1 / along)
    cross = np.abs(pull[..., 0] - pull[..., 1])
    alone = engine.usable / np.maximum(np.maximum(hard[..., 0], hard[..., 1]), TINY)
    turning: Array = np.maximum(span / np.maximum(cross, TINY), 0.0)
    still: Array = np.where(np.minimum(across, along) < 0.05, np.minimum(turning, alone), turning)
    capped: Array = np.minimum(limit, still)
    return capped


def _passes(tangent: Array, bend: Array, *, limit: Array, ds: Array, start: Array, engine: Engine) -> Array:
    """Return the squared speed at each point after the pass forward and the pass backward.

    On an axis with tangent q' and bend q'' the force allows an acceleration along the curve of up to
    (usable ∓ sign(q') q'' speed²) / |q'|, minus for speeding up and plus for braking; with exact drag this is
    ∓ drag · speed on either axis.
    """
    usable = engine.usable
    drag = 2 * ds * engine.drag if engine.exact else None
    size = np.maximum(np.abs(tangent), TINY)
    # (points, 2, curves), so that one step of a pass reads and writes whole rows
    room = np.ascontiguousarray(np.moveaxis(2 * ds[:, None, None] * usable / size, 0, -1))
    pull = np.ascontiguousarray(np.moveaxis(2 * ds[:, None, None] * np.sign(tangent) * bend / size, 0, -1))
    square = np.ascontiguousarray(limit.T)
    np.minimum(start, square[0], out=square[0])
    _pass(square, room, -pull, None if drag is None else -drag)
    square[-1] = 0.0
    _pass(square[::-1], room[::-1], pull[::-1], drag)
    return square.T


def _pass(square: Array, room: Array, pull: Array, drag: Array | None) -> None:
    """Lower each squared speed, in place, to what the one before it, the force and the drag allow."""
    gain, most = np.empty_like(room[0]), np.empty_like(square[0])
    first, second = gain
    rows = list(square)
    for here, there, allowed, bent in zip(rows[:-1], rows[1:], room, pull, strict=False):
        np.multiply(bent, here, out=gain)
        np.add(gain, allowed, out=gain)
        np.minimum(first, second, out=most)
        np.add(most, here, out=most)
        if drag is not None:
            np.add(most, drag * np.sqrt(here), out=most)
        np.maximum(most, 0.0, out=most)
        np.minimum(there, most, out=there)
