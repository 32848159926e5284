"""A maze as a Gymnasium environment."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from gymnasium import spaces
from numpy.typing import ArrayLike, NDArray

from agentic_diffusion_worlds.maze.geometry import D4RL, RADIUS, Array, Geometry, Profile
from agentic_diffusion_worlds.maze.map import UMAZE, Maze
from agentic_diffusion_worlds.maze.physics import MazePhysics

FASTEST = 10.0  # twice the clip: no step of force and no wall gets near
PIXELS = 40  # per cell
FLOOR, WALL, GOAL, BALL = (247, 246, 243), (52, 58, 70), (232, 163, 23), (36, 99, 235)

Observation = Array | dict[str, Array]


class MazeEnv(gymnasium.Env[Any, NDArray[np.float32]]):
    """Drive a ball to a goal and stay there: the task of D4RL maze2d.

    An observation is ``[x, y, vx, vy]``, an action a force in ``[-1, 1]`` per axis. The reward of a
    step is 1 if the ball is within the goal radius after it. Reaching the goal does not end the
    episode; it is truncated at the limit. ``info`` holds ``goal`` and ``success``.

    Args:
        maze: Map, goal, limit.
        profile: Frame and noise of the world.
        dense: Reward ``exp(-distance to the goal)`` instead.
        goal_conditioned: Observe ``observation``, ``achieved_goal`` and ``desired_goal`` in a dict.
        random_goal: Draw a new goal at each reset instead of the maze's own.
        goal_start: Let an episode start in the goal cell too, as D4RL's own `reset` does.
        limit: Steps until truncation, by default the maze's.
        render_mode: None or ``"rgb_array"``.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 100}  # noqa: RUF012

    def __init__(
        self,
        maze: Maze = UMAZE,
        profile: Profile = D4RL,
        *,
        dense: bool = False,
        goal_conditioned: bool = False,
        random_goal: bool = False,
        goal_start: bool = False,
        limit: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise InvalidConfigError(
                f"render_mode {render_mode!r}", "None or 'rgb_array'", "Choose one of them."
            )
        if limit is not None and limit < 1:
            raise InvalidConfigError(f"limit {limit}", "at least one step", "Raise the limit.")
        self.maze = maze
        self.physics = MazePhysics(maze.map, profile)
        self.limit = limit or maze.limit
        self.render_mode = render_mode
        self._dense, self._dict = dense, goal_conditioned
        self._random_goal, self._goal_start = random_goal, goal_start
        self._steps = 0
        self._floor: NDArray[np.uint8] | None = None
        self.goal = self.physics.cell_to_xy(maze.goal)
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        low, high = self.physics.geometry.bounds()
        place = spaces.Box(low, high, dtype=np.float64)
        speed = [FASTEST, FASTEST]
        state = spaces.Box(
            np.concatenate([low, np.negative(speed)]), np.concatenate([high, speed]), dtype=np.float64
        )
        self.observation_space = (
            spaces.Dict({"observation": state, "achieved_goal": place, "desired_goal": place})
            if goal_conditioned
            else state
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Restarts the random stream.
            options: ``start``, a position ``(2,)`` or a state ``(4,)``, and ``goal``, a position;
                both are taken as they are, without noise.

        Raises:
            InvalidStateError: If an option is unknown, not finite, of a wrong shape or in a wall.
        """
        super().reset(seed=seed)
        given = dict(options or {})
        start, goal = given.pop("start", None), given.pop("goal", None)
        if given:
            raise InvalidStateError(
                f"reset option {next(iter(given))!r}", "'start' and 'goal'", "Drop the others."
            )
        state = self._draw_start() if start is None else _numbers(start, "start", sizes=(2, 4))
        if goal is not None:
            self.goal = _numbers(goal, "goal", sizes=(2,))
            if not self.physics.is_free(self.goal):
                raise InvalidStateError(
                    f"goal {self.goal.tolist()}", "a place between the walls", "Move the goal."
                )
        elif self._random_goal:
            noise, cells = self.physics.profile.goal_noise, self.maze.start_cells(goal=True)
            cell = cells[int(self.np_random.integers(len(cells)))]
            self.goal = self.physics.cell_to_xy(cell) + self.np_random.uniform(-noise, noise, 2)
        else:
            self.goal = self.physics.cell_to_xy(self.maze.goal)
        self.physics.reset(state[:2], state[2:] if len(state) == 4 else (0.0, 0.0))
        self._steps = 0
        return self._observe(), self._info()

    def step(self, action: NDArray[np.float32]) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Push the ball for one step; never terminated, truncated at the limit."""
        state = self.physics.step(action)
        self._steps += 1
        reward = float(self.compute_reward(state[:2], self.goal, {}))
        return self._observe(), reward, False, self._steps >= self.limit, self._info()

    def compute_reward(self, achieved_goal: ArrayLike, desired_goal: ArrayLike, info: object) -> Array:
        """The reward of being at one place while wanting to be at another, for relabelling."""
        way = np.asarray(achieved_goal, dtype=np.float64) - np.asarray(desired_goal)
        distance: Array = np.hypot(way[..., 0], way[..., 1])
        if self._dense:
            return np.exp(-distance)
        return (distance <= self.physics.profile.goal_radius).astype(np.float64)

    def render(self) -> NDArray[np.uint8] | None:
        """The maze from above, rows downwards; None without a render mode."""
        if self.render_mode is None:
            return None
        geometry = self.physics.geometry
        if self._floor is None:
            self._floor = _paint_walls(geometry)
        image = self._floor.copy()
        radius = self.physics.profile.goal_radius
        gap = _distance(image.shape, geometry.to_grid(self.goal))
        image[np.abs(gap - radius) < 0.04] = GOAL
        gap = _distance(image.shape, geometry.to_grid(self.physics.state[:2]))
        image[gap <= RADIUS * 1.2] = BALL
        return image

    def _draw_start(self) -> Array:
        profile, cells = self.physics.profile, self.maze.start_cells(goal=self._goal_start)
        cell = cells[int(self.np_random.integers(len(cells)))]
        noise = self.np_random.uniform(-profile.start_noise, profile.start_noise, 2)
        speed = self.np_random.normal(0.0, profile.velocity_noise, 2)
        return np.concatenate([self.physics.cell_to_xy(cell) + noise, speed])

    def _observe(self) -> Observation:
        state = self.physics.state
        if not self._dict:
            return state
        return {
            "observation": state,
            "achieved_goal": state[:2].copy(),
            "desired_goal": self.goal.copy(),
        }

    def _info(self) -> dict[str, Any]:
        way = self.physics.state[:2] - self.goal
        success = bool(np.hypot(*way) <= self.physics.profile.goal_radius)
        return {"goal": self.goal.copy(), "success": success}


def _numbers(value: ArrayLike, name: str, *, sizes: tuple[int, ...]) -> Array:
    try:
        numbers = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidStateError(f"{name} {value!r}", "numbers", "Pass an array.") from error
    if numbers.ndim != 1 or len(numbers) not in sizes or not np.isfinite(numbers).all():
        raise InvalidStateError(
            f"{name} {numbers.tolist()}",
            f"{' or '.join(map(str, sizes))} finite numbers",
            "Check shape and values.",
        )
    return numbers


def _paint_walls(geometry: Geometry) -> NDArray[np.uint8]:
    walls = np.kron(geometry.map.walls, np.ones((PIXELS, PIXELS), dtype=np.bool_))
    return np.where(walls[..., None], WALL, FLOOR).astype(np.uint8)


def _distance(shape: tuple[int, ...], centre: Array) -> Array:
    """From the middle of each pixel to a place, in cells."""
    rows = (np.arange(shape[0]) + 0.5) / PIXELS - 0.5 - centre[0]
    columns = (np.arange(shape[1]) + 0.5) / PIXELS - 0.5 - centre[1]
    result: Array = np.hypot(rows[:, None], columns)
    return result
