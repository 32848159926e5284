"""The command `bench speed`: what things cost, each against a plain reference and the ceilings of the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.mazes import Size, maze_of
from agentic_diffusion_cli.progress import bars

PARTS = ("latency", "growth", "many", "one_step", "eight_bits", "training", "programs")
EXTRA = ("precision", "syntax")
"""What is measured only where it is asked for: the first compiles and is meant for a GPU, the second tells shares."""


def speed(
    *,
    size: Annotated[Size, typer.Option(help="The maze whose planners are measured.")] = Size.large,
    seeds: Annotated[int, typer.Option(min=2, help="Turns of each measurement, ours and reference.")] = 20,
    at_most: Annotated[
        float, typer.Option(min=0, help="Seconds after which a row ends, once three turns were made.")
    ] = 6.0,
    requests: Annotated[int, typer.Option(min=2, max=64, help="Requests that are planned for at once.")] = 64,
    scored: Annotated[
        int, typer.Option(min=2, help="Requests that decide a score; a sixth as many programs.")
    ] = 256,
    only: Annotated[
        list[str] | None, typer.Option(help=f"One or more of: {', '.join(PARTS + EXTRA)}.")
    ] = None,
    device: Annotated[
        str, typer.Option(help="cpu, cuda, cuda:N or auto; a GPU for the part `precision` alone.")
    ] = "cpu",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Measure latency, batches, one step, int8, training, coder and fence, as ratios to plain references."""
    from agentic_diffusion.compute import Compute
    from agentic_diffusion.errors import InvalidConfigError

    parts = tuple(only or PARTS)
    if not set(parts) <= {*PARTS, *EXTRA}:
        raise InvalidConfigError(
            f"--only {' '.join(parts)}", f"some of: {', '.join(PARTS + EXTRA)}", "Leave it out for all."
        )
    if set(parts) & {*PARTS, "syntax"} and Compute(device=device).kind != "cpu":
        raise InvalidConfigError(
            f"--device {device} for {', '.join(parts)}", "the part precision alone", "Add --only precision."
        )
    rows: list[dict[str, Any]] = []
    with bars() as shown:
        task = shown.add_task("Speed", total=None, note="")
        amounts = {"requests": requests, "scored": scored, "threads": threads}
        for row in measured(size, parts, (seeds, at_most), device=device, **amounts):
            rows.append(row)
            shown.update(task, advance=1, note=row["what"])
    if target:
        figures = {
            "bench": "speed",
            "command": report.typed(),
            "version": version("agentic-diffusion"),
            "machine": machine.facts(Compute(device=device).where),
            "rows": [{**row, "seeds": seeds, "threads": threads} for row in rows],
        }
        report.write_json(figures, target)
    show(rows, to_stderr=target == "-")


def measured(
    size: Size,
    parts: Sequence[str],
    bounds: tuple[int, float],
    *,
    requests: int,
    scored: int,
    threads: int,
    device: str = "cpu",
) -> Iterator[dict[str, Any]]:
    """Yield the ceilings of the machine, then one figure after the other."""
    import torch
    from agentic_diffusion.compute import Compute

    from agentic_diffusion_cli.speed.bits import eight_bits
    from agentic_diffusion_cli.speed.clock import Ceilings, Turns
    from agentic_diffusion_cli.speed.many import many
    from agentic_diffusion_cli.speed.planners import Mazes
    from agentic_diffusion_cli.speed.precision import precision
    from agentic_diffusion_cli.speed.programs import programs
    from agentic_diffusion_cli.speed.syntax import syntax

    torch.set_num_threads(threads)
    ceilings = Ceilings.measured()
    yield {
        "name": "ceiling",
        "what": f"fp32 products {ceilings.flops / 1e9:.1f} GFLOP/s, memory {ceilings.bandwidth / 1e9:.1f} GB/s",
        "gflops": round(ceilings.flops / 1e9, 2),
        "gbytes": round(ceilings.bandwidth / 1e9, 2),
    }
    compute, turns = Compute(device=device, threads=threads), Turns(*bounds)
    bench = Mazes(maze_of(size), compute, ceilings, turns, requests=requests, scored=scored)
    ways: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
        "latency": bench.latency,
        "growth": bench.growth,
        "many": lambda: many(bench),
        "one_step": bench.one_step,
        "eight_bits": lambda: eight_bits(bench),
        "training": bench.training,
        "programs": lambda: programs(compute, turns, ceilings),
        "precision": lambda: precision(bench),
        "syntax": lambda: syntax(compute, bounds[0]),
    }
    for part in parts:
        yield from ways[part]()


def show(rows: Sequence[Mapping[str, Any]], *, to_stderr: bool = False) -> None:
    """Print one table: our time, the reference's, the ratio, and how near the roofline is."""
    from rich.table import Table

    table = Table(title="Speed, processor time unless said otherwise", title_justify="left")
    table.add_column("what")
    table.add_column("reference")
    for name in ("ours ms", "clock p50", "reference ms", "ours is x times as fast", "roofline ms", "more"):
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
            row["what"],
            row["reference"],
            f"{row['ms']['mean']:.2f}",
            f"{row['clock_p50_ms']:.2f}",
            f"{row['reference_ms']['mean']:.2f}",
            f"{row['speedup']['mean']:.2f} ({low:.2f} to {high:.2f})",
            bound,
            more(row),
        )
    (report.err() if to_stderr else report.out()).print(table)


def more(row: Mapping[str, Any]) -> str:
    """Return what a row tells beside its times: rates, what is paid, and the score that is kept."""
    told = []
    if "per_second" in row:
        told.append(f"{row['per_second']:.1f} a second")
    if "tokens_per_forward" in row:
        told.append(f"{row['tokens_per_forward']:.2f} tokens a call")
    if "extra" in row:
        low, high = (100 * end for end in row["extra"]["ci95"])
        a_call = 100 * row["extra_a_call"]["mean"]
        told.append(
            f"{100 * row['extra']['mean']:+.1f} % time ({low:.1f} to {high:.1f}), {a_call:+.1f} % a call"
        )
    if "score" in row:
        mine, plain = (100 * row[name]["mean"] for name in ("score", "reference_score"))
        low, high = (100 * end for end in row["lost"]["ci95"])
        told.append(f"score {mine:.1f} % instead of {plain:.1f} %, lost {low:.1f} to {high:.1f}")
    return "; ".join(told)
