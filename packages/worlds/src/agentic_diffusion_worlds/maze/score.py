"""How well a maze was driven: returns, D4RL's normalised score, and the rows to compare with.

The reward of a step is 1 if the ball is within the goal radius after it, and the episode goes on to
its limit. The raw return is the sum of rewards; the latched return counts every step from the first
arrival on, as some papers do. Both are normalised by ``100 (R - low) / (high - low)`` with D4RL's
reference returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from math import ceil, isfinite, sqrt

import numpy as np
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from numpy.typing import ArrayLike

from agentic_diffusion_worlds.maze.controller import WaypointController
from agentic_diffusion_worlds.maze.geometry import D4RL, TOUCH, Array, Geometry, Mask, Profile
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.physics import MazePhysics

Policy = Callable[[Array], ArrayLike]
"""From a state ``[x, y, vx, vy]`` to a force."""

TOP_SPEED = 5.23  # per axis: the clip at 5, then one step of full force gives 5.226
GRID = 0.05
NORMAL_975 = 1.959963984540054


@dataclass(frozen=True)
class Episode:
    """What one episode came to.

    Args:
        raw: Steps that ended within the goal radius.
        latched: Steps from the first such step on, that one included.
        steps_to_goal: Number of the first such step, counted from 1; None if there was none.
        contacts: Steps that began in contact with a wall.
        limit: Steps of the episode.
    """

    raw: float
    latched: float
    steps_to_goal: int | None
    contacts: int
    limit: int

    @property
    def reached(self) -> bool:
        """Whether the goal was ever reached."""
        return self.steps_to_goal is not None


@dataclass(frozen=True)
class Score:
    """A mean with its 95 % interval.

    Args:
        mean: The mean.
        ci95: Student's t interval of the mean; of a single value both ends are that value.
        n: How many values.
    """

    mean: float
    ci95: tuple[float, float]
    n: int

    def to_json(self) -> dict[str, object]:
        """The same as plain JSON values."""
        return {**asdict(self), "ci95": list(self.ci95)}


def normalised(value: float, maze: Maze) -> float:
    """A return on D4RL's scale: 0 is random, 100 is D4RL's reference driver.

    Raises:
        InvalidConfigError: If the maze has no reference returns.
    """
    if maze.reference is None:
        raise InvalidConfigError(
            f"maze {maze.name!r} without reference returns",
            "one with `reference=(low, high)`",
            "Report the return itself, or measure a random and an expert driver first.",
        )
    low, high = maze.reference
    return 100.0 * (value - low) / (high - low)


def summary(values: Sequence[float]) -> Score:
    """Mean and 95 % interval of independent values, by Student's t."""
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or not len(numbers) or not np.isfinite(numbers).all():
        raise InvalidStateError(
            f"values of shape {numbers.shape}", "one or more finite numbers", "Drive an episode."
        )
    n, mean = len(numbers), float(numbers.mean())
    half = t_975(n - 1) * float(numbers.std(ddof=1)) / sqrt(n) if n > 1 else 0.0
    return Score(mean=mean, ci95=(mean - half, mean + half), n=n)


def t_975(freedom: int) -> float:
    """The 97.5 % quantile of Student's t: exact for 1 and 2, else within 0.2 %.

    Abramowitz and Stegun 1964, eq. 26.7.5.
    """
    if freedom <= 2:
        return (12.706204736174698, 4.302652729749464)[freedom - 1]
    z, v = NORMAL_975, float(freedom)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / v ** (k + 1) for k, term in enumerate(terms))


def report(maze: Maze, episodes: Sequence[Episode]) -> dict[str, Score]:
    """The figures of a row: returns, normalised scores where defined, reach, time, contacts."""
    row = {
        "return": summary([episode.raw for episode in episodes]),
        "return_latched": summary([episode.latched for episode in episodes]),
        "reached": summary([float(episode.reached) for episode in episodes]),
        "contacts": summary([float(episode.contacts) for episode in episodes]),
    }
    steps = [float(e.steps_to_goal) for e in episodes if e.steps_to_goal is not None]
    if steps:
        row["steps_to_goal"] = summary(steps)
    if maze.reference is not None:
        row["raw"] = summary([normalised(episode.raw, maze) for episode in episodes])
        row["latched"] = summary([normalised(episode.latched, maze) for episode in episodes])
    return row


def starts(maze: Maze, profile: Profile = D4RL, *, seed: int, count: int, goal: bool = False) -> Array:
    """Start states ``(count, 4)``, the same for every method that is given the same seed.

    A smaller count gives the first of the same starts.

    Args:
        maze: Where.
        profile: The noise of position and velocity.
        seed: Which starts.
        count: How many.
        goal: Whether the goal cell may be a start too, as in D4RL's own `reset`.
    """
    rng = np.random.default_rng(seed)
    geometry, cells = Geometry(maze.map, profile), maze.start_cells(goal=goal)
    states = np.empty((count, 4))
    for state in states:
        cell = cells[int(rng.integers(len(cells)))]
        noise = rng.uniform(-profile.start_noise, profile.start_noise, 2)
        state[:2] = geometry.cell_to_xy(cell) + noise
        state[2:] = rng.normal(0.0, profile.velocity_noise, 2)
    return states


