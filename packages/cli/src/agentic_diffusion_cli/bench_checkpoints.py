"""The command `bench checkpoints`: what a checkpoint of several processes takes, in one file and in shards."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from agentic_diffusion.errors import WorkerError

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.progress import bars

if TYPE_CHECKING:
    from agentic_diffusion_cli.drill import Drill

MEGABYTE = 1e6


def checkpoints(
    *,
    processes: Annotated[int, typer.Option(min=2, help="Processes, with fsdp, each with one thread.")] = 2,
    width: Annotated[int, typer.Option(min=16, help="Width of the transformer.")] = 384,
    depth: Annotated[int, typer.Option(min=1, help="Its blocks.")] = 6,
    seeds: Annotated[int, typer.Option(min=1, help="Repetitions.")] = 3,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Save and resume in several processes: sizes of files, most memory added in each process, bytes read, time."""
    rows = run(processes=processes, width=width, depth=depth, seeds=seeds)
    if target:
        figures = {
            "bench": "checkpoints",
            "command": report.typed(),
            "version": version("agentic-diffusion-cli"),
            "machine": machine.facts(),
            "rows": rows,
        }
        report.write_json(figures, target)
    show(rows, to_stderr=target == "-")


def run(*, processes: int, width: int, depth: int, seeds: int) -> list[dict[str, Any]]:
    """Save and resume in both forms; return a row for each."""
    from agentic_diffusion_cli.drill import Drill, warm

    rows = []
    with bars() as shown, TemporaryDirectory() as place:
        warm(Path(place, "warm"))
        task = shown.add_task("Saving", total=2 * seeds, note="")
        for sharded in (False, True):
            told = []
            for seed in range(seeds):
                folder = Path(place, f"{sharded}-{seed}")
                drill = Drill(folder, seed=seed, width=width, depth=depth, horizon=8, batch=2 * processes)
                told.append(_measured(drill, sharded=sharded, processes=processes))
                shown.advance(task)
            worst = {key: max(each[key] for each in told) for key in told[0]}
            form = "sharded" if sharded else "gathered"
            rows.append({"name": "ours", "form": form, "processes": processes, "seeds": seeds, **worst})
    return rows


def _measured(drill: Drill, *, sharded: bool, processes: int) -> dict[str, Any]:
    """Save once and resume once, in processes of their own; return the figures, memory in bytes."""
    from dataclasses import replace
    from types import SimpleNamespace

    from agentic_diffusion.compute.distributed import Team

    from agentic_diffusion_cli.drill import forked, team_of
    from agentic_diffusion_cli.resident import peak

    drill = replace(drill, sharded=sharded)

    def save(team: Team) -> dict[str, float]:
        training = drill.training(team)
        next(training.run())
        team.wait()
        added, begun = SimpleNamespace(value=0), time.perf_counter()
        with peak("RssAnon", added):
            drill.keep(training)
            team.wait()
        return {"added": added.value, "seconds": time.perf_counter() - begun}

    def resume(team: Team) -> dict[str, float]:
        added, begun = SimpleNamespace(value=0), time.perf_counter()
        with peak("RssAnon", added):
            training = drill.training(team)
        held = sum(piece.value.nbytes for piece in training.pieces())
        return {"added": added.value, "held": held, "seconds": time.perf_counter() - begun}

    def told(body: Callable[[Team], Any]) -> list[dict[str, float]]:
        ends = forked(team_of(processes, "fsdp", body, patience=300), patience=600)
        if any(end.told is None for end in ends):
            raise WorkerError(
                "; ".join(end.error for end in ends), "processes that end well", "Use a smaller width."
            )
        return [end.told for end in ends]

    saved, resumed = told(save), told(resume)
    files = [file.stat().st_size for file in drill.checkpoint.glob("*.safetensors")]
    return {
        "files": len(files),
        "bytes": sum(files),
        "largest_file": max(files),
        "save_first": saved[0]["added"],
        "save_others": max(each["added"] for each in saved[1:]),
        "save_seconds": max(each["seconds"] for each in saved),
        "held": max(each["held"] for each in resumed),
        "resume": max(each["added"] for each in resumed),
        "resume_seconds": max(each["seconds"] for each in resumed),
    }


def show(rows: Sequence[Mapping[str, Any]], *, to_stderr: bool = False) -> None:
    """Print one line a form; of several seeds the worst of each figure."""
    from rich.table import Table

    console = report.err() if to_stderr else report.out()
    first = rows[0]
    title = f"Checkpoints of {first['processes']} processes, worst of {first['seeds']}, in MB of host memory"
    table = Table(title=title, title_justify="left")
    table.add_column("form")
    names = {
        "bytes": "on disk",
        "largest_file": "largest file",
        "save_first": "saving adds, first",
        "save_others": "saving adds, others",
        "held": "a process holds",
        "resume": "resuming adds",
    }
    for name in (*names.values(), "save, s", "resume, s"):
        table.add_column(name, justify="right")
    for row in rows:
        sizes = (f"{row[key] / MEGABYTE:,.1f}" for key in names)
        times = (f"{row[key]:.2f}" for key in ("save_seconds", "resume_seconds"))
        table.add_row(row["form"], *sizes, *times)
    console.print(table)
