"""The command `bench evolve`: what evolution brings on Maze2D, generation by generation, beside others' recipes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.mazes import Size, maze_of
from agentic_diffusion_cli.progress import bars, gently

if TYPE_CHECKING:
    from agentic_diffusion_cli.evolve_study import Study


def evolve(
    *,
    size: Annotated[Size, typer.Option(help="The maze.")] = Size.umaze,
    rounds: Annotated[int, typer.Option(min=1, help="Generations.")] = 5,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each way, each with starts of its own.")] = 3,
    episodes: Annotated[int, typer.Option(min=2, help="Test starts for each seed.")] = 50,
    poison: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of rewards that a source lies about.")
    ] = 0.3,
    steps: Annotated[int, typer.Option(min=1, help="Training steps a generation.")] = 300,
    batch: Annotated[int, typer.Option(min=2, help="States a training step.")] = 64,
    tasks: Annotated[int, typer.Option(min=1, help="Errands a generation.")] = 96,
    exams: Annotated[int, typer.Option(min=2, help="Held-out starts of the gate.")] = 100,
    candidates: Annotated[int, typer.Option(min=1, help="Candidates of a plan.")] = 32,
    transitions: Annotated[int, typer.Option(min=1000, help="Transitions of old data.")] = 200_000,
    work: Annotated[
        Path, typer.Option(help="Folder of runs; what is finished there is not repeated.")
    ] = Path("out/evolve"),
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.")] = None,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Evolve planners that are driven at their own pace: frozen, Diffuser, AdaptDiffuser's recipe, ours, poisoned."""
    from agentic_diffusion_cli.evolve_maze import Settings
    from agentic_diffusion_cli.evolve_study import Study

    settings = Settings(
        tasks=tasks, exams=exams, steps=steps, batch=batch, candidates=candidates, old=transitions
    )
    study = Study(
        maze_of(size),
        settings,
        rounds=rounds,
        seeds=range(seeds),
        episodes=episodes,
        poison=poison,
        folder=work / size.value,
        threads=threads,
    )
    run(study)
    rows = study.rows()
    if target:
        figures = {
            "bench": "evolve",
            "command": report.typed(),
            "version": version("agentic-diffusion-evolve"),
            "machine": machine.facts(),
            "rows": rows,
        }
        report.write_json(figures, target)
    show(
        rows,
        title=f"{size.value}: {seeds} seeds x {episodes} starts, {rounds} generations",
        to_stderr=target == "-",
    )


def run(study: Study) -> None:
    """Do what is not done yet, with a bar.

    Raises:
        KeyboardInterrupt: A person asked to stop; what is finished is kept.
    """
    with bars(keep=True) as shown, gently() as asked:
        task = shown.add_task(f"Evolving {study.maze.name}", total=study.parts(), note="")
        for done, note in _numbered(study.run()):
            shown.update(task, completed=done, note=note)
            if asked.is_set():
                raise KeyboardInterrupt("What is finished is kept; the same command goes on from there.")


def _numbered(notes: Iterator[str]) -> Iterator[tuple[int, str]]:
    yield from ((number, note) for number, note in enumerate(notes, start=1))


def show(rows: Sequence[Mapping[str, Any]], *, title: str, to_stderr: bool = False) -> None:
    """Print one line a row: the level after each generation, and the gain on the frozen planner, paired by start."""
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("row", max_width=24)
    for name in ("raw ± 95 %", "gain on frozen", "settled", "by generation", "CPU s"):
        table.add_column(name, justify="right")
    for row in rows:
        gain = row.get("gain")
        levels = " ".join(f"{score['mean']:.0f}" for score in row.get("generations", ()))
        seconds = row.get("cpu_seconds")
        table.add_row(
            row["name"],
            report.interval(row["raw"]),
            "" if gain is None else report.interval(gain),
            f"{100 * row['settled']['mean']:.0f} %" if "settled" in row else "",
            levels,
            "" if seconds is None else f"{seconds:.0f}",
            style="bold" if row["name"] == "ours" else "",
        )
    (report.err() if to_stderr else report.out()).print(table)
