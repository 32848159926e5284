"""What a journey came to: score, plan, a sketch in the terminal, and both pictures."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from agentic_diffusion_worlds.maze.film import animate
from agentic_diffusion_worlds.maze.geometry import Array, Geometry
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.plot import plot_plan
from agentic_diffusion_worlds.maze.score import Episode, normalised
from numpy.typing import NDArray
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agentic_diffusion_cli.journey import Journey

Codes = NDArray[np.int64]
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
BRAILLE = 0x2800
ROWS, COLUMNS = 2, 4  # characters of one cell
LEGEND = (
    "The goal counts for each step within 0.5 of it. Way-points: the driver that made the training data. "
    "Ceiling: full speed all the way without speeding up or turning; nobody gets there."
)


def tell(console: Console, journey: Journey, *, gif: Path, png: Path) -> None:
    """Print the whole story."""
    if "utf" in console.encoding.lower():
        console.print()
        console.print(sketch(journey))
    console.print()
    console.print(scores(journey))
    notes = (Text(LEGEND, "dim"), plan_line(journey), Text(rounds_line(journey), "dim"))
    for note in notes:
        console.print(Padding(note, (0, 2, 1, 2)))
    for path, what in ((gif, "the denoising, then the drive"), (png, "all plans, the chosen one, the drive")):
        console.print(Text.assemble(f"  {path}", (f"   {what}", "dim")), soft_wrap=True)


def scores(journey: Journey) -> Table:
    """Return the score beside oracle and ceiling from the same start."""
    table = Table(box=None, pad_edge=True, padding=(0, 2))
    table.add_column("from the same start")
    for name in ("steps to goal", "steps at goal", "normalised", "wall contacts"):
        table.add_column(name, justify="right")
    rows = (("ours", journey.ours), ("way-points", journey.oracle), ("ceiling", journey.ceiling))
    for name, episode in rows:
        table.add_row(name, *_figures(journey.maze, episode), style="bold" if name == "ours" else "")
    return table


def _figures(maze: Maze, episode: Episode) -> tuple[str, str, str, str]:
    score = "–" if maze.reference is None else f"{normalised(episode.raw, maze):.1f}"
    steps = "not reached" if episode.steps_to_goal is None else str(episode.steps_to_goal)
    return steps, f"{episode.raw:.0f} of {episode.limit}", score, str(episode.contacts)


def plan_line(journey: Journey) -> Text:
    """Return what is to be said about the first plan that was followed."""
    plan = journey.rounds[journey.first].plan
    free = sum(candidate.verdict.passed for candidate in plan.considered)
    outcome = f"{free} touch no wall, the fastest of them was chosen"
    if not free:
        outcome = "all touch a wall, the one that leads furthest was chosen and driven up to it"
    return Text.assemble(
        f"Plan: {len(plan.considered)} candidates in {plan.steps_done} denoising steps, ",
        (f"{1e3 * plan.seconds:.0f} ms", "bold"),
        f" on {plan.device}; ",
        (outcome, "green" if free else "yellow"),
        "; confidence ",
        (f"{plan.confidence:.2f}", "bold"),
        ".",
    )


def rounds_line(journey: Journey) -> str:
    """Return how often it was planned, and when the ball followed a new plan."""
    count, steps = len(journey.rounds), [str(step) for step, _ in journey.followed]
    return (
        f"{count} plan{'s' * (count != 1)} in one LangGraph run, followed from step {', '.join(steps)}: a new plan "
        "is followed when the ball has lost its course, or when it is faster than the rest of it."
    )


def still(journey: Journey, path: Path) -> Path:
    """Write the picture of the first plan and the drive."""
    take, chosen = _take(journey)
    score = _figures(journey.maze, journey.ours)
    title = f"{journey.maze.name}: {len(take[-1])} plans, the chosen one, the drive ({score[0]} steps to the goal)"
    figure = plot_plan(
        journey.maze,
        candidates=take[-1],
        chosen=chosen,
        start=journey.start[:2],
        drive=journey.states[:, :2],
        title=title,
    )
    figure.savefig(path)
    return path


def film(journey: Journey, path: Path) -> Path:
    """Write the film of the first plan's denoising and of the drive."""
    take, chosen = _take(journey)
    return animate(journey.maze, denoising=take, chosen=chosen, drive=journey.states[:, :2], path=path)


def _take(journey: Journey) -> tuple[list[Array], int]:
    plan = journey.rounds[journey.first].plan
    chosen = plan.considered.index(plan.chosen)
    return [step for step in journey.takes[journey.first] if chosen < len(step)], chosen


def sketch(journey: Journey) -> Text:
    """Return the maze with the plan and the drive in characters: each cell is four columns and two rows."""
    maze, geometry = journey.maze, Geometry(journey.maze.map)
    take, chosen = _take(journey)
    height, width = maze.map.shape
    shape = (height * ROWS, width * COLUMNS)
    plan = dots(geometry.to_grid(take[-1][chosen]), shape)
    drive = dots(geometry.to_grid(np.concatenate([journey.start[None, :2], journey.states[:, :2]])), shape)
    goal = _place(geometry, geometry.cell_to_xy(maze.goal), shape)
    start = _place(geometry, journey.start[:2], shape)
    picture = Text()
    for row in range(shape[0]):
        picture.append("  ")
        for column in range(shape[1]):
            wall = bool(maze.map.walls[row // ROWS, column // COLUMNS])
            picture.append(*_tile((row, column), wall=wall, plan=plan, drive=drive, ends=(start, goal)))
        picture.append("\n")
    picture.append("  ● start  ", "green").append("★ goal  ", "yellow")
    picture.append("⣿ plan  ", "blue").append("⣿ drive", "red")
    return picture


def _tile(
    place: tuple[int, int], *, wall: bool, plan: Codes, drive: Codes, ends: tuple[tuple[int, int], ...]
) -> tuple[str, str]:
    if place == ends[0]:
        return "●", "green"
    if place == ends[1]:
        return "★", "yellow"
    if wall:
        return "█", "grey37"
    code = int(drive[place]) or int(plan[place])
    return (chr(BRAILLE + code) if code else " "), "red" if drive[place] else "blue"


def dots(places: Array, shape: tuple[int, int]) -> Codes:
    """Return the braille code of each character that a line through places in cell coordinates touches."""
    fine = np.concatenate([np.linspace(a, b, 9)[:-1] for a, b in pairwise(places)] + [places[-1:]])
    codes = np.zeros(shape, dtype=np.int64)
    rows = np.floor((fine[:, 0] + 0.5) * ROWS * 4).astype(int)
    columns = np.floor((fine[:, 1] + 0.5) * COLUMNS * 2).astype(int)
    for row, column in zip(rows, columns, strict=True):
        place = (row // 4, column // 2)
        if 0 <= place[0] < shape[0] and 0 <= place[1] < shape[1]:
            codes[place] |= DOTS[row % 4][column % 2]
    return codes


def _place(geometry: Geometry, xy: Array, shape: tuple[int, int]) -> tuple[int, int]:
    u, v = geometry.to_grid(xy)
    row, column = int((u + 0.5) * ROWS), int((v + 0.5) * COLUMNS)
    return min(max(row, 0), shape[0] - 1), min(max(column, 0), shape[1] - 1)
