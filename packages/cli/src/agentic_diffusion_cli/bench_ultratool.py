"""The command `bench ultratool`: measures tool plans, with baselines of the same run and published figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.progress import bars

COLUMNS = ("node_f1", "link_f1", "accuracy", "exact")
SURE = ("accuracy_at_25", "accuracy_at_50", "accuracy_at_75", "auroc", "ece")
COST = ("latency_p50_ms", "latency_p95_ms", "cpu_p50_ms")

NOTE = (
    "All requests count. Rows of this run are supervised in-domain: they learned from the training requests. "
    "Published rows are language models with one example in the prompt (GNN4TaskPlan, arXiv:2405.19119, table 3, "
    "its 500 test requests; unreadable answers left out); they saw no training request."
)


def ultratool(
    *,
    data: Annotated[Path, typer.Option(help="Folder with training rows, graph and tools.")],
    test: Annotated[
        Path | None, typer.Option(help="Rows to measure on; by default 500 training rows are kept.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Networks trained, seeds counted from 0.")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps of each network.")] = 1500,
    count: Annotated[int, typer.Option(min=1, help="Candidates of a plan.")] = 8,
    curve: Annotated[
        str, typer.Option(help="Also ours with so many training requests, such as 100,400.")
    ] = "",
    only: Annotated[str, typer.Option(help="Names of rows, comma between; all when left out.")] = "",
    encoder: Annotated[
        str, typer.Option(help="Encoder from outside that reads beside ours: wordllama, or module:function.")
    ] = "",
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Plan UltraTool requests: ours, an autoregressive twin, a linear model and the nearest plan."""
    from agentic_diffusion.planning.domains.toolplan.outside import outside
    from agentic_diffusion_worlds.ultratool import KINDS, Bench, Settings, load

    names = tuple(name.strip() for name in only.split(",") if name.strip()) or KINDS
    wrong = [name for name in names if name not in KINDS]
    sizes = curve.split(",") if curve else []
    if wrong or not all(size.strip().isdigit() for size in sizes):
        raise InvalidConfigError(
            f"rows {only!r}, curve {curve!r}",
            f"rows out of {', '.join(KINDS)}, and whole numbers",
            "Correct them.",
        )
    settings = Settings(
        steps=steps,
        count=count,
        seeds=seeds,
        only=names,
        curve=tuple(int(size) for size in sizes),
        encoder=encoder,
    )
    if encoder:
        outside(encoder)  # what is not there is refused before anything is trained
    bench = Bench(load(data, test=test), settings)
    with bars() as shown:
        task = shown.add_task("UltraTool", total=None, note="")
        for tick in bench.run():
            shown.update(task, completed=tick.done, total=tick.total, note=tick.part)
    if target:
        figures = {
            "bench": "ultratool",
            "command": report.typed(),
            "version": version("agentic-diffusion-worlds"),
            "machine": machine.facts(),
            "encoder": encoder or None,
            "test": "file" if test is not None else "500 of the training rows, never trained on",
            "rows": bench.rows,
        }
        report.write_json(figures, target)
    show(bench.rows, to_stderr=target == "-")


def show(rows: Sequence[Mapping[str, Any]], *, to_stderr: bool = False) -> None:
    """Print quality, what confidence is worth, and what it costs."""
    from agentic_diffusion_worlds.ultratool import PUBLISHED
    from rich.table import Table

    console = report.err() if to_stderr else report.out()
    heads = [head for name in COLUMNS for head in (name.replace("_", " "), "unseen")]
    quality = Table("planner", *heads, title="UltraTool: supervised in-domain", title_justify="left")
    for row in rows:
        cells = []
        for name in COLUMNS:
            cells += [report.interval(row[name]), report.mean(row.get(f"{name}_unseen"))]
        quality.add_row(str(row["name"]), *cells)
    for published in PUBLISHED:
        cells = []
        for name in COLUMNS:
            cells += [f"{published[name]:.1f}" if name in published else "–", "–"]
        quality.add_row(f"published: {published['name']}", *cells, style="dim")
    console.print(quality)
    sure = Table("planner", *SURE, *COST, "parameters", "train CPU s", title_justify="left")
    for row in rows:
        cells = [
            report.mean(row.get(name), ".2f" if name in ("auroc", "ece") else ".1f")
            for name in (*SURE, *COST)
        ]
        seconds = f"{row['cpu_seconds']:.0f}" if "cpu_seconds" in row else "–"
        sure.add_row(str(row["name"]), *cells, f"{row['parameters'] / 1e6:.2f} M", seconds)
    console.print(sure)
    console.print(NOTE)
