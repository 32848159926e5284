"""The command `bench faults`: what is lost when processes are killed, disks fill up and memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.progress import bars

if TYPE_CHECKING:
    from agentic_diffusion_cli.faults import Trial

RAY = "killed Ray actor"
SHARDS = ("killed while saving", "full disk of one")
ALL = ("killed process", "full disk", "half the memory", *SHARDS, RAY)


def faults(
    *,
    seeds: Annotated[int, typer.Option(min=1, help="Trials of each fault.")] = 20,
    only: Annotated[str, typer.Option(help=f"One of: {', '.join(ALL)}; all when left out.")] = "",
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Kill processes, fill disks, halve memory: no checkpoint lost, a clear error or a finished run."""
    if only and only not in ALL:
        raise InvalidConfigError(f"fault {only!r}", ", ".join(ALL), "Choose one of them.")
    rows = run([only] if only else ALL, seeds=seeds)
    if target:
        figures = {
            "bench": "faults",
            "command": report.typed(),
            "version": version("agentic-diffusion-cli"),
            "machine": machine.facts(),
            "rows": rows,
        }
        report.write_json(figures, target)
    show(rows, to_stderr=target == "-")


def run(names: Sequence[str], *, seeds: int) -> list[dict[str, Any]]:
    """Make all trials; return a row for each fault."""
    from agentic_diffusion_cli.drill import warm
    from agentic_diffusion_cli.faults import TRIALS
    from agentic_diffusion_cli.shardfaults import TRIALS as OF_SHARDS

    trials = {**TRIALS, **OF_SHARDS}
    rows = []
    with bars() as shown, TemporaryDirectory() as place:
        warm(Path(place, "warm"))
        for name in names:
            task = shown.add_task(name, total=seeds, note="")

            def note(told: Sequence[Trial], task: Any = task) -> None:
                shown.update(task, completed=len(told), note=f"{sum(t.held for t in told)} held")

            if name in trials:
                rows.append(_row(name, _tried(name, trials[name], Path(place), seeds=seeds, note=note)))
                continue
            from agentic_diffusion_cli.rayfaults import cluster

            with cluster(Path(place)) as trial:
                rows.append(_row(name, _tried(name, trial, Path(place), seeds=seeds, note=note)))
    return rows


def _tried(
    name: str,
    trial: Callable[[int, Path], Trial],
    place: Path,
    *,
    seeds: int,
    note: Callable[[Sequence[Trial]], None],
) -> list[Trial]:
    told: list[Trial] = []
    for seed in range(seeds):
        folder = place / f"{name.replace(' ', '-')}-{seed}"
        folder.mkdir()
        told.append(trial(seed, folder))
        note(told)
    return told


def _row(name: str, told: Sequence[Trial]) -> dict[str, Any]:
    from agentic_diffusion_cli.shares import share

    held = sum(trial.held for trial in told)
    return {
        "name": "ours",
        "fault": name,
        "held": share(held / len(told), len(told)),
        "said": told[0].said,
        "broken": [{"seed": seed, "why": t.why, "said": t.said} for seed, t in enumerate(told) if not t.held],
    }


def show(rows: Sequence[Mapping[str, Any]], *, to_stderr: bool = False) -> None:
    """Print one line a fault, what was said, and every promise that was broken."""
    from rich.table import Table
    from rich.text import Text

    console = report.err() if to_stderr else report.out()
    table = Table(title="Faults: no checkpoint lost, a clear error or a finished run", title_justify="left")
    table.add_column("fault")
    table.add_column("held", justify="right")
    table.add_column("95 %", justify="right")
    table.add_column("what was said, first seed")
    for row in rows:
        held = row["held"]
        low, high = held["ci95"]
        count = f"{round(held['mean'] * held['n'])} of {held['n']}"
        said = Text(row["said"])  # paths in brackets are no markup
        table.add_row(row["fault"], count, f"{100 * low:.0f} to {100 * high:.0f} %", said)
    console.print(table)
    for row in rows:
        for fault in row["broken"]:
            console.print(Text(f"{row['fault']}, seed {fault['seed']}: {fault['why']}", "red"))
