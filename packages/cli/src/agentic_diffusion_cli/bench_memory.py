"""The command `bench memory`: how fast outcomes are written, and what is lost when writers are killed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.progress import bars


def memory(
    *,
    seeds: Annotated[int, typer.Option(min=1, help="Repetitions, each in a new file.")] = 5,
    outcomes: Annotated[int, typer.Option(min=100, help="Outcomes in each repetition.")] = 5000,
    kills: Annotated[int, typer.Option(min=0, help="Rounds of writers that are killed.")] = 50,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Measure the memory of outcomes: writing one by one and in batches, and killed writers."""
    from agentic_diffusion_evolve.bench import run_bench

    with bars() as shown:
        task = shown.add_task("Memory", total=None, note="")

        def tell(name: str, done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, note=name)

        rows = run_bench(seeds=seeds, outcomes=outcomes, rounds=kills, progress=tell)
    settings = {"seeds": seeds, "outcomes": outcomes, "kills": kills}
    if target:
        figures = {
            "bench": "memory",
            "command": report.typed(),
            "version": version("agentic-diffusion-evolve"),
            "machine": machine.facts(),
            "rows": [{**row, **settings} for row in rows],
        }
        report.write_json(figures, target)
    show(rows, to_stderr=target == "-")


def show(rows: Sequence[Mapping[str, Any]], *, to_stderr: bool = False) -> None:
    """Print one table of rates, and beneath it what the killed writers lost."""
    from rich.table import Table
    from rich.text import Text

    console = report.err() if to_stderr else report.out()
    table = Table(title="The memory of outcomes", title_justify="left")
    table.add_column("memory")
    table.add_column("how")
    for name in ("outcomes a second", "95 %", "a CPU second"):
        table.add_column(name, justify="right")
    for row in (row for row in rows if "per_second" in row):
        rate, cpu = row["per_second"], row["per_cpu_second"]
        low, high = rate["ci95"]
        style = "bold" if row["name"] == "ours" else ""
        cells = (f"{rate['mean']:,.0f}", f"{low:,.0f} to {high:,.0f}", f"{cpu['mean']:,.0f}")
        table.add_row(row["name"], row["how"], *cells, style=style)
    console.print(table)
    for row in (row for row in rows if "lost_total" in row):
        told = f"{row['acknowledged_total']:,} acknowledged, {row['lost_total']:,} lost"
        console.print(Text(f"{row['how']}, {row['lost']['n']} rounds: {told}"))
