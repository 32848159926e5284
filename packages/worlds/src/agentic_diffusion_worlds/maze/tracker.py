"""Trackers: policies that hold the ball to a plan."""

from __future__ import annotations

import math
from typing import final

import numpy as np
from agentic_diffusion.planning.domains.trajectory import Trajectory

from agentic_diffusion_worlds.maze.courses import BALL, Course, Engine
from agentic_diffusion_worlds.maze.geometry import Array
from agentic_diffusion_worlds.maze.physics import DT


@final
class CourseTracker:
    """Drives a course: the force the course needs, plus a pull back onto it.

    u = (a* + drag · v*) / force + P (p* - p) + D (v* - v), clipped to [-1, 1].

    Args:
        course: What to follow; the ball rests at its end.
        engine: What the ball can do.
        pull: P, force for each unit of distance.
        damping: D, force for each unit of speed; where left out 1 for the ball of Maze2D, and for a ball of another
            force what damps it as much: √(force of the ball of Maze2D / force).
    """

    def __init__(
        self, course: Course, *, engine: Engine, pull: float = 10.0, damping: float | None = None
    ) -> None:
        self._position, self._velocity, acceleration = course.reference(DT)
        self._push = (acceleration + engine.drag * self._velocity) / engine.force
        self._end = course.points[-1]
        self._pull = pull
        self._damping = math.sqrt(BALL.force / engine.force) if damping is None else damping
        self.step = 0

    def deviation(self, state: Array) -> float:
        """Return how far the ball is from where it should be."""
        here = self._position[self.step] if self.step < len(self._position) else self._end
        return float(np.linalg.norm(state[:2] - here))

    @property
    def length(self) -> int:
        """Steps that the course takes."""
        return len(self._position)

    @property
    def finished(self) -> bool:
        """Whether the course has been driven to its end."""
        return self.step >= len(self._position)

    def __call__(self, state: Array) -> Array:
        """Return the force for this step, and move on to the next."""
        if self.finished:
            force = self._pull * (self._end - state[:2]) - self._damping * state[2:]
        else:
            k = min(self.step + 1, len(self._position) - 1)
            force = (
                self._push[self.step]
                + self._pull * (self._position[k] - state[:2])
                + self._damping * (self._velocity[k] - state[2:])
            )
        self.step += 1
        clipped: Array = np.clip(force, -1.0, 1.0)
        return clipped


@final
class PlanTracker:
    """Diffuser's tracker: steer at the planned state of the next step, at the pace of the plan.

    u = (p* - p) + (v* - v), clipped to [-1, 1] (Janner et al. 2022, arXiv:2205.09991, Maze2D policy).
    """

    def __init__(self, plan: Trajectory) -> None:
        states = np.asarray(plan.states)
        knots = np.arange(len(states)) * plan.seconds
        clock = np.arange(0.0, knots[-1] + DT, DT)
        self._states = np.stack([np.interp(clock, knots, axis) for axis in states.T], axis=1)
        self.step = 0

    def __call__(self, state: Array) -> Array:
        """Return the force for this step, and move on to the next."""
        self.step += 1
        if self.step < len(self._states):
            target = self._states[self.step]
        else:
            target = np.concatenate([self._states[-1, :2], np.zeros(2)])
        clipped: Array = np.clip((target - state).reshape(2, 2).sum(axis=0), -1.0, 1.0)
        return clipped
