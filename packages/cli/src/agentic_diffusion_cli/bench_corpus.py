"""The command `bench corpus`: whether generated programs parse, are right, and are told from wrong ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.progress import bars


def corpus(
    *,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of the corpus.")] = 3,
    tasks: Annotated[int, typer.Option(min=1, help="Tasks for each seed and language.")] = 100,
    executed: Annotated[int, typer.Option(min=0, help="Tasks of each language that are run.")] = 60,
    against: Annotated[
        list[Path] | None, typer.Option(help="Benchmark to look for copied passages of, as JSON lines.")
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Which language; may be repeated. All seven by default.")
    ] = None,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Measure the generated corpus: parsing, round trips, right answers, wrong variants, speed."""
    from agentic_diffusion_code.corpus.measure import run_bench
    from agentic_diffusion_code.corpus.render import LANGUAGES

    with bars() as shown:
        task = shown.add_task("Corpus", total=None, note="")

        def tell(name: str, done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, note=name)

        rows = run_bench(
            seeds=seeds,
            tasks=tasks,
            executed=executed,
            against=tuple(against or ()),
            languages=tuple(language or LANGUAGES),
            progress=tell,
        )
    if target:
        figures = {
            "bench": "corpus",
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

    table = Table("language", "metric", "mean", "95 %", "n", title="The corpus", title_justify="left")
    for row in rows:
        for key, value in row.items():
            if isinstance(value, Mapping):
                low, high = value["ci95"]
                count = str(value["n"])
                table.add_row(row["language"], key, f"{value['mean']:.4g}", f"{low:.4g} to {high:.4g}", count)
            elif key == "executed":
                table.add_row(row["language"], key, value, "", "")
        table.add_section()
    (report.err() if to_stderr else report.out()).print(table)