def roll(
    physics: MazePhysics, policy: Policy, *, start: ArrayLike, limit: int
) -> Iterator[tuple[Array, bool]]:
    """Drive and yield after each step the state and whether the ball touched a wall."""
    first = np.asarray(start, dtype=np.float64)
    state = physics.reset(first[:2], first[2:])
    for _ in range(limit):
        state = physics.step(policy(state))
        yield state, physics.touching


def judge(states: ArrayLike, *, goal: ArrayLike, radius: float, contacts: int = 0) -> Episode:
    """The episode whose states after each step were these, ``(t, 2 or more)``."""
    places = np.asarray(states, dtype=np.float64)[:, :2]
    there = np.hypot(*(places - np.asarray(goal)).T) <= radius
    first = int(there.argmax()) + 1 if there.any() else None
    return Episode(
        raw=float(there.sum()),
        latched=float(len(there) - first + 1) if first else 0.0,
        steps_to_goal=first,
        contacts=contacts,
        limit=len(there),
    )


def run_episode(
    physics: MazePhysics,
    policy: Policy,
    *,
    maze: Maze,
    start: ArrayLike,
    goal: ArrayLike | None = None,
) -> Episode:
    """Drive one whole episode and judge it; the goal is the maze's unless another is given."""
    target = physics.cell_to_xy(maze.goal) if goal is None else np.asarray(goal)
    steps = list(roll(physics, policy, start=start, limit=maze.limit))
    return judge(
        [state for state, _ in steps],
        goal=target,
        radius=physics.profile.goal_radius,
        contacts=sum(touched for _, touched in steps),
    )


def random_row(maze: Maze, first: ArrayLike, *, profile: Profile = D4RL, seed: int) -> list[Episode]:
    """One episode of uniform random forces from each start ``(n, 4)``."""
    physics, rng = MazePhysics(maze.map, profile), np.random.default_rng(seed)

    def force(_: Array) -> Array:
        return rng.uniform(-1.0, 1.0, 2)

    return [run_episode(physics, force, maze=maze, start=start) for start in np.asarray(first)]


def oracle_row(maze: Maze, first: ArrayLike, *, profile: Profile = D4RL, seed: int) -> list[Episode]:
    """One episode of the way-point driver from each start ``(n, 4)``, with fresh way-points each."""
    physics, rng = MazePhysics(maze.map, profile), np.random.default_rng(seed)
    goal = physics.cell_to_xy(maze.goal)
    return [
        run_episode(
            physics,
            WaypointController(physics.geometry, rng=rng).policy(goal),
            maze=maze,
            start=start,
        )
        for start in np.asarray(first)
    ]


def ceiling_row(maze: Maze, first: ArrayLike, *, profile: Profile = D4RL) -> list[Episode]:
    """What no driver can beat from each start: full speed on both axes all the way.

    Shortest king-move ways on a grid of 0.05 through free space to the goal disc, at 5.23 per axis;
    the time to speed up is not counted, so the true optimum lies somewhat lower.
    """
    geometry = Geometry(maze.map, profile)
    low, field = _moves(geometry, geometry.cell_to_xy(maze.goal))
    episodes = []
    for place in np.asarray(first, dtype=np.float64)[:, :2]:
        i, j = np.rint((place - low) / GRID).astype(int)
        moves = float(field[i, j])
        step = max(1, ceil(moves * GRID / (TOP_SPEED * 0.01) - 1e-9)) if isfinite(moves) else None
        won = float(maze.limit - step + 1) if step and step <= maze.limit else 0.0
        episodes.append(Episode(won, won, step if won else None, 0, maze.limit))
    return episodes


def _moves(geometry: Geometry, goal: Array) -> tuple[Array, Array]:
    """King moves from each free grid point to the goal disc: a wave that spreads by one a round."""
    low, high = geometry.bounds()
    sides = [np.arange(round((b - a) / GRID) + 1) * GRID + a for a, b in zip(low, high, strict=True)]
    places = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1)
    free = geometry.is_free(places, slack=1e-6)
    wave = free & (np.hypot(*np.moveaxis(places - goal, -1, 0)) <= geometry.profile.goal_radius + TOUCH)
    field = np.full(free.shape, np.inf)
    count = 0
    while wave.any():
        field[wave] = count
        wave = _spread(wave) & free & np.isinf(field)
        count += 1
    return low, field


def _spread(wave: Mask) -> Mask:
    """Each point and its eight neighbours; the rim of the map is wall, so nothing wraps around."""
    wide = wave | np.roll(wave, 1, axis=0) | np.roll(wave, -1, axis=0)
    result: Mask = wide | np.roll(wide, 1, axis=1) | np.roll(wide, -1, axis=1)
    return result
