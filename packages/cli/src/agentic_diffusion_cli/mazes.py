"""Which maze a command means: one of the three sizes, or a map that a person drew."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from agentic_diffusion.errors import InvalidConfigError

if TYPE_CHECKING:
    from agentic_diffusion_worlds.maze.map import Maze

GOAL = "G"
STEPS_A_CELL = 24


class Size(StrEnum):
    """The mazes of D4RL."""

    umaze = "umaze"
    medium = "medium"
    large = "large"


def maze_of(size: Size, drawing: Path | None = None) -> Maze:
    """Return the maze of a size, or the one that a file draws.

    Raises:
        InvalidConfigError: The drawing is missing or is no closed maze.
    """
    from agentic_diffusion_worlds.maze.map import MAZES

    if drawing is not None:
        return read_maze(drawing)
    return next(maze for maze in MAZES if maze.name == size.value)


def read_maze(drawing: Path) -> Maze:
    """Read a maze from a text of `#` (wall), `.` or space (free) and one `G` (goal; by default the last free cell).

    It is called by the name of its file, and an episode has time for the longest way.

    Raises:
        InvalidConfigError: The file is missing or is no closed maze.
    """
    from agentic_diffusion_worlds.maze.map import Maze, MazeMap

    try:
        text = drawing.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfigError(
            f"{drawing}: {getattr(error, 'strerror', None) or error}",
            "a text of '#' (wall), '.' (free) and one 'G' (goal)",
            "Draw one, with a closed border.",
        ) from error
    if text.count(GOAL) > 1:
        raise InvalidConfigError(
            f"{text.count(GOAL)} goals in {drawing.name}", f"at most one {GOAL!r}", "Keep one."
        )
    lines = [line.strip() for line in text.strip().splitlines()]
    marked = [(i, line.index(GOAL)) for i, line in enumerate(lines) if GOAL in line]
    grid = MazeMap.parse(text.replace(GOAL, "."))
    goal = marked[0] if marked else grid.cells()[-1]
    longest = max(len(grid.path_cells(cell, goal)) for cell in grid.reachable(goal))
    return Maze(name=drawing.stem, map=grid, goal=goal, limit=max(300, 2 * STEPS_A_CELL * longest))
