"""The command `evolve`: lets a planner get better by its own drives, one gated generation after the other."""

from __future__ import annotations

from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentic_diffusion_cli import evolve_code_run, machine, report
from agentic_diffusion_cli.computing import (
    CompileOption,
    DeviceOption,
    MatmulOption,
    Precision,
    PrecisionOption,
    ThreadsOption,
    compute_of,
)
from agentic_diffusion_cli.kept import keep, plain
from agentic_diffusion_cli.mazes import Size, maze_of
from agentic_diffusion_cli.progress import bars, gently

if TYPE_CHECKING:
    from agentic_diffusion_evolve.lineage import Tree
    from agentic_diffusion_worlds.maze.map import Maze
    from agentic_diffusion_worlds.maze.planner import MazePlanner

    from agentic_diffusion_cli.evolve_maze import Workplace

app = typer.Typer(help="Get better from outcomes, behind a gate.", no_args_is_help=True)

SUMMARY, CURVE = "evolution.json", "curve.png"


class Origin(StrEnum):
    """Where evolution begins."""

    shipped = "shipped"
    data = "data"


@app.callback()
def evolve() -> None:
    """Get better from outcomes, behind a gate."""


app.command("code")(evolve_code_run.code)


@app.command("maze")
def maze(
    *,
    out: Annotated[Path, typer.Option(help="Folder of memory, lineage and curve.")],
    size: Annotated[Size, typer.Option(help="The maze.")] = Size.medium,
    rounds: Annotated[int, typer.Option(min=1, help="Generations in all.")] = 5,
    origin: Annotated[
        Origin, typer.Option("--from", help="The shipped planner, or one trained briefly on fresh data.")
    ] = Origin.shipped,
    start_steps: Annotated[
        int, typer.Option(min=1, help="Training steps of the first planner, with --from data.")
    ] = 3000,
    steps: Annotated[int, typer.Option(min=1, help="Training steps a generation.")] = 300,
    tasks: Annotated[int, typer.Option(min=1, help="Errands a generation.")] = 96,
    exams: Annotated[int, typer.Option(min=2, help="Held-out starts of the gate.")] = 100,
    transitions: Annotated[int, typer.Option(min=1000, help="Transitions of old data.")] = 200_000,
    seed: Annotated[int, typer.Option(min=0, help="Root of all randomness.")] = 0,
    score_episodes: Annotated[
        int, typer.Option(min=2, help="Starts of the benchmark to score the result from.")
    ] = 50,
    device: DeviceOption = "cpu",
    precision: PrecisionOption = Precision.fp32,
    matmul: MatmulOption = None,
    compile_: CompileOption = False,
    threads: ThreadsOption = None,
) -> None:
    """Evolve a maze planner that is driven at its own pace; interrupted, the same command goes on where it stopped."""
    from agentic_diffusion_worlds.maze.planner import load_planner

    from agentic_diffusion_cli.evolve_maze import Settings, Workplace, at_own_pace

    world = maze_of(size)
    compute = compute_of(device, precision, matmul=matmul, compiles=compile_, threads=threads)
    settings = Settings(steps=steps, tasks=tasks, exams=exams, old=transitions, seed=seed)
    keep(out, {"size": size.value, "from": origin.value, "start_steps": start_steps, **plain(settings)})
    folder = (
        None
        if origin is Origin.shipped
        else _begin(world, out / "start", steps=start_steps, transitions=2 * transitions, seed=seed)
    )
    planner = at_own_pace(load_planner(world, folder, compute=compute), world, candidates=settings.candidates)
    place = Workplace(world, _design(world, folder), settings)
    run(place, planner, rounds=rounds, out=out)
    tell(place, planner, out=out, episodes=score_episodes)


def _design(world: Maze, folder: Path | None) -> Any:
    from agentic_diffusion_worlds.maze.planner import WEIGHTS, load_network

    return load_network(folder or WEIGHTS / world.name)[0]


def _begin(world: Maze, folder: Path, *, steps: int, transitions: int, seed: int) -> Path:
    """Train a first planner on fresh data of the driver, or take the one that was trained before."""
    from agentic_diffusion.denoising.train import Recipe
    from agentic_diffusion_worlds.maze.planner import design_for
    from agentic_diffusion_worlds.maze.training import Run

    from agentic_diffusion_cli.workshop import Order, make_planner

    recipe = Recipe(steps=steps, learning_rate=1e-3, average=0.995)
    job = Run(world, design_for(world), recipe, seed=seed)
    make_planner(Order(job, out=folder, command=report.typed(), transitions=transitions, episodes=0))
    return folder


