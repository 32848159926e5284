"""A maze as a grid of walls and free cells, and the three mazes of D4RL.

A cell is ``(i, j)``: row counted from the top, column counted from the left. How a cell becomes a
position in the plane is the business of a `Profile` (see `geometry`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from numpy.typing import NDArray

Cell: TypeAlias = tuple[int, int]
"""Row and column of a cell, from the top left."""

WALL = "#"
FREE = "."
MAX_SIDE = 64


@dataclass(frozen=True)
class MazeMap:
    """A closed grid of walls and free cells.

    Args:
        rows: One string per row, ``#`` for a wall and ``.`` for a free cell.

    Raises:
        InvalidConfigError: If the rows are ragged, the border is open, no cell is free, a character
            is unknown or a side is longer than `MAX_SIDE`.
    """

    rows: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_rows(self.rows)

    @classmethod
    def parse(cls, text: str) -> MazeMap:
        """Read a map from lines of ``#`` (wall) and ``.`` or space (free).

        Indentation and blank lines around the map are ignored.
        """
        lines = (line.strip() for line in text.strip().splitlines())
        return cls(tuple(line.replace(" ", FREE) for line in lines))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.rows), len(self.rows[0])

    @cached_property
    def walls(self) -> NDArray[np.bool_]:
        """True where a wall stands; read-only, indexed ``[i, j]``."""
        grid = np.array([[tile == WALL for tile in row] for row in self.rows], dtype=np.bool_)
        grid.setflags(write=False)
        return grid

    @cached_property
    def _free(self) -> tuple[Cell, ...]:
        return tuple((int(i), int(j)) for i, j in np.argwhere(~self.walls))

    def cells(self) -> tuple[Cell, ...]:
        """All free cells, row by row."""
        return self._free

    def is_free_cell(self, cell: Cell) -> bool:
        """Whether the cell lies in the map and is not a wall."""
        i, j = cell
        height, width = self.shape
        return 0 <= i < height and 0 <= j < width and self.rows[i][j] == FREE

    def reachable(self, start: Cell) -> frozenset[Cell]:
        """All free cells connected to ``start`` by steps to the four neighbours."""
        return frozenset(self._parents(start))

    def path_cells(self, start: Cell, goal: Cell) -> tuple[Cell, ...]:
        """A shortest way from ``start`` to ``goal`` over the four neighbours, both ends included.

        Raises:
            InvalidStateError: If one end is a wall or no way exists.
        """
        self._check_free(start, "start cell")
        parents = self._parents(goal)
        if start not in parents:
            raise InvalidStateError(
                f"start cell {start} and goal cell {goal}",
                "two cells that are connected",
                "Choose a goal in `map.reachable(start)`.",
            )
        path = [start]
        while path[-1] != goal:
            path.append(parents[path[-1]])
        return tuple(path)

    def nearest_cell(self, point: tuple[float, float]) -> Cell:
        """The free cell whose centre is nearest to a point in cell coordinates ``(i, j)``."""
        u, v = float(point[0]), float(point[1])
        if not (np.isfinite(u) and np.isfinite(v)):
            raise InvalidStateError(f"point {point}", "two finite numbers", "Check the state.")
        return min(self._free, key=lambda cell: (cell[0] - u) ** 2 + (cell[1] - v) ** 2)

    def __str__(self) -> str:
        return "\n".join(self.rows)

    def _check_free(self, cell: Cell, what: str) -> None:
        if not self.is_free_cell(cell):
            raise InvalidStateError(
                f"{what} {cell}",
                f"a free cell of this {self.shape[0]}x{self.shape[1]} map",
                "Choose one of `map.cells()`.",
            )

    def _parents(self, root: Cell) -> dict[Cell, Cell]:
        """Breadth-first tree: for each cell connected to ``root`` the next one towards it."""
        self._check_free(root, "cell")
        parents, queue = {root: root}, deque([root])
        while queue:
            cell = queue.popleft()
            for near in _neighbours(cell):
                if near not in parents and self.is_free_cell(near):
                    parents[near] = cell
                    queue.append(near)
        return parents


@dataclass(frozen=True)
class Maze:
    """A map with a task: where to go, how long it may take, and what a score is measured against.

    Args:
        name: What tables call it.
        map: The walls.
        goal: The cell of the fixed goal.
        limit: Steps in one episode.
        reference: The returns that D4RL's normalised score counts as 0 and as 100, where known.
    """

    name: str
    map: MazeMap
    goal: Cell
    limit: int
    reference: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not self.map.is_free_cell(self.goal):
            raise InvalidConfigError(
                f"goal {self.goal} of maze {self.name!r}",
                "a free cell of its map",
                "Choose one of `map.cells()`.",
            )
        if self.limit < 1:
            raise InvalidConfigError(
                f"limit {self.limit}", "at least one step", "Give the length of an episode."
            )
        if self.reference is not None and self.reference[0] >= self.reference[1]:
            raise InvalidConfigError(
                f"reference {self.reference}", "low < high", "Give (random, expert) returns."
            )

    def start_cells(self, *, goal: bool = False) -> tuple[Cell, ...]:
        """The cells an episode may start from: free and connected to the goal.

        Args:
            goal: Whether the goal cell counts too, as it does in D4RL's own `reset`. If it is the
                only cell it counts anyway.
        """
        connected = self.map.reachable(self.goal)
        cells = [cell for cell in self.map.cells() if cell in connected]
        return tuple(cell for cell in cells if goal or cell != self.goal or len(cells) == 1)


def _neighbours(cell: Cell) -> Iterator[Cell]:
    i, j = cell
    yield from ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1))


def _check_rows(rows: tuple[str, ...]) -> None:
    """Refuse anything that is not a closed rectangle of known tiles with room inside."""
    height, width = len(rows), len(rows[0]) if rows else 0
    if not height or not width:
        raise InvalidConfigError("an empty map", "rows of '#' and '.'", "Draw a closed border.")
    if max(height, width) > MAX_SIDE:
        raise InvalidConfigError(
            f"a map of {height}x{width} cells",
            f"at most {MAX_SIDE} cells a side",
            "Split the maze, or draw it coarser.",
        )
    for i, row in enumerate(rows):
        if len(row) != width:
            raise InvalidConfigError(
                f"row {i} with {len(row)} tiles where row 0 has {width}",
                "rows of equal length",
                "Fill the short row with '#'.",
            )
        odd = sorted(set(row) - {WALL, FREE})
        if odd:
            raise InvalidConfigError(
                f"{odd[0]!r} in row {i}, column {row.index(odd[0])}",
                "'#' for a wall, '.' or space for a free cell",
                "Goals and starts are given apart from the map.",
            )
    border = rows[0] + rows[-1] + "".join(row[0] + row[-1] for row in rows)
    if FREE in border:
        raise InvalidConfigError(
            "a map with a hole in its border",
            "walls all around",
            "Surround the free cells with '#'.",
        )
    if not any(FREE in row for row in rows):
        raise InvalidConfigError("a map without a free cell", "at least one '.'", "Leave room for the ball.")


UMAZE = Maze(
    name="umaze",
    map=MazeMap(("#####", "#...#", "###.#", "#...#", "#####")),
    goal=(1, 1),
    limit=300,
    reference=(23.85, 161.86),
)
"""The small maze of D4RL: one bend."""

MEDIUM = Maze(
    name="medium",
    map=MazeMap(
        (
            "########",
            "#..##..#",
            "#..#...#",
            "##...###",
            "#..#...#",
            "#.#..#.#",
            "#...#..#",
            "########",
        )
    ),
    goal=(6, 6),
    limit=600,
    reference=(13.13, 277.39),
)
"""The medium maze of D4RL."""

LARGE = Maze(
    name="large",
    map=MazeMap(
        (
            "############",
            "#....#.....#",
            "#.##.#.#.#.#",
            "#......#...#",
            "#.####.###.#",
            "#..#.#.....#",
            "##.#.#.#.###",
            "#..#...#...#",
            "############",
        )
    ),
    goal=(7, 9),
    limit=800,
    reference=(6.7, 273.99),
)
"""The large maze of D4RL."""

MAZES = (UMAZE, MEDIUM, LARGE)
"""The three mazes, from small to large."""
