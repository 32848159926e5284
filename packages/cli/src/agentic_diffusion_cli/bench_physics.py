"""The command `bench physics`: planners meet a ball of other strength and drag, and find out what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.mazes import Size, maze_of
from agentic_diffusion_cli.progress import bars

if TYPE_CHECKING:
    from agentic_diffusion_worlds.maze.courses import Engine
    from agentic_diffusion_worlds.maze.geometry import Array
    from agentic_diffusion_worlds.maze.map import Maze
    from agentic_diffusion_worlds.maze.physics import MazePhysics
    from agentic_diffusion_worlds.maze.planner import MazePlanner

CHANGES = {"weak": (30.0, 1.0), "strong": (300.0, 1.0), "sticky": (100.0, 12.0)}
"""Gear and damping of the changed balls; the planners and their trackers know 100 and 1."""
FROZEN, OURS, FOUND, TOLD = "frozen", "ours", "found, not chosen", "told the truth"
SHARES = (0.55, 0.7, 0.85, 0.95)  # of the force found, that a course may plan with beside the drag
EXACT = (0.85, 0.95, 1.05)  # the same where drag is counted as it comes; feedback cuts off what is above 1
TRIALS = 24
PRACTICE = 70_000
"""Seeds of the drives that are learned from lie here; those of the test count from 0."""
PLANS = 1000


def physics(
    *,
    size: Annotated[Size, typer.Option(help="The maze.")] = Size.medium,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of the starts, counted from 0.")] = 2,
    episodes: Annotated[int, typer.Option(min=2, help="Starts for each seed.")] = 20,
    drives: Annotated[int, typer.Option(min=1, help="Drives that the new ball is learned from.")] = 3,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Change what the ball can do: the planner as it was, with the engine it found, and with the true one."""
    maze = maze_of(size)
    rows: list[dict[str, Any]] = []
    with bars() as shown:
        task = shown.add_task("Changed physics", total=len(CHANGES) * 4, note="")
        for row in run(maze, seeds=seeds, episodes=episodes, drives=drives):
            rows.append(row)
            shown.update(task, completed=len(rows), note=row["ball"])
    if target:
        settings = {"size": maze.name, "seeds": seeds, "episodes": episodes, "drives": drives}
        figures = {
            "bench": "physics",
            "command": report.typed(),
            "version": version("agentic-diffusion-worlds"),
            "machine": machine.facts(),
            "rows": [{**row, **settings} for row in rows],
        }
        report.write_json(figures, target)
    show(rows, title=f"Changed physics, {maze.name}", to_stderr=target == "-")


def run(maze: Maze, *, seeds: int, episodes: int, drives: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of each changed ball; gains on the frozen planner are paired by start and seed."""
    from agentic_diffusion.compute import Compute
    from agentic_diffusion_worlds.maze.courses import BALL
    from agentic_diffusion_worlds.maze.physics import GEAR, MazePhysics
    from agentic_diffusion_worlds.maze.planner import load_planner
    from agentic_diffusion_worlds.maze.score import starts, summary

    planner = load_planner(maze, compute=Compute(device="cpu"))
    first = [state for seed in range(seeds) for state in starts(maze, seed=seed, count=episodes)]
    for ball, (gear, damping) in CHANGES.items():
        world = MazePhysics(maze.map, gear=gear, damping=damping)
        truth = replace(BALL, force=BALL.force * gear / GEAR, drag=BALL.drag * damping)
        found = learned(maze, planner, world, drives=drives)
        frozen: list[float] = []
        best = chosen(maze, planner, world, found=found)
        for name, engine in ((FROZEN, BALL), (OURS, best), (FOUND, found), (TOLD, truth)):
            scores = driven(maze, planner, world, engine=engine, first=first)
            frozen = frozen or scores
            gain = [a - b for a, b in zip(scores, frozen, strict=True)]
            yield {
                "name": name,
                "ball": ball,
                "force": engine.force,
                "drag": engine.drag,
                "usable": engine.usable,
                "exact": engine.exact,
                "steps_in_goal": summary(scores).to_json(),
                "gain": summary(gain).to_json(),
            }


def learned(maze: Maze, planner: MazePlanner, world: MazePhysics, *, drives: int) -> Engine:
    """Return the engine that is found from a few drives of the planner as it was."""
    from agentic_diffusion_worlds.maze.domain import FastestFree
    from agentic_diffusion_worlds.maze.identify import identify, record
    from agentic_diffusion_worlds.maze.pilot import Pilot
    from agentic_diffusion_worlds.maze.score import starts

    goal, judge = world.cell_to_xy(maze.goal), FastestFree(world.geometry)
    told = []
    for index, start in enumerate(starts(maze, seed=PRACTICE, count=drives)):
        pilot = Pilot(planner, judge, goal, seed=(PRACTICE + index) * PLANS)
        told.append(record(world, pilot, start=start, steps=maze.limit // 2))
    return identify(told)


def chosen(maze: Maze, planner: MazePlanner, world: MazePhysics, *, found: Engine) -> Engine:
    """Return the engine that drives best from starts of practice: the old, the found, or that with other reserves.

    A course keeps force back for the drag at full speed, which is far too careful where drag is large; so shares of the
    force are also tried without that reserve, and with drag counted as it comes.
    """
    from agentic_diffusion_worlds.maze.courses import BALL
    from agentic_diffusion_worlds.maze.score import starts

    reserve = found.drag * found.speed / found.force
    bold = [replace(found, margin=share + reserve) for share in SHARES]
    bold += [replace(found, margin=share, exact=True) for share in EXACT]
    first = list(starts(maze, seed=PRACTICE + 1, count=TRIALS))
    return max(
        (BALL, found, *bold), key=lambda engine: sum(driven(maze, planner, world, engine=engine, first=first))
    )


def driven(
    maze: Maze, planner: MazePlanner, world: MazePhysics, *, engine: Engine, first: Sequence[Array]
) -> list[float]:
    """Return the steps in the goal of an episode from each start, for a planner that takes the ball for this engine."""
    from agentic_diffusion_worlds.maze.domain import FastestFree
    from agentic_diffusion_worlds.maze.pilot import Pilot
    from agentic_diffusion_worlds.maze.score import run_episode

    goal, judge = world.cell_to_xy(maze.goal), FastestFree(world.geometry, engine=engine)
    told = []
    for index, start in enumerate(first):
        pilot = Pilot(replace(planner, verify=judge), judge, goal, seed=index * PLANS)
        told.append(run_episode(world, pilot, maze=maze, start=start).raw)
    return told


def show(rows: Sequence[Mapping[str, Any]], *, title: str, to_stderr: bool = False) -> None:
    """Print the table."""
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name in ("ball", "planner", "force", "drag", "usable", "steps in goal ± 95 %", "gain on frozen"):
        table.add_column(name)
    for row in rows:
        cells = [f"{row[key]:.2f}" for key in ("force", "drag", "usable")]
        scores = [report.interval(row[key]) for key in ("steps_in_goal", "gain")]
        style = "bold" if row["name"] == OURS else ""
        table.add_row(row["ball"], row["name"], *cells, *scores, style=style)
    (report.err() if to_stderr else report.out()).print(table)
