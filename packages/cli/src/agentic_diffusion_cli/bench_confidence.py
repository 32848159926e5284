"""The command `bench confidence`: whether maze plans know before the drive that they will fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Annotated, Any, TypeVar

import typer

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.progress import bars

T = TypeVar("T")

CALIBRATION = 50_000
"""Seeds of the plans that are fitted on lie here; those of the test count from 0."""
DATA = 90_000
"""Seeds of the drives that weights are calibrated on."""
SIZES = ("medium", "large")


def confidence(
    *,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of the test, counted from 0.")] = 3,
    plans: Annotated[int, typer.Option(min=10, help="Plans for each seed and maze, in both splits.")] = 250,
    weights: Annotated[
        int, typer.Option(min=0, help="Errands a maze for weights of hallucinated plans; 0 leaves them out.")
    ] = 100,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Drive plans once, without replanning, and compare what was said before with what came of them."""
    from agentic_diffusion_cli.confidence import fit_confidence, rows_of
    from agentic_diffusion_cli.hallucinated import weighed, weigher_of, weight_rows
    from agentic_diffusion_cli.mazes import Size, maze_of
    from agentic_diffusion_cli.trials import Ground

    grounds = [Ground.shipped(maze_of(Size(size))) for size in SIZES]
    drives = [(ground, seed) for seed in range(seeds) for ground in grounds]
    fitted = [
        trial
        for ground, seed in drives
        for trial in _watched(ground.trials(seed=CALIBRATION + seed, count=plans), "Calibration", plans)
    ]
    tested = [
        trial
        for ground, seed in drives
        for trial in _watched(ground.trials(seed=seed, count=plans), "Test", plans)
    ]
    rows = rows_of(fit_confidence(fitted), tested)
    if weights:
        known = [
            plan
            for ground in grounds
            for plan in _watched(
                weighed(ground, weigher_of(ground, seed=DATA), seed=DATA + 1, count=weights),
                "Hallucinated",
                4 * weights,
            )
        ]
        rows += weight_rows(known)
    if target:
        figures = {
            "bench": "confidence",
            "command": report.typed(),
            "version": version("agentic-diffusion-evolve"),
            "machine": machine.facts(),
            "rows": [{**row, "seeds": seeds, "plans": plans, "fitted": len(fitted)} for row in rows],
        }
        report.write_json(figures, target)
    show(rows, to_stderr=target == "-")


def _watched(told: Iterable[T], name: str, total: int) -> list[T]:
    with bars() as shown:
        task = shown.add_task(name, total=total, note="")
        kept = []
        for each in told:
            kept.append(each)
            shown.advance(task)
        return kept


def show(rows: Sequence[Mapping[str, Any]], *, to_stderr: bool = False) -> None:
    """Print the table, and beneath it how far weights tell hallucinated plans."""
    from rich.table import Table
    from rich.text import Text

    console = report.err() if to_stderr else report.out()
    said = [row for row in rows if "ece" in row]
    failed = f"{100 * said[0]['failed']:.1f} % fail" if said else ""
    table = Table(title=f"Will this plan fail? {failed}", title_justify="left")
    table.add_column("confidence", max_width=24)
    for name in ("AUROC (95 %)", "ECE (95 %)", "failures avoided, 10 % left out"):
        table.add_column(name, justify="right")
    for row in said:
        cells = [_cell(row[key]) for key in ("auroc", "ece", "failures_avoided")]
        table.add_row(row["name"], *cells, style="bold" if row["name"] == "ours" else "")
    console.print(table)
    for row in (row for row in rows if "weight_auroc" in row):
        console.print(Text(f"Weights tell {row['hallucinated']:<9} AUROC {_cell(row['weight_auroc'])}"))


def _cell(score: Mapping[str, Any]) -> str:
    low, high = score["ci95"]
    return f"{score['mean']:.3f} ({low:.3f} to {high:.3f})"
