"""The command `bench unseen-mazes`: planners meet mazes that they have never seen, as they were and after adapting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.progress import bars, gently

if TYPE_CHECKING:
    from agentic_diffusion_cli.unseen_suites import Suite

ALL = "all"
SUITES = ("small", "wide", "closed")


def unseen_mazes(
    *,
    suite: Annotated[
        list[str] | None, typer.Option(help="small, wide, closed or all; may be given again.")
    ] = None,
    maps: Annotated[int, typer.Option(min=2, help="Unseen mazes of each suite.")] = 10,
    seeds: Annotated[int, typer.Option(min=1, help="Adaptations to each maze, counted from 0.")] = 1,
    errands: Annotated[int, typer.Option(min=2, help="Test errands for each maze and seed.")] = 40,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Generations of an adaptation; 3 where left out.")
    ] = None,
    tasks: Annotated[
        int | None, typer.Option(min=1, help="Errands to practise on in a generation; 32 or 128.")
    ] = None,
    exams: Annotated[int | None, typer.Option(min=2, help="Held-out errands of the gate; 40 or 320.")] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Training steps of a generation; 200 or 800.")
    ] = None,
    thorough: Annotated[
        bool,
        typer.Option(
            "--thorough",
            help="Adapt with the larger of these numbers, and learn from failed generations too.",
        ),
    ] = False,
    candidates: Annotated[int, typer.Option(min=1, help="Candidates of a plan in the test.")] = 16,
    trained_on: Annotated[int, typer.Option(min=1, help="Random maps that the planner is trained on.")] = 64,
    training: Annotated[int, typer.Option(min=1, help="Training steps on random maps.")] = 4000,
    transitions: Annotated[int, typer.Option(min=1000, help="Transitions of data in each of them.")] = 6000,
    work: Annotated[
        Path, typer.Option(help="Folder of planners and runs; what is finished there is not repeated.")
    ] = Path("out/unseen"),
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.")] = None,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Meet mazes never seen: one sample, frozen, with more candidates, AdaptDiffuser's recipe, and adapted."""
    wanted = suite or [ALL]
    if unknown := sorted(set(wanted) - {*SUITES, ALL}):
        raise InvalidConfigError(f"suite {unknown[0]!r}", f"{', '.join(SUITES)} or {ALL}", "Choose one.")
    from agentic_diffusion.compute import Compute

    from agentic_diffusion_cli.unseen_spend import spending
    from agentic_diffusion_cli.unseen_study import UnseenStudy
    from agentic_diffusion_cli.unseen_suites import Base, Closed, Random

    compute = Compute(device="cpu", threads=threads)
    base = Base(maps=trained_on, transitions=transitions, steps=training)
    spend = spending(thorough=thorough, rounds=rounds, tasks=tasks, exams=exams, steps=steps)
    rows: list[dict[str, Any]] = []
    for name in (each for each in SUITES if ALL in wanted or each in wanted):
        met: Suite = (
            Closed(candidates=candidates, compute=compute)
            if name == SUITES[-1]
            else Random(name, base, work / name / "planner", candidates=candidates, compute=compute)
        )
        study = UnseenStudy(met, spend, maps, range(seeds), errands, work / name)
        watched(met.prepare(), f"{name}: training")
        watched(((done, study.parts()) for done, _ in enumerate(study.run(), start=1)), f"{name}: driving")
        rows += study.rows()
    if target:
        settings: dict[str, Any] = {
            "maps": maps,
            "seeds": seeds,
            "errands": errands,
            "candidates": candidates,
        }
        settings |= {"spend": asdict(spend), "base": asdict(base)}
        figures = {
            "bench": "unseen-mazes",
            "command": report.typed(),
            "version": version("agentic-diffusion-evolve"),
            "machine": machine.facts(),
            "rows": [{**row, **settings} for row in rows],
        }
        report.write_json(figures, target)
    show(rows, title=f"Unseen mazes, {maps} a suite, {seeds} x {errands} errands", to_stderr=target == "-")


def watched(steps: Iterable[tuple[int, int]], name: str) -> None:
    """Go through steps that say how much is done and of how much, with a bar.

    Raises:
        KeyboardInterrupt: A person asked to stop; what is finished is kept.
    """
    with bars(keep=True) as shown, gently() as asked:
        task = None
        for done, total in steps:
            if task is None:
                task = shown.add_task(name, total=total, note="")
            shown.update(task, completed=done)
            if asked.is_set():
                raise KeyboardInterrupt("What is finished is kept; the same command goes on from there.")


def show(rows: Sequence[Mapping[str, Any]], *, title: str, to_stderr: bool = False) -> None:
    """Print one line a row: success, and the gain on the frozen planner; intervals are over mazes."""
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("suite")
    table.add_column("planner", max_width=28)
    for name in ("success % ± 95 %", "gain on frozen", "promoted", "CPU s a maze"):
        table.add_column(name, justify="right")
    for row in rows:
        fates = [fate for line in row.get("promoted", ()) for fate in line]
        table.add_row(
            row["suite"],
            row["name"],
            report.interval(row["success"]),
            report.interval(row["gain"]) if "gain" in row else "",
            f"{sum(fates)} of {len(fates)}" if fates else "",
            report.mean(row["cpu_seconds"], ".0f") if "cpu_seconds" in row else "",
            style="bold" if row["name"] == "ours" else "",
        )
    (report.err() if to_stderr else report.out()).print(table)
