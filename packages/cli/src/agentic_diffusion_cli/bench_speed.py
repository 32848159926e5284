"""The command `bench speed`: what things cost, each against a plain reference and the ceilings of the machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.mazes import Size, maze_of
from agentic_diffusion_cli.progress import bars

PARTS = ("latency", "growth", "many", "one_step", "eight_bits", "training", "verdicts")


def speed(
    *,
    size: Annotated[Size, typer.Option(help="The maze whose planners are measured.")] = Size.large,
    seeds: Annotated[int, typer.Option(min=2, help="Turns of each measurement, ours and reference.")] = 5,
    requests: Annotated[int, typer.Option(min=2, help="Requests that are planned for at once.")] = 64,
    only: Annotated[list[str] | None, typer.Option(help=f"One or more of: {', '.join(PARTS)}.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Measure latency, batches, one step, int8, training and the fence, as ratios to plain references."""
    from agentic_diffusion.errors import InvalidConfigError

    parts = tuple(only or PARTS)
    if not set(parts) <= set(PARTS):
        raise InvalidConfigError(
            f"--only {' '.join(parts)}", f"some of: {', '.join(PARTS)}", "Leave it out for all."
        )
    rows: list[dict[str, Any]] = []
    with bars() as shown:
        task = shown.add_task("Speed", total=None, note="")
        for row in measured(size, parts, repeats=seeds, requests=requests, threads=threads):
            rows.append(row)
            shown.update(task, advance=1, note=row["what"])
    if target:
        figures = {
            "bench": "speed",
            "command": report.typed(),
            "version": version("agentic-diffusion"),
            "machine": machine.facts(),
            "rows": [{**row, "seeds": seeds, "threads": threads} for row in rows],
        }
        report.write_json(figures, target)
    show(rows, to_stderr=target == "-")


def measured(
    size: Size, parts: Sequence[str], *, repeats: int, requests: int, threads: int
) -> Iterator[dict[str, Any]]:
    """Yield the ceilings of the machine, then one figure after the other."""
    import torch
    from agentic_diffusion.compute import Compute

    from agentic_diffusion_cli.speed.clock import Ceilings
    from agentic_diffusion_cli.speed.planners import Bench, verdicts

    torch.set_num_threads(threads)
    ceilings = Ceilings.measured()
    yield {
        "name": "ceiling",
        "what": f"fp32 products {ceilings.flops / 1e9:.1f} GFLOP/s, memory {ceilings.bandwidth / 1e9:.1f} GB/s",
        "gflops": round(ceilings.flops / 1e9, 2),
        "gbytes": round(ceilings.bandwidth / 1e9, 2),
    }
    compute = Compute(device="cpu", threads=threads)
    bench = Bench(maze_of(size), compute, ceilings, repeats=repeats, requests=requests)
    for part in parts:
        if part == "verdicts":
            yield verdicts(repeats)
        else:
            yield from getattr(bench, part)()


def show(rows: Sequence[Mapping[str, Any]], *, to_stderr: bool = False) -> None:
    """Print one table: our time, the reference's, the ratio, and how near the roofline is."""
    from rich.table import Table

    table = Table(title="Speed, processor time unless said otherwise", title_justify="left")
    table.add_column("what")
    table.add_column("reference")
    for name in ("ours ms", "reference ms", "ours is x times as fast", "roofline ms"):
        table.add_column(name, justify="right")
    for row in rows:
        if row["name"] == "ceiling":
            table.caption = row["what"]
            continue
        low, high = row["speedup"]["ci95"]
        bound = (
            f"{row['roofline_ms']:.2f} ({100 * row['roofline_share']:.0f} %)" if "roofline_ms" in row else "–"
        )
        table.add_row(
            row["what"] + _plans(row),
            row["reference"],
            f"{row['ms']['mean']:.2f}",
            f"{row['reference_ms']['mean']:.2f}",
            f"{row['speedup']['mean']:.2f} ({low:.2f} to {high:.2f})",
            bound,
        )
    (report.err() if to_stderr else report.out()).print(table)


def _plans(row: Mapping[str, Any]) -> str:
    if "passed" not in row:
        return ""
    return (
        f"; {100 * row['passed']['mean']:.0f} % pass, in fp32 {100 * row['reference_passed']['mean']:.0f} %"
    )
