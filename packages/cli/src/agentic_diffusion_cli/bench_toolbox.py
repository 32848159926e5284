"""The command `bench toolbox`: what feedback from tools is worth, with the same planner without it in the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from math import nan
from statistics import fmean
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.progress import bars

if TYPE_CHECKING:
    from agentic_diffusion_cli.learning.toolbox import Result

OURS, OFF = "ours", "feedback off"


def toolbox(
    *,
    seeds: Annotated[int, typer.Option(min=1, help="Worlds: each has its own tools and tasks.")] = 4,
    exam: Annotated[int, typer.Option(min=2, help="Cases of each examination.")] = 100,
    batches: Annotated[int, typer.Option(min=1, help="Batches of practice before and after the drift.")] = 8,
    demonstrations: Annotated[int, typer.Option(min=10, help="Plans by the book to start from.")] = 2500,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Measure learning from tools: feedback on and off, a table, an oracle and chance, before and after a drift."""
    from agentic_diffusion_cli.learning.toolbox import Plot, experiment, teach

    results: list[Result] = []
    with bars() as shown:
        task = shown.add_task("Toolbox", total=seeds + 1, note="reading the manual")
        planner, known = teach(demonstrations=demonstrations)
        shown.update(task, advance=1)
        for seed in range(seeds):
            for result in experiment(planner, known, seed=seed, plot=Plot(batches=batches, exam=exam)):
                results.append(result)
                note = f"seed {seed}: {result.driver} {100 * result.success:.0f} % {result.phase}"
                shown.update(task, note=note)
            shown.update(task, advance=1)
    found = rows(results)
    if target:
        figures = {
            "bench": "toolbox",
            "command": report.typed(),
            "version": version("agentic-diffusion-worlds"),
            "machine": machine.facts(),
            "rows": [{**row, "seeds": seeds, "exam": exam, "batches": batches} for row in found],
        }
        report.write_json(figures, target)
    show(found, to_stderr=target == "-")


def rows(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return one row for each driver, phase and split; `ours` has its gain over the same planner without feedback.

    Success is averaged over cases; the gain is paired by case. Intervals are 95 % by Student's t over all cases.
    """
    told: dict[tuple[str, str, str], list[Result]] = {}
    for result in results:
        told.setdefault((result.driver, result.phase, result.split), []).append(result)
    made = []
    for (driver, phase, split), group in told.items():
        row: dict[str, Any] = {"name": driver, "phase": phase, "split": split}
        row["success"] = metric([float(case.success) for each in group for case in each.cases])
        row["calls"] = metric([float(case.calls) for each in group for case in each.cases])
        row["simulated_ms"] = metric([case.milliseconds for each in group for case in each.cases])
        row["success_by_seed"] = [each.success for each in group]
        row["practised"] = fmean(each.practised for each in group)
        if driver == OURS:
            off = told[OFF, phase, split]
            row["gain"] = metric(
                [
                    float(one.success) - float(two.success)
                    for ours, without in zip(group, off, strict=True)
                    for one, two in zip(ours.cases, without.cases, strict=True)
                ]
            )
            row["gain_by_seed"] = [o.success - w.success for o, w in zip(group, off, strict=True)]
        made.append(row)
    return made


def metric(numbers: Sequence[float]) -> dict[str, Any]:
    """Return the mean of numbers with its 95 % interval by Student's t."""
    from agentic_diffusion_evolve.measure import student

    low, high = student(numbers, 0.025), -student([-number for number in numbers], 0.025)
    return {"mean": fmean(numbers) if numbers else nan, "ci95": [low, high], "n": len(numbers)}


def show(rows: Sequence[Mapping[str, Any]], *, to_stderr: bool = False) -> None:
    """Print one line a row."""
    from rich.table import Table

    table = Table(title="The toolbox: share of cases treated well", title_justify="left")
    for name in ("phase", "split", "driver"):
        table.add_column(name)
    for name in ("success", "95 %", "gain", "calls"):
        table.add_column(name, justify="right")
    for row in rows:
        low, high = row["success"]["ci95"]
        table.add_row(
            row["phase"],
            row["split"],
            row["name"],
            f"{100 * row['success']['mean']:.1f} %",
            f"{100 * low:.1f} to {100 * high:.1f}",
            f"{100 * row['gain']['mean']:+.1f}" if "gain" in row else "",
            report.mean(row["calls"]),
            style="bold" if row["name"] == OURS else "",
        )
    (report.err() if to_stderr else report.out()).print(table)
