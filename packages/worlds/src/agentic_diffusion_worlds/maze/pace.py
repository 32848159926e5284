"""A plan driven at its own pace: the moments of the plan are the clock, so that timing and shape both count.

The time-optimal courses of `courses` keep only the shape of a plan. Here nothing is repaired: the ball is asked to be
where the plan says when the plan says, so what a drive is worth is what the network knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Verdict

from agentic_diffusion_worlds.maze.courses import BALL, Engine
from agentic_diffusion_worlds.maze.geometry import Array, Geometry
from agentic_diffusion_worlds.maze.physics import DT

COARSE = 3  # points between two moments that are checked against walls


@final
@dataclass(frozen=True)
class Reference:
    """Where the ball should be at every simulator step.

    Args:
        position: (steps, 2).
        velocity: (steps, 2).
        acceleration: (steps, 2).
    """

    position: Array
    velocity: Array
    acceleration: Array

    def __len__(self) -> int:
        return len(self.position)


@final
@dataclass(frozen=True)
class Variation:
    """A change of a plan before it is driven: how much faster, and how much blurred.

    Args:
        pace: Times the plan's own speed.
        blur: Standard deviation, in seconds, of the Gaussian that evens the plan out over time; it cuts corners and
            takes out stops.
    """

    pace: float = 1.0
    blur: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.pace < float("inf") or not 0 <= self.blur < float("inf"):
            raise InvalidConfigError(
                f"pace={self.pace}, blur={self.blur}", "pace > 0 and blur >= 0", "Try pace=1.2 and blur=0.05."
            )


AS_PLANNED = Variation()


def timed(plan: Trajectory, variation: Variation = AS_PLANNED) -> Reference:
    """Return a plan as a reference for every simulator step, up to its arrival.

    Between moments the way is the cubic that has the planned positions and velocities (Hermite).
    """
    states = np.asarray(plan.states[: plan.arrival + 1])
    if len(states) < 2:
        return Reference(states[:, :2], np.zeros((1, 2)), np.zeros((1, 2)))
    clock = np.arange(0.0, plan.seconds * (len(states) - 1) + 1e-9, DT * variation.pace)
    position, velocity, acceleration = _hermite(states, plan.seconds, clock)
    if variation.blur > 0:
        position = _blurred(position, variation.blur / (DT * variation.pace))
        if len(position) > 2:
            velocity = np.gradient(position, DT, axis=0)
            acceleration = np.gradient(velocity, DT, axis=0)
            return Reference(position, velocity, acceleration)
    return Reference(position, velocity * variation.pace, acceleration * variation.pace**2)


def _hermite(states: Array, seconds: float, clock: Array) -> tuple[Array, Array, Array]:
    """Return position, velocity and acceleration, (..., clock, 2), of states (..., moments, 4)."""
    last = states.shape[-2] - 2
    piece = np.minimum((clock / seconds).astype(int), last)
    u = (clock / seconds - piece)[:, None]
    p, q = states[..., piece, :2], states[..., piece + 1, :2]
    v, w = states[..., piece, 2:4] * seconds, states[..., piece + 1, 2:4] * seconds
    a, b = 2 * (p - q) + v + w, 3 * (q - p) - 2 * v - w
    position = ((a * u + b) * u + v) * u + p
    velocity = ((3 * a * u + 2 * b) * u + v) / seconds
    acceleration = (6 * a * u + 2 * b) / seconds**2
    return position, velocity, acceleration


def _blurred(line: Array, width: float) -> Array:
    """Return a line smoothed along its index, both ends held."""
    reach = min(int(3 * width), len(line) - 1)
    if reach < 1:
        return line
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    before = 2 * line[0] - line[reach:0:-1]
    after = 2 * line[-1] - line[-2 : -reach - 2 : -1]
    padded = np.concatenate([before, line, after])
    smooth = np.stack(
        [np.convolve(padded[:, axis], kernel / kernel.sum(), "valid") for axis in (0, 1)], axis=1
    )
    smooth[0], smooth[-1] = line[0], line[-1]
    return smooth


@final
@dataclass(frozen=True)
class SoonestFree:
    """Passes plans that touch no wall and that the ball is strong enough for, both at the plan's own pace.

    The score is minus the seconds until the plan enters the goal for good; a plan that fails scores ten less for the
    share of its way that lies behind the first wall.

    Args:
        geometry: Where the walls are.
        engine: What the ball can do.
        slack: How deep the way may cut into a grown wall; walls are frictionless.
        effort: The mean force beyond what the ball has that may be overlooked; feedback makes up for it.
    """

    geometry: Geometry
    engine: Engine = BALL
    slack: float = 0.02
    effort: float = 0.15

    def __call__(self, request: Reach, values: Sequence[Trajectory]) -> list[Verdict]:
        """Judge all candidates at once."""
        states = np.asarray([value.states for value in values], dtype=float)
        seconds = values[0].seconds
        positions, efforts = self._ways(states, seconds)
        free = self.geometry.segment_free(positions[:, :-1], positions[:, 1:], slack=self.slack)
        moments = np.arange(positions.shape[1]) * seconds / COARSE
        goal = positions[:, -1:] if request.goal is None else np.array(request.goal[:2], dtype=float)
        away = np.linalg.norm(positions - goal, axis=2) > self.geometry.profile.goal_radius
        verdicts = []
        for index, value in enumerate(values):
            end = value.arrival * COARSE
            wall = np.flatnonzero(~free[index, : max(end, 1)])
            clear = 1.0 if not len(wall) else float(wall[0] / max(end, 1))
            outside = np.flatnonzero(away[index])
            entry = float(moments[min(int(outside[-1]) + 1, len(moments) - 1)]) if len(outside) else 0.0
            excess = float(efforts[index, : max(end, 1)].mean())
            verdicts.append(
                Verdict(
                    passed=clear == 1 and excess <= self.effort,
                    score=-entry - 10 * (1 - clear) - 10 * max(0.0, excess - self.effort),
                    evidence={
                        "seconds": round(entry, 3),
                        "clear": round(clear, 3),
                        "excess": round(excess, 4),
                    },
                )
            )
        return verdicts

    def _ways(self, states: Array, seconds: float) -> tuple[Array, Array]:
        """Return positions along each plan, (plans, points, 2), and the force asked for beyond full force."""
        clock = np.arange((states.shape[1] - 1) * COARSE + 1) * seconds / COARSE
        position, velocity, acceleration = _hermite(states, seconds, clock)
        need = np.abs(acceleration + self.engine.drag * velocity) / self.engine.force
        excess: Array = np.maximum(need - 1.0, 0.0).max(axis=2)
        return position, excess
