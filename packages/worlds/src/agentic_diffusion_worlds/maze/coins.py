"""The gold-coin suites: go from start to goal and pass as near as possible to a coin that was never trained for.

A task scores (0.3 - closest) · 10/3, where closest is the least distance of the ball to the coin in the episode and
counts below 0.3 only; it scores 0 where the goal is not reached. A suite is twenty tasks, its score 100 times the mean.
The task was shown by AdaptDiffuser (arXiv:2302.01877); the cells, the seeds and the score are those of TDP (2025).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Record

from agentic_diffusion_worlds.maze.geometry import D4RL, Array, Geometry
from agentic_diffusion_worlds.maze.map import LARGE, MEDIUM, Cell, Maze

Numbers = tuple[float, ...]

COIN_RADIUS = 0.3
"""How near the ball must come for the coin to count at all."""


class CoinTask(Record):
    """A request: from a start to rest at a goal, past a coin.

    Args:
        start: The state now, [x, y, vx, vy].
        goal: Where to rest, [x, y].
        coin: Where the coin lies, [x, y]; None where there is none, or none any more.
        moment: The planned moment at which the coin is passed, where that is known; else it is left open.
    """

    start: Numbers
    goal: Numbers
    coin: Numbers | None = None
    moment: int | None = None


@final
@dataclass(frozen=True)
class CoinSuite:
    """Twenty coins in one maze.

    Args:
        name: What tables call it.
        maze: Where.
        coins: The cell of each coin.
        roaming: Whether each task has a goal of its own; otherwise all have the maze's.
    """

    name: str
    maze: Maze
    coins: tuple[Cell, ...]
    roaming: bool


# fmt: off
SUITES = (
    CoinSuite("maze2d-medium", MEDIUM, (
        (3, 3), (3, 4), (2, 2), (5, 4), (3, 4), (2, 4), (4, 4), (3, 4), (3, 4), (2, 5),
        (6, 3), (6, 2), (5, 4), (5, 4), (3, 3), (4, 4), (6, 3), (4, 2), (3, 2), (2, 5),
    ), roaming=False),
    CoinSuite("maze2d-large", LARGE, (
        (1, 6), (1, 9), (4, 10), (1, 7), (5, 9), (2, 6), (5, 9), (3, 3), (4, 1), (6, 6),
        (3, 10), (2, 4), (5, 10), (5, 9), (7, 10), (6, 4), (1, 6), (6, 6), (7, 6), (7, 4),
    ), roaming=False),
    CoinSuite("multi2d-medium", MEDIUM, (
        (2, 4), (4, 1), (4, 4), (4, 5), (4, 2), (6, 6), (3, 2), (3, 4), (1, 2), (2, 4),
        (2, 6), (4, 5), (5, 3), (4, 4), (2, 6), (1, 5), (4, 6), (1, 2), (2, 2), (1, 6),
    ), roaming=True),
    CoinSuite("multi2d-large", LARGE, (
        (1, 6), (6, 6), (7, 6), (7, 4), (1, 10), (3, 6), (2, 6), (3, 3), (3, 1), (5, 10),
        (2, 10), (6, 2), (3, 4), (1, 9), (3, 6), (7, 8), (1, 1), (1, 3), (1, 1), (3, 5),
    ), roaming=True),
)
# fmt: on
"""The four suites of the published script; the same coin may come twice."""


def coin_score(closest: float, *, reached: bool) -> float:
    """Return the score of one task in [0, 1] from the least distance to the coin."""
    return max(0.0, COIN_RADIUS - closest) / COIN_RADIUS if reached else 0.0


def suite_tasks(suite: CoinSuite, seed: int | None = None) -> tuple[CoinTask, ...]:
    """Return the twenty tasks of a suite.

    Without a seed the starts and goals are the published ones: D4RL's reset under gym's seeds 1 to 20, for which the
    coins were chosen. With a seed they are drawn anew in the same way, so that a coin may lie far off any direct way.

    Args:
        suite: Which.
        seed: Of other starts and goals for the same coins; at least 0.
    """
    if seed is None:
        return tuple(_reset(suite, _legacy(k + 1), coin=coin) for k, coin in enumerate(suite.coins))
    if seed < 0:
        raise InvalidConfigError(f"seed={seed}", "a seed of at least 0, or None", "Use 0.")
    rng = np.random.RandomState(seed)
    return tuple(_reset(suite, rng, coin=coin) for coin in suite.coins)


def _reset(suite: CoinSuite, rng: np.random.RandomState, *, coin: Cell) -> CoinTask:
    """Return the task of one reset: a cell, noise on position and velocity, then the goal likewise."""
    goal = suite.maze.goal
    cells = [*suite.maze.start_cells(), goal]
    geometry = Geometry(suite.maze.map)
    place = geometry.cell_to_xy(cells[int(rng.choice(len(cells)))])
    place = place + rng.uniform(-D4RL.start_noise, D4RL.start_noise, 2)
    speed = rng.randn(2) * D4RL.velocity_noise
    target = geometry.cell_to_xy(goal)
    if suite.roaming:
        target = geometry.cell_to_xy(cells[int(rng.choice(len(cells)))])
        target = target + rng.uniform(-D4RL.goal_noise, D4RL.goal_noise, 2)
    return CoinTask(
        start=_plain([*place, *speed]), goal=_plain(target), coin=_plain(geometry.cell_to_xy(coin))
    )


def _legacy(seed: int) -> np.random.RandomState:
    """Return the random stream that gym up to 0.21 gave an environment with this seed."""
    digest = hashlib.sha512(str(seed).encode()).digest()[:8]
    words = [int.from_bytes(digest[k : k + 4], "little") for k in (0, 4)]
    return np.random.RandomState(words if words[1] else words[:1])


def spare_cells(maze: Maze, suites: Sequence[CoinSuite] = SUITES) -> tuple[Cell, ...]:
    """Return the free cells of a maze in which no suite has a coin: coins to practise with may lie here."""
    taken = {coin for suite in suites if suite.maze == maze for coin in suite.coins}
    return tuple(cell for cell in maze.start_cells(goal=True) if cell not in taken)


def practice_tasks(
    maze: Maze, *, seed: int, cells: Sequence[Cell] | None = None, most: int | None = None
) -> Iterator[CoinTask]:
    """Yield tasks to practise with, without end: no coin lies in a cell where a suite has one.

    Args:
        maze: Where; half of the goals are the maze's own, the others any cell.
        seed: Which tasks; the same for every method that is given the same seed.
        cells: Where the coins may lie; by default `spare_cells`.
        most: Longest way over start, coin and goal, in cells; None for any.
    """
    spare = spare_cells(maze) if cells is None else cells
    free = maze.start_cells(goal=True)
    if not spare:
        raise InvalidConfigError(
            f"maze {maze.name!r} without a cell for a coin", "at least one", "Give `cells`."
        )
    rng, geometry = np.random.default_rng(seed), Geometry(maze.map)
    while True:
        first, coin = (within[int(rng.integers(len(within)))] for within in (free, spare))
        last = maze.goal if rng.random() < 0.5 else free[int(rng.integers(len(free)))]
        if most is not None and _way(maze, first, coin) + _way(maze, coin, last) > most:
            continue
        places = [geometry.cell_to_xy(cell) + rng.uniform(-0.1, 0.1, 2) for cell in (first, coin, last)]
        speed = rng.normal(0.0, D4RL.velocity_noise, 2)
        start, coin_at, goal = places
        yield CoinTask(start=_plain([*start, *speed]), goal=_plain(goal), coin=_plain(coin_at))


def _way(maze: Maze, a: Cell, b: Cell) -> int:
    return len(maze.map.path_cells(a, b)) - 1


def _plain(numbers: Sequence[float] | Array) -> Numbers:
    return tuple(float(number) for number in numbers)
