"""The physics of a maze: a force-driven ball between unit walls, on plain MuJoCo.

A ball of radius 0.1 and density 1000 slides in the plane, pushed by two motors of gear 100, damped
by 1 and held by frictionless walls; time advances by 0.01 a step. Before each step the velocity is
clipped to 5 per axis, as in D4RL and gymnasium-robotics.
"""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from numpy.typing import ArrayLike

from agentic_diffusion_worlds.maze.geometry import D4RL, RADIUS, Array, Geometry, Mask, Profile
from agentic_diffusion_worlds.maze.map import Cell, MazeMap

DT = 0.01
SPEED = 5.0
GEAR, DAMPING = 100.0, 1.0
WALL_HEIGHT = 0.4
DEEPEST = 0.05  # how far inside a wall a start may lie: what a driven ball reaches on impact


class MazePhysics:
    """A ball in a maze: reset it, push it, read where it is.

    A state is ``[x, y, vx, vy]``; an action is a force in ``[-1, 1]`` per axis, clipped.

    Args:
        map: The walls.
        profile: The frame and the noise.
        gear: Newtons of full force on one axis; D4RL has 100.
        damping: Newtons that hold the ball back for each unit of speed; D4RL has 1.
    """

    def __init__(
        self, map: MazeMap, profile: Profile = D4RL, *, gear: float = GEAR, damping: float = DAMPING
    ) -> None:
        if not 0 < gear < float("inf") or not 0 <= damping < float("inf"):
            raise InvalidConfigError(
                f"gear={gear}, damping={damping}", "gear > 0 and damping >= 0", "Leave both out for Maze2D."
            )
        self.geometry = Geometry(map, profile)
        self.model = mujoco.MjModel.from_xml_string(mjcf(self.geometry, gear=gear, damping=damping))
        self.data = mujoco.MjData(self.model)
        self.reset(self.geometry.cell_to_xy(map.cells()[0]))

    @property
    def map(self) -> MazeMap:
        """The walls."""
        return self.geometry.map

    @property
    def profile(self) -> Profile:
        """The frame and the noise."""
        return self.geometry.profile

    @property
    def state(self) -> Array:
        """Position and velocity, ``(4,)``; a copy."""
        return np.concatenate([self.data.qpos, self.data.qvel])

    @property
    def touching(self) -> bool:
        """Whether the ball was in contact with a wall when the last step began."""
        return bool(self.data.ncon)

    def reset(self, xy: ArrayLike, velocity: ArrayLike = (0.0, 0.0)) -> Array:
        """Put the ball somewhere and forget the past.

        Raises:
            InvalidStateError: If a number is not finite, a shape is wrong, or the ball would stand
                in a wall.
        """
        start = np.asarray(xy, dtype=np.float64)
        speed = np.asarray(velocity, dtype=np.float64)
        if start.shape != (2,) or speed.shape != (2,):
            raise InvalidStateError(
                f"a position of shape {start.shape} and a velocity of shape {speed.shape}",
                "two numbers each",
                "Pass (x, y) and (vx, vy).",
            )
        if not (np.isfinite(start).all() and np.isfinite(speed).all()):
            raise InvalidStateError(
                f"position {start}, velocity {speed}", "finite numbers", "Check the state for NaN."
            )
        if not self.geometry.is_free(start, slack=DEEPEST):
            raise InvalidStateError(
                f"position {start.tolist()}",
                "a place between the walls",
                "Ask `is_free` first, or use `geometry.cell_to_xy` of a free cell.",
            )
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:] = start
        self.data.qvel[:] = speed
        mujoco.mj_forward(self.model, self.data)
        return self.state

    def step(self, action: ArrayLike) -> Array:
        """Push the ball for one step of 0.01 and return the new state.

        Raises:
            InvalidStateError: If the action is not two finite numbers.
        """
        force = np.asarray(action, dtype=np.float64)
        if force.shape != (2,) or not np.isfinite(force).all():
            raise InvalidStateError(
                f"action {action!r}", "two finite numbers", "Check what the policy returns."
            )
        data = self.data
        np.clip(force, -1.0, 1.0, out=data.ctrl)
        np.clip(data.qvel, -SPEED, SPEED, out=data.qvel)
        mujoco.mj_step(self.model, data)
        return self.state

    def rollout(self, actions: ArrayLike, *, start: ArrayLike | None = None) -> Array:
        """Apply ``(t, 2)`` actions in turn; return the ``(t + 1, 4)`` states, the first included.

        Args:
            actions: Forces.
            start: A state ``(4,)`` to reset to; by default the drive goes on from where it is.
        """
        forces = np.asarray(actions, dtype=np.float64)
        if forces.ndim != 2 or forces.shape[1] != 2 or not np.isfinite(forces).all():
            raise InvalidStateError(
                f"actions of shape {forces.shape}", "finite numbers, shape (t, 2)", "Stack them."
            )
        if start is not None:
            first = np.asarray(start, dtype=np.float64)
            self.reset(first[:2], first[2:])
        states = np.empty((len(forces) + 1, 4))
        states[0] = self.state
        for k, _ in enumerate(self._drive(forces), start=1):
            states[k, :2] = self.data.qpos
            states[k, 2:] = self.data.qvel
        return states

    def is_free(self, xy: ArrayLike, *, slack: float = 0.0) -> Mask:
        """Whether the ball may be at each position (see `Geometry.is_free`)."""
        return self.geometry.is_free(xy, slack=slack)

    def segment_free(self, a: ArrayLike, b: ArrayLike, *, slack: float = 0.0) -> Mask:
        """Whether the ball may roll straight from a to b (see `Geometry.segment_free`)."""
        return self.geometry.segment_free(a, b, slack=slack)

    def cell_to_xy(self, cell: Cell) -> Array:
        """The nominal position of a cell."""
        return self.geometry.cell_to_xy(cell)

    def xy_to_cell(self, xy: ArrayLike) -> Cell:
        """The free cell around a position."""
        return self.geometry.xy_to_cell(xy)

    def _drive(self, forces: Array) -> Iterator[None]:
        model, data, step = self.model, self.data, mujoco.mj_step
        ctrl, qvel = data.ctrl, data.qvel
        for u, v in np.clip(forces, -1.0, 1.0).tolist():
            ctrl[0], ctrl[1] = u, v
            clip_speed(qvel)
            step(model, data)
            yield