def run(place: Workplace, planner: MazePlanner, *, rounds: int, out: Path) -> None:
    """Evolve with a bar, and stop between two drives where a person asks for it.

    Raises:
        KeyboardInterrupt: A person asked to stop; what was driven and decided is kept.
    """
    from agentic_diffusion_cli.evolve_maze import evolution

    whole = place.settings.tasks + 2 * place.settings.exams
    with bars(keep=True) as shown, gently() as asked:
        task = shown.add_task(f"Evolving {place.maze.name}", total=rounds * whole, note="")
        done = {"decided": _decided(out), "here": 0}

        def tick(what: str) -> None:
            done["here"] += 1
            shown.update(task, completed=done["decided"] * whole + done["here"], note=what)
            if asked.is_set():
                raise KeyboardInterrupt(f"{done['decided']} generations are kept; the same command goes on.")

        shown.update(task, completed=done["decided"] * whole, note="driving old data")
        for generation, _ in evolution(place, planner, rounds=rounds, folder=out, tick=tick):
            done |= {"decided": generation.round, "here": 0}
            fate = "promoted" if generation.promoted else "rejected"
            shown.update(task, completed=generation.round * whole, note=f"{generation.round}: {fate}")


def _decided(out: Path) -> int:
    from agentic_diffusion_evolve.lineage import Lineage

    tree = Lineage(out / "lineage").tree()
    return 0 if tree is None else len(tree.generations) - 1


def tell(place: Workplace, planner: MazePlanner, *, out: Path, episodes: int) -> None:
    """Print the generations with their verdicts, and write the summary and the learning curve."""
    from agentic_diffusion_evolve.lineage import Lineage
    from agentic_diffusion_worlds.maze.score import summary as told

    from agentic_diffusion_cli.evolve_curve import curve, levels
    from agentic_diffusion_cli.evolve_maze import scored

    lineage = Lineage(out / "lineage")
    tree = lineage.tree()
    assert tree is not None
    rows = levels(tree, place.maze)
    scores = scored(place, planner, lineage, episodes=episodes)
    scores["gain"] = [b - a for a, b in zip(scores["first"], scores["active"], strict=True)]
    summary: dict[str, Any] = {
        "command": report.typed(),
        "version": version("agentic-diffusion-evolve"),
        "machine": machine.facts(),
        "maze": place.maze.name,
        "active": tree.active,
        "generations": rows,
        "score": {name: told(values).to_json() for name, values in scores.items()},
    }
    report.write_json(summary, str(out / SUMMARY))
    curve(rows, title=f"{place.maze.name}: plans driven at their own pace").savefig(out / CURVE)
    show(rows, tree, exams=place.settings.exams)
    said = {name: report.interval(score) for name, score in summary["score"].items()}
    report.out().print(
        f"From {episodes} starts of the benchmark: first generation {said['first']}, active one {said['active']}, "
        f"gain {said['gain']}; active one with the time-optimal tracker {said['timed']}"
    )
    report.out().print(f"Lineage, summary and curve are in {out}", style="dim", markup=False, soft_wrap=True)


def show(rows: list[dict[str, Any]], tree: Tree, *, exams: int) -> None:
    """Print the table of generations."""
    from rich.table import Table

    table = Table(title=f"Generations, judged from {exams} held-out starts", title_justify="left")
    for name, side in (("", "right"), ("fate", "left"), ("candidate", "right"), ("incumbent", "right")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    table.add_column("gain, lower bound to upper", justify="right")
    for row in rows:
        active = row["number"] == tree.active
        cells = [
            "–" if row[name] is None else f"{row[name]:.1f}" for name in ("candidate", "incumbent", "gain")
        ]
        spread = "" if row["lower"] is None else f"  ({row['lower']:+.1f} to {row['upper']:+.1f})"
        table.add_row(
            str(row["number"]),
            row["fate"],
            cells[0],
            cells[1],
            cells[2] + spread,
            style="bold" if active else "",
        )
    report.out().print(table)
