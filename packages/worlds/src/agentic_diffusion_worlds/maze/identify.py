"""What the ball can do, found from recorded drives by least squares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_worlds.maze.courses import BALL, Engine
from agentic_diffusion_worlds.maze.geometry import Array
from agentic_diffusion_worlds.maze.physics import DT, MazePhysics
from agentic_diffusion_worlds.maze.score import Policy

LEAST = 20


@final
@dataclass(frozen=True)
class Recorded:
    """A drive step by step.

    Args:
        states: Before each step and after the last, (steps + 1, 4).
        actions: Forces as applied, (steps, 2).
        free: Steps that began without contact and below the speed limit, (steps,).
    """

    states: Array
    actions: Array
    free: Array


def record(physics: MazePhysics, policy: Policy, *, start: Array, steps: int) -> Recorded:
    """Drive and note what was done."""
    states, actions, free = [physics.reset(start[:2], start[2:])], [], []
    for _ in range(steps):
        actions.append(np.clip(np.asarray(policy(states[-1]), dtype=np.float64), -1.0, 1.0))
        slow = bool((np.abs(states[-1][2:]) < BALL.speed).all())
        states.append(physics.step(actions[-1]))
        free.append(slow and not physics.touching)
    return Recorded(np.array(states), np.array(actions), np.array(free))


def identify(drives: list[Recorded], *, known: Engine = BALL) -> Engine:
    """Return the engine with the least squared error of (v' - v) / Δt = force · u - drag · v' over free steps.

    Args:
        drives: What was recorded; drives of the planner that is to be adapted will do.
        known: Speed limit and margin are taken from here.

    Raises:
        InvalidConfigError: Too few free steps, or no force in them.
    """
    gains, rows = [], []
    for drive in drives:
        before, after = drive.states[:-1, 2:][drive.free], drive.states[1:, 2:][drive.free]
        gains.append(((after - before) / DT).ravel())
        rows.append(np.column_stack([drive.actions[drive.free].ravel(), -after.ravel()]))
    table = np.concatenate(rows) if rows else np.zeros((0, 2))
    if len(table) < LEAST or np.linalg.matrix_rank(table) < 2:
        raise InvalidConfigError(
            f"{len(table) // 2} free steps", "at least ten, with forces and speeds", "Record more drives."
        )
    force, drag = np.linalg.lstsq(table, np.concatenate(gains), rcond=None)[0]
    return replace(known, force=float(force), drag=max(0.0, float(drag)))