def clip_speed(qvel: Array) -> None:
    """Limit a velocity to `SPEED` per axis in place; faster than numpy on two numbers."""
    for k in (0, 1):
        speed = qvel[k]
        if speed > SPEED:
            qvel[k] = SPEED
        elif speed < -SPEED:
            qvel[k] = -SPEED


def mjcf(geometry: Geometry, *, gear: float = GEAR, damping: float = DAMPING) -> str:
    """The MuJoCo model of a maze as XML: the ball and every wall it can touch."""
    walls = geometry.map.walls
    padded = np.pad(~walls, 1)
    height, width = walls.shape
    near = np.zeros_like(walls)
    for di in range(3):
        for dj in range(3):
            near |= padded[di : di + height, dj : dj + width]
    half = WALL_HEIGHT / 2
    boxes = "\n".join(
        f'    <geom type="box" pos="{x:.17g} {y:.17g} {half}" size="0.5 0.5 {half}"/>'
        for x, y in geometry.walls_xy()[near[walls]]
    )
    return f"""<mujoco>
  <compiler inertiafromgeom="true"/>
  <option timestep="{DT}" gravity="0 0 0" iterations="20" integrator="Euler"/>
  <default>
    <joint damping="{damping:.17g}"/>
    <geom density="1000" margin="0.002" condim="1"/>
  </default>
  <worldbody>
{boxes}
    <body>
      <joint name="x" type="slide" axis="1 0 0"/>
      <joint name="y" type="slide" axis="0 1 0"/>
      <geom name="ball" type="sphere" size="{RADIUS}"/>
    </body>
  </worldbody>
  <actuator>
    <motor joint="x" gear="{gear:.17g}" ctrllimited="true" ctrlrange="-1 1"/>
    <motor joint="y" gear="{gear:.17g}" ctrllimited="true" ctrlrange="-1 1"/>
  </actuator>
</mujoco>"""
