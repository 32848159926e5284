"""Random mazes: connected, one corridor wide, and split into those for training and those that are held out."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_worlds.maze.map import FREE, MAX_SIDE, MAZES, WALL, Cell, Maze, MazeMap

STEPS_A_CELL = 24
LEAST_LIMIT = 300
HELD_OUT = 5  # one map in so many is held out


@final
@dataclass(frozen=True)
class Shape:
    """What random mazes look like.

    Args:
        low: Least rows and columns, border included.
        high: Most rows and columns, border included.
        open: The share of inner cells that is free, where the corridors leave room for that.
    """

    low: int
    high: int
    open: float = 0.55

    def __post_init__(self) -> None:
        if not 5 <= self.low <= self.high <= MAX_SIDE or not 0 < self.open <= 1:
            raise InvalidConfigError(
                f"Shape(low={self.low}, high={self.high}, open={self.open})",
                f"5 <= low <= high <= {MAX_SIDE} and 0 < open <= 1",
                "Try Shape(6, 6) or Shape(8, 10).",
            )


SMALL, WIDE = Shape(6, 6), Shape(8, 9)


def mazes(shape: Shape, *, seed: int, held_out: bool) -> Iterator[Maze]:
    """Yield random mazes without end, no map twice, none of D4RL's.

    Whether a map is held out is decided by the map itself, so that the two halves share none whatever the seeds.

    Args:
        shape: What they look like.
        seed: The same seed gives the same mazes.
        held_out: Those to test on, or those to train on.
    """
    rng = np.random.default_rng(seed)
    known = {maze.map.rows for maze in MAZES}
    while True:
        grid = carve(shape, rng)
        if grid.rows not in known and is_held_out(grid) == held_out:
            known.add(grid.rows)
            yield _with_goal(grid, rng)


@cache
def closures(maze: Maze, *, least: float = 0.1) -> tuple[Maze, ...]:
    """Return a maze with one passage closed, in every way that leaves all other cells connected and matters.

    Args:
        maze: Where; its goal stays open.
        least: The share of pairs of cells whose shortest way is longer then, at least.
    """
    before = {cell: steps(maze.map, cell) for cell in maze.map.cells()}
    told = []
    for cell in maze.map.cells():
        rows = [list(row) for row in maze.map.rows]
        rows[cell[0]][cell[1]] = WALL
        grid = MazeMap(tuple(map("".join, rows)))
        rest = [other for other in maze.map.cells() if other != cell]
        if cell == maze.goal or grid.reachable(maze.goal) != set(rest):
            continue
        after = {other: steps(grid, other) for other in rest}
        longer = [after[a][b] > before[a][b] for a, b in combinations(rest, 2)]
        if sum(longer) >= max(1, least * len(longer)):
            limit = max(maze.limit, 2 * STEPS_A_CELL * (1 + max(after[maze.goal].values())))
            told.append(Maze(f"{maze.name}-closed-{cell[0]}-{cell[1]}", grid, maze.goal, limit))
    return tuple(told)


def steps(grid: MazeMap, start: Cell) -> dict[Cell, int]:
    """Return how many steps to a neighbour each cell that can be reached is away from one cell."""
    told, edge = {start: 0}, deque([start])
    while edge:
        cell = edge.popleft()
        for near in _around(cell):
            if near not in told and grid.is_free_cell(near):
                told[near] = told[cell] + 1
                edge.append(near)
    return told


def is_held_out(grid: MazeMap) -> bool:
    """Return whether a map is one to test on: one in five, by its hash."""
    digest = hashlib.blake2b("\n".join(grid.rows).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % HELD_OUT == 0


def carve(shape: Shape, rng: np.random.Generator) -> MazeMap:
    """Return a map grown from one cell: each new one touches the others and closes no square of four free cells."""
    height, width = (int(side) for side in rng.integers(shape.low, shape.high, size=2, endpoint=True))
    free = np.zeros((height, width), dtype=np.bool_)
    wanted = max(2, round(shape.open * (height - 2) * (width - 2)))
    first = (int(rng.integers(1, height - 1)), int(rng.integers(1, width - 1)))
    edge, carved = [first], 0
    while edge and carved < wanted:
        cell = edge.pop(int(rng.integers(len(edge))))
        if free[cell] or _makes_square(free, cell):
            continue
        free[cell] = True
        carved += 1
        edge += [near for near in _inner(cell, height, width) if not free[near]]
    return MazeMap(tuple("".join(FREE if tile else WALL for tile in row) for row in free))


def _around(cell: Cell) -> tuple[Cell, ...]:
    i, j = cell
    return (i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)


def _inner(cell: Cell, height: int, width: int) -> list[Cell]:
    return [(a, b) for a, b in _around(cell) if 0 < a < height - 1 and 0 < b < width - 1]


def _makes_square(free: np.ndarray[tuple[int, int], np.dtype[np.bool_]], cell: Cell) -> bool:
    """Whether a free cell here would close a square of two by two."""
    i, j = cell
    return any(bool(free[a, j] and free[i, b] and free[a, b]) for a in (i - 1, i + 1) for b in (j - 1, j + 1))


def _with_goal(grid: MazeMap, rng: np.random.Generator) -> Maze:
    cells = grid.cells()
    goal = cells[int(rng.integers(len(cells)))]
    longest = max(len(grid.path_cells(cell, goal)) for cell in cells)
    name = "random-" + hashlib.blake2b("\n".join(grid.rows).encode(), digest_size=4).hexdigest()
    return Maze(name=name, map=grid, goal=goal, limit=max(LEAST_LIMIT, 2 * STEPS_A_CELL * longest))
