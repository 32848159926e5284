"""The command `bench middleware`: what feedback costs each call of a tool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from statistics import fmean, stdev
from typing import Annotated, Any

import typer

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.progress import bars


def middleware(
    *,
    seeds: Annotated[int, typer.Option(min=2, help="Repetitions; watched and unwatched take turns.")] = 5,
    calls: Annotated[int, typer.Option(min=20, help="Calls of a tool in each repetition.")] = 200,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Measure the overhead of feedback: the hook, the callback handler, and whole agents."""
    from langchain_agentic_diffusion.bench import Sample, repeat

    found: dict[tuple[str, str], list[Sample]] = {}
    with bars() as shown:
        task = shown.add_task("Middleware", total=5 * seeds, note="")
        for sample in repeat(seeds=seeds, calls=calls):
            found.setdefault((sample.name, sample.how), []).append(sample)
            shown.update(task, advance=1, note=f"{sample.how}, {sample.name}")
    rows = [_row(samples) for samples in found.values()]
    if target:
        figures = {
            "bench": "middleware",
            "command": report.typed(),
            "version": version("langchain-agentic-diffusion"),
            "machine": machine.facts(),
            "rows": [{**row, "seeds": seeds, "calls": calls} for row in rows],
        }
        report.write_json(figures, target)
    show(rows, to_stderr=target == "-")


def show(rows: Sequence[Mapping[str, Any]], *, to_stderr: bool = False) -> None:
    """Print milliseconds for each call."""
    from rich.table import Table

    table = Table(title="Feedback, milliseconds for each call of a tool", title_justify="left")
    table.add_column("watched")
    table.add_column("by")
    for name in ("wall ± 95 %", "processor ± 95 %", "p50", "p95", "told"):
        table.add_column(name, justify="right")
    for row in rows:
        single = [report.mean(row.get(name), ".3f") for name in ("p50_ms", "p95_ms")]
        cells = (_wide(row["overhead_ms"]), _wide(row["cpu_ms"]), *single, f"{row['told']['mean']:.0f}")
        table.add_row(row["how"], row["name"], *cells, style="bold" if row["name"] == "ours" else "")
    (report.err() if to_stderr else report.out()).print(table)


def _row(samples: Sequence[Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"name": samples[0].name, "how": samples[0].how}
    for name in ("overhead_ms", "cpu_ms", "p50_ms", "p95_ms", "told"):
        values = [getattr(sample, name) for sample in samples]
        if None not in values:
            row[name] = _metric(values)
    return row


def _metric(values: Sequence[float]) -> dict[str, Any]:
    """Return the mean with its 95 % interval by Student's t."""
    from agentic_diffusion_evolve.measure import student_quantile

    middle = fmean(values)
    half = student_quantile(0.975, len(values) - 1) * stdev(values) / len(values) ** 0.5
    return {"mean": middle, "ci95": [middle - half, middle + half], "n": len(values)}


def _wide(metric: Mapping[str, Any]) -> str:
    low, high = metric["ci95"]
    return f"{metric['mean']:.3f} ± {(high - low) / 2:.3f}"
