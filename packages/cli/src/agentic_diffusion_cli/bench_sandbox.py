"""The command `bench sandbox`: measures the fence, with plain subprocesses in the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.progress import bars


def sandbox(
    *,
    seeds: Annotated[int, typer.Option(min=1, help="Repetitions of each latency.")] = 5,
    runs: Annotated[int, typer.Option(min=5, help="Verdicts in each repetition.")] = 200,
    timeouts: Annotated[int, typer.Option(min=1, help="Endless programs that are ended.")] = 50,
    soak: Annotated[int, typer.Option(min=0, help="Mixed programs to look for leaks with.")] = 0,
    attacks: Annotated[bool, typer.Option(help="Whether the attack corpus is run.")] = True,
    data: Annotated[Path | None, typer.Option(help="HumanEval as .jsonl.gz, judged where given.")] = None,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Measure the fence: latency, throughput, timeouts, attacks, ordinary programs and leaks."""
    from agentic_diffusion_code.bench import run_bench

    with bars() as shown:
        task = shown.add_task("Sandbox", total=None, note="")

        def tell(name: str, done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, note=name)

        rows = run_bench(
            seeds=seeds,
            runs=runs,
            timeouts=timeouts,
            soak_runs=soak,
            attacks=attacks,
            data=data,
            progress=tell,
        )
    if target:
        figures = {
            "bench": "sandbox",
            "command": report.typed(),
            "version": version("agentic-diffusion-code"),
            "machine": machine.facts(),
            "rows": rows,
        }
        report.write_json(figures, target)
    show(rows, to_stderr=target == "-")


def show(rows: Sequence[Mapping[str, Any]], *, to_stderr: bool = False) -> None:
    """Print every metric of every row with its interval."""
    from rich.table import Table

    table = Table("row", "metric", "mean", "95 %", "n", title="The fence", title_justify="left")
    for row in rows:
        label = ", ".join(str(value) for value in row.values() if isinstance(value, str))
        for key, value in row.items():
            if isinstance(value, Mapping) and "mean" in value:
                low, high = value["ci95"]
                count = str(value["n"])
                table.add_row(label, key, f"{value['mean']:.4g}", f"{low:.4g} to {high:.4g}", count)
    (report.err() if to_stderr else report.out()).print(table)
