"""The command `export`: the network of a maze planner as a file for torch alone, tried before it is given away."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.mazes import Size, maze_of

if TYPE_CHECKING:
    from agentic_diffusion.records import Plan
    from agentic_diffusion_worlds.maze.planner import MazePlanner

NEAR = 1e-4  # how far numbers of equal plans may lie apart: products of other shapes round otherwise


def export(
    *,
    out: Annotated[Path, typer.Option(help="File to write, ending in .pt2.")],
    size: Annotated[Size, typer.Option(help="The maze.")] = Size.large,
    drawing: Annotated[Path | None, typer.Option("--map", help="A maze of your own.")] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--planner", help="Folder of the planner; the one that ships where left out."),
    ] = None,
    plans: Annotated[
        int, typer.Option(min=2, help="Plans that must be equal to those of the network itself.")
    ] = 32,
    seed: Annotated[int, typer.Option(min=0, help="Of the errands that are planned.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Write the network of a maze planner for torch alone, and compare plans and speed with the network itself."""
    from agentic_diffusion.compute import Compute
    from agentic_diffusion_worlds.maze.errands import errands
    from agentic_diffusion_worlds.maze.planner import load_planner

    maze = maze_of(size, drawing)
    planner = load_planner(maze, folder, compute=Compute(device="cpu", threads=threads))
    asked = errands(maze, seed=seed, count=plans)
    tried = out.with_name(f"{out.stem}.tried{out.suffix}")
    try:
        figures = compared(planner, written(planner, asked[0], tried), asked)
        os.replace(tried, out)
    finally:
        tried.unlink(missing_ok=True)  # a file that plans otherwise is given to nobody
    if target:
        report.write_json(
            {"export": str(out), "command": report.typed(), "machine": machine.facts(), **figures}, target
        )
    low, high = figures["speedup"]["ci95"]
    said = report.err() if target == "-" else report.out()
    said.print(
        f"{plans} of {plans} plans are those of the network itself, {figures['apart']:.1e} apart at most; "
        f"16 candidates in {figures['ms']['mean']:.1f} ms instead of {figures['reference_ms']['mean']:.1f}, "
        f"{figures['speedup']['mean']:.2f} ({low:.2f} to {high:.2f}) times as fast. Saved as {out}",
        markup=False,
        soft_wrap=True,
    )


def written(planner: MazePlanner, request: Any, target: Path) -> MazePlanner:
    """Write the network of a planner to a file; return the planner with the network that was read back from it."""
    from agentic_diffusion.denoising.denoiser import GaussianNet
    from agentic_diffusion.denoising.export import Exported, export_network

    plain: Any = planner.denoiser
    like, condition = planner.domain.blank(request, 1), planner.domain.condition(request)
    read = Exported(export_network(plain.network, target, like=like, condition=condition))
    return replace(planner, denoiser=GaussianNet(read, plain.schedule, target=plain.target))


def compared(planner: MazePlanner, read: MazePlanner, asked: Sequence[Any]) -> dict[str, Any]:
    """Return how far plans lie apart at most, and the times of both.

    Raises:
        ContractError: Another candidate was chosen, or numbers lie further apart than rounding explains.
    """
    from agentic_diffusion.errors import ContractError

    from agentic_diffusion_cli.speed.clock import Turns

    apart = 0.0
    for seed, request in enumerate(asked):
        gap = distance(read.plan(request, seed=seed), planner.plan(request, seed=seed))
        if gap > NEAR:
            raise ContractError(
                f"plans of request {seed} that lie {gap:.1e} apart",
                f"at most {NEAR:.0e}",
                "Do not use the file.",
            )
        apart = max(apart, gap)
    turns = Turns(20, 6.0)
    return {
        "plans": len(asked),
        "apart": apart,
        **turns(lambda: read.plan(asked[0]), lambda: planner.plan(asked[0])),
    }


def distance(one: Plan[Any, Any], other: Plan[Any, Any]) -> float:
    """Return the largest difference between numbers of two plans' candidates; infinity where they chose otherwise."""
    import numpy as np

    first, second = (plan.considered.index(plan.chosen) for plan in (one, other))
    if first != second:
        return float("inf")
    mine, theirs = (np.array([each.value.states for each in plan.considered]) for plan in (one, other))
    return float(np.abs(mine - theirs).max())
