"""Many requests at once against one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from agentic_diffusion_worlds.maze.errands import errands
from agentic_diffusion_worlds.maze.planner import assemble, design_for, load_planner

from agentic_diffusion_cli.speed.clock import Row, row
from agentic_diffusion_cli.speed.planners import Mazes, fresh, one_by_one
from agentic_diffusion_cli.speed.tools import catalogued, reader, situations


def many(bench: Mazes) -> Iterator[Row]:
    """Plans of calls and of tools, and mazes: the shipped network, and one of little work."""
    yield _row(bench, reader(), situations(bench.requests), "calls, 16 candidates, 6 steps")
    planner, asked = catalogued(bench.compute)
    yield _row(bench, planner, asked[: bench.requests], "64 tools, 8 candidates, 4 steps (untrained)")
    compute, errand = bench.compute, errands(bench.maze, seed=2, count=bench.requests)
    small = replace(design_for(bench.maze), width=16, depth=1, heads=2)
    tiny = assemble(bench.maze, small, denoiser=fresh(small), count=1, compute=compute)
    mazes = {
        "maze, 16 candidates, 3 steps": load_planner(bench.maze, compute=compute),
        "maze, 1 candidate, 3 steps": load_planner(bench.maze, count=1, compute=compute),
        "maze, 1 candidate, 3 steps, width 16 (untrained)": tiny,
    }
    for name, each in mazes.items():
        yield _row(bench, each, errand, name)


def _row(bench: Mazes, planner: Any, asked: Sequence[Any], name: str) -> Row:
    figures = bench.turns(partial(planner.plan_many, asked), partial(one_by_one, planner, asked))
    rate = 1e3 * len(asked) / float(figures["ms"]["mean"])
    return row(f"{len(asked)} requests at once: {name}", {**figures, "per_second": rate}, "one by one")
