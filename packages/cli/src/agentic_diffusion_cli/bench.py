"""The command `bench`: measures planners and prints one table beside the baselines of the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_cli import (
    bench_checkpoints,
    bench_code,
    bench_coins,
    bench_confidence,
    bench_corpus,
    bench_distributed,
    bench_evolve,
    bench_faults,
    bench_infill,
    bench_memory,
    bench_middleware,
    bench_physics,
    bench_sandbox,
    bench_speed,
    bench_tau2,
    bench_toolbox,
    bench_ultratool,
    bench_unseen,
    machine,
    report,
)
from agentic_diffusion_cli.computing import (
    CompileOption,
    DeviceOption,
    MatmulOption,
    Precision,
    PrecisionOption,
    ThreadsOption,
    compute_of,
)
from agentic_diffusion_cli.mazes import Size, maze_of
from agentic_diffusion_cli.progress import bars

app = typer.Typer(help="Measure, with the baselines of the same run.", no_args_is_help=True)

PUBLISHED = {
    "Diffuser": {"umaze": 113.9, "medium": 121.5, "large": 123.0},
    "AdaptDiffuser": {"umaze": 135.1, "medium": 129.9, "large": 167.9},
    "HorizonFlow": {"umaze": 137.5, "medium": 154.8, "large": 205.2},
}
"""Normalised raw scores as their papers give them; protocols differ in details, so they are for orientation only."""

ALL = "all"


@app.callback()
def bench() -> None:
    """Measure, with the baselines of the same run."""


app.command("code")(bench_code.code)
app.command("coins")(bench_coins.coins)
app.command("corpus")(bench_corpus.corpus)
app.command("confidence")(bench_confidence.confidence)
app.command("checkpoints")(bench_checkpoints.checkpoints)
app.command("distributed")(bench_distributed.distributed)
app.command("faults")(bench_faults.faults)
app.command("infill")(bench_infill.infill)
app.command("memory")(bench_memory.memory)
app.command("middleware")(bench_middleware.middleware)
app.command("physics")(bench_physics.physics)
app.command("sandbox")(bench_sandbox.sandbox)
app.command("speed")(bench_speed.speed)
app.command("evolve")(bench_evolve.evolve)
app.command("unseen-mazes")(bench_unseen.unseen_mazes)
app.command("ultratool")(bench_ultratool.ultratool)
app.command("toolbox")(bench_toolbox.toolbox)
app.command("tau2-telecom")(bench_tau2.tau2_telecom)


@app.command("maze2d")
def maze2d(
    *,
    size: Annotated[str, typer.Option(help="umaze, medium, large or all.")] = "large",
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of starts and noise, counted from 0.")] = 5,
    episodes: Annotated[int, typer.Option(min=1, help="Episodes for each seed.")] = 100,
    planner: Annotated[
        Path | None, typer.Option(help="Folder of a planner; with --size all, of folders by size.")
    ] = None,
    candidates: Annotated[int, typer.Option(min=1, help="Candidates of a plan.")] = 16,
    steps: Annotated[int | None, typer.Option(min=1, help="Denoising steps; as the planner says.")] = None,
    goal_starts: Annotated[
        bool, typer.Option("--goal-starts", help="Let the goal cell be a start too, as D4RL's reset does.")
    ] = False,
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.fp32,
    matmul: MatmulOption = None,
    compile_: CompileOption = False,
    threads: ThreadsOption = None,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Drive Maze2D: random, oracle, ceiling, tracker alone, one unguided sample, and ours."""
    if size != ALL and size not in [each.value for each in Size]:
        raise InvalidConfigError(f"size {size!r}", "umaze, medium, large or all", "Choose one of them.")

    sizes = list(Size) if size == ALL else [Size(size)]
    compute = compute_of(device, precision, matmul=matmul, compiles=compile_, threads=threads)
    rows: list[dict[str, Any]] = []
    for each in sizes:
        folder = planner / each.value if planner is not None and size == ALL else planner
        rows += run(
            each,
            folder,
            seeds=seeds,
            episodes=episodes,
            candidates=candidates,
            steps=steps,
            goal_starts=goal_starts,
            compute=compute,
        )
    settings = {"seeds": seeds, "episodes": episodes, "goal_starts": goal_starts}
    if target:
        figures = {
            "bench": "maze2d",
            "command": report.typed(),
            "version": version("agentic-diffusion-worlds"),
            "machine": machine.facts(compute.where),
            "rows": [{**row, **settings} for row in rows],
        }
        report.write_json(figures, target)
    show(rows, seeds=seeds, episodes=episodes, to_stderr=target == "-")


def run(
    size: Size,
    folder: Path | None,
    *,
    seeds: int,
    episodes: int,
    candidates: int,
    steps: int | None,
    goal_starts: bool,
    compute: Any,
) -> list[dict[str, Any]]:
    """Drive all rows of one maze, with a bar for each; return their figures."""
    from agentic_diffusion_worlds.maze.bench import MazeBench
    from agentic_diffusion_worlds.maze.planner import load_planner

    maze = maze_of(size)
    planner = load_planner(maze, folder, steps=steps, count=candidates, compute=compute)
    bench = MazeBench(maze, planner, seeds=range(seeds), episodes=episodes, goal_starts=goal_starts)
    with bars() as shown:
        tasks: dict[str, Any] = {}
        for tick in bench.run():
            if tick.row not in tasks:
                tasks[tick.row] = shown.add_task(f"{size.value}: {tick.row}"[:26], total=tick.total, note="")
            shown.update(tasks[tick.row], completed=tick.done)
    return bench.rows


def show(rows: Sequence[Mapping[str, Any]], *, seeds: int, episodes: int, to_stderr: bool = False) -> None:
    """Print the table, and beneath it what others have published."""
    from rich.table import Table
    from rich.text import Text

    console = report.err() if to_stderr else report.out()
    table = Table(title=f"Maze2D, {seeds} seeds x {episodes} episodes, paired starts", title_justify="left")
    table.add_column("maze")
    table.add_column("driver", max_width=18)
    for name in ("raw ± 95 %", "latched", "reached", "steps to goal", "contacts", "plan ms\np50 / p95"):
        table.add_column(name, justify="right")
    sizes = list(dict.fromkeys(row["size"] for row in rows))
    for size in sizes:
        for row in (row for row in rows if row["size"] == size):
            style = "bold" if row["name"] == "ours" else ""
            table.add_row(size, row["name"], *_cells(row), style=style)
        table.add_section()
    console.print(table)
    plans = {_settings(row): None for row in rows if row["name"] == "ours"}
    console.print(Text(f"ours: {'; '.join(plans)}", "dim"))
    console.print(Text("Published, not run here, raw (protocols differ in details):", "dim"))
    for name, scores in PUBLISHED.items():
        said = ", ".join(f"{size} {scores[size]}" for size in sizes if size in scores)
        console.print(Text(f"  {name:<14} {said}", "dim"))


def _cells(row: Mapping[str, Any]) -> list[str]:
    plan = f"{row['plan_ms_p50']:.1f} / {row['plan_ms_p95']:.1f}" if "plan_ms_p50" in row else "–"
    return [
        report.interval(row["raw"]),
        report.mean(row["latched"]),
        f"{100 * row['reached']['mean']:.0f} %",
        report.mean(row.get("steps_to_goal"), ".0f"),
        report.mean(row["contacts"]),
        plan,
    ]


def _settings(row: Mapping[str, Any]) -> str:
    return f"{row['candidates']} candidates, {row['steps']} denoising steps, device {row['device']}"
