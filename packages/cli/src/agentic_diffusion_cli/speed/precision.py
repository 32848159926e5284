"""bf16 and compiled networks against eager fp32 on the same device: how fast, and what becomes of the score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.state import generator
from agentic_diffusion_worlds.maze.errands import errands
from agentic_diffusion_worlds.maze.planner import MazePlanner, assemble, design_for, load_planner

from agentic_diffusion_cli.speed.clock import Row, row
from agentic_diffusion_cli.speed.planners import Mazes, fresh, kept, passed
from agentic_diffusion_cli.speed.programs import asked_of_coder, looked, right, writer

WAYS: dict[str, dict[str, Any]] = {
    "bf16": {"precision": "bf16"},
    "compiled": {"compile": True},
    "bf16, compiled": {"precision": "bf16", "compile": True},
    "bf16, CUDA graphs": {"precision": "bf16", "compile": "reduce-overhead"},
}
"""What is compared with eager fp32; graphs on a GPU alone."""
WARM = 3
"""Calls before any is timed: the first compiles, the second records a graph, the third replays it."""
LARGE = ({"width": 512, "depth": 6, "heads": 8}, {"width": 1024, "depth": 12, "heads": 16})
"""A network that is work for a processor, and one that is work for a GPU; nobody has trained them."""
ROWS = (16, 256)
"""Candidates that are asked about at once, there and there."""


def precision(bench: Mazes) -> Iterator[Row]:
    """A large network, the maze planner that ships and the coder that ships, the last two with their scores."""
    turns, gpu = replace(bench.turns, by_clock=True, warm=WARM), int(bench.compute.kind != "cpu")
    shipped = load_planner(bench.maze, compute=bench.compute)
    design = replace(design_for(bench.maze), **LARGE[gpu])
    large = assemble(bench.maze, design, denoiser=fresh(design), compute=bench.compute)
    asked, count = errands(bench.maze, seed=4, count=bench.scored), ROWS[gpu]
    tasks = asked_of_coder(max(3, bench.scored // 6))
    spelled = writer(bench.compute)
    plain_plans, plain_programs = passed(shipped, asked), right(spelled, tasks)
    for name, way in WAYS.items():
        if not gpu and way.get("compile") == "reduce-overhead":
            continue
        compute = replace(bench.compute, **way)
        for what, planner in ((_named(LARGE[gpu]), large), ("maze, shipped", shipped)):
            other = replace(planner, denoiser=deepcopy(planner.denoiser), compute=compute)
            figures = turns(_asker(bench, other, count), _asker(bench, planner, count))
            told = kept(passed(other, asked), plain_plans) if planner is shipped else {}
            yield _row(bench, f"{name}, {what}: the network alone, {count} candidates", {**figures, **told})
        changed = writer(compute)
        figures = turns(
            partial(_waited, compute, partial(looked, changed, tasks[0], count=count)),
            partial(_waited, compute, partial(looked, spelled, tasks[0], count=count)),
        )
        told = kept(right(changed, tasks), plain_programs)
        yield _row(
            bench, f"{name}, the coder, shipped: one look at {count} blocks of 16", {**figures, **told}
        )


def _row(bench: Mazes, what: str, figures: Mapping[str, Any]) -> Row:
    return row(what, {**figures, "device": str(bench.compute.where)}, "eager fp32, by the clock")


def _named(sizes: Mapping[str, int]) -> str:
    return f"maze, width {sizes['width']}, {sizes['depth']} blocks (untrained)"


def _waited(compute: Compute, call: Callable[[], Any]) -> None:
    call()
    compute.wait()


def _asker(bench: Mazes, planner: MazePlanner, count: int) -> Callable[[], Any]:
    """Return what asks the network of a planner once, in its precision, and waits for the device."""
    compute: Compute = planner.compute
    request = errands(bench.maze, seed=1, count=1)[0]
    condition = compute.send(planner.domain.condition(request))
    x = torch.randn(count, *planner.domain.blank(request, 1).shape[1:], generator=generator(0))
    x, level = compute.send((x, torch.tensor(1.0)))

    def ask() -> None:
        with torch.inference_mode(), compute.autocast():
            planner.denoiser(x, level, condition)
        compute.wait()

    return ask
