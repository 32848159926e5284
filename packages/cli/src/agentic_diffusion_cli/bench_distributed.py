"""The command `bench distributed`: the losses of two processes beside those of one, and what the second one brings."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from agentic_diffusion.errors import WorkerError

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.progress import bars

STRATEGIES = ("ddp", "fsdp", "tensor")
ALONE = "one process"


def distributed(
    *,
    seeds: Annotated[
        int, typer.Option(min=1, help="Repetitions, each with weights and data of its own.")
    ] = 3,
    processes: Annotated[int, typer.Option(min=2, help="Processes, each with one thread.")] = 2,
    steps: Annotated[int, typer.Option(min=2, help="Training steps.")] = 20,
    width: Annotated[int, typer.Option(min=16, help="Width of the transformer of four blocks.")] = 128,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Train a small transformer in one process and in several: equal losses, and how much faster."""
    rows = run(seeds=seeds, processes=processes, steps=steps, width=width)
    if target:
        figures = {
            "bench": "distributed",
            "command": report.typed(),
            "version": version("agentic-diffusion-cli"),
            "machine": machine.facts(),
            "rows": rows,
        }
        report.write_json(figures, target)
    show(rows, to_stderr=target == "-")


def run(*, seeds: int, processes: int, steps: int, width: int) -> list[dict[str, Any]]:
    """Train with every strategy from every seed; return a row for each strategy."""
    from agentic_diffusion_cli.drill import Drill, warm

    told: dict[str, list[dict[str, float]]] = {name: [] for name in STRATEGIES}
    with bars() as shown, TemporaryDirectory() as place:
        warm(Path(place, "warm"))
        task = shown.add_task("Training", total=seeds * (1 + len(STRATEGIES)), note="")
        for seed in range(seeds):
            drill = Drill(
                Path(place),
                steps=steps,
                every=steps + 1,
                seed=seed,
                width=width,
                depth=4,
                horizon=32,
                batch=32,
            )
            one = _trained(drill, None, 1)
            shown.advance(task)
            for name in STRATEGIES:
                told[name].append(_compared(one, _trained(drill, name, processes), processes))
                shown.advance(task)
    settings = {"processes": processes, "steps": steps, "width": width, "seeds": seeds}
    return [
        {
            "name": "ours",
            "strategy": name,
            **{key: _mean([t[key] for t in each]) for key in each[0]},
            **settings,
        }
        for name, each in told.items()
    ]


def _trained(drill: Any, strategy: Any, processes: int) -> list[dict[str, Any]]:
    """Return the losses of each process, and the time it took."""
    import time

    from agentic_diffusion.compute.distributed import ALONE as NO_TEAM
    from agentic_diffusion.compute.distributed import Team

    from agentic_diffusion_cli.drill import forked, team_of

    def body(team: Team) -> dict[str, Any]:
        begun: list[tuple[float, float]] = []

        def note(step: int) -> None:
            if step == 1:  # what is set up once does not count
                begun.append((time.perf_counter(), time.process_time()))

        losses = drill.run(team, watch=note)
        (wall, cpu), made = begun[0], len(losses) - 1
        return {
            "losses": list(losses.values()),
            "wall": (time.perf_counter() - wall) / made,
            "cpu": (time.process_time() - cpu) / made,
        }

    bodies: Sequence[Callable[[], Any]] = [lambda: body(NO_TEAM)]
    if strategy is not None:
        bodies = team_of(processes, strategy, body, patience=600)
    ends = forked(bodies, patience=1800)
    if any(end.told is None for end in ends):
        raise WorkerError(
            "; ".join(end.error for end in ends), "processes that train to the end", "Use fewer steps."
        )
    return [end.told for end in ends]


def _compared(one: Any, many: Any, processes: int) -> dict[str, float]:
    """Return how far the losses lie apart, relatively, and the efficiencies."""
    pairs = zip(one[0]["losses"], many[0]["losses"], strict=True)
    wall, cpu = (max(each[key] for each in many) for key in ("wall", "cpu"))
    return {
        "gap": max(abs(b / a - 1) for a, b in pairs),
        "efficiency": one[0]["wall"] / wall / processes,
        "cpu_efficiency": one[0]["cpu"] / cpu / processes,
        "steps_per_second": 1 / wall,
        "steps_per_second_alone": 1 / one[0]["wall"],
    }


def _mean(values: Sequence[float]) -> dict[str, Any]:
    """Return the mean with a 95 % interval (normal approximation)."""
    mean = statistics.fmean(values)
    half = 1.96 * statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return {"mean": mean, "ci95": [mean - half, mean + half], "n": len(values)}


def show(rows: Sequence[Mapping[str, Any]], *, to_stderr: bool = False) -> None:
    """Print one line a strategy."""
    from rich.table import Table

    console = report.err() if to_stderr else report.out()
    first = rows[0]
    title = f"{first['processes']} processes beside one, {first['seeds']} seeds, {first['steps']} steps"
    table = Table(title=title, title_justify="left")
    table.add_column("strategy")
    for name in ("largest gap of losses", "efficiency, wall", "efficiency, processor", "steps/s", f"{ALONE}"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row["strategy"],
            f"{row['gap']['mean']:.1e}",
            *(_share(row[name]) for name in ("efficiency", "cpu_efficiency")),
            *(f"{row[name]['mean']:.1f}" for name in ("steps_per_second", "steps_per_second_alone")),
        )
    console.print(table)


def _share(value: Mapping[str, Any]) -> str:
    low, high = value["ci95"]
    return f"{100 * value['mean']:.0f} % ({100 * low:.0f} to {100 * high:.0f})"
