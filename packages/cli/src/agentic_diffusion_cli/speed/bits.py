"""Eight bits against fp32 on each domain: how fast, and what becomes of the score."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from agentic_diffusion.compute import int8
from agentic_diffusion.denoising.state import generator
from agentic_diffusion_worlds.maze.errands import errands
from agentic_diffusion_worlds.maze.planner import MazePlanner, assemble, design_for, load_planner

from agentic_diffusion_cli.speed.clock import Row, row
from agentic_diffusion_cli.speed.planners import Mazes, fresh, kept, one_by_one, passed
from agentic_diffusion_cli.speed.programs import asked_of_coder, looked, right, writer
from agentic_diffusion_cli.speed.tools import exam, reader, situations

LARGE = {"width": 512, "depth": 6, "heads": 8}  # a network for which eight bits are meant


def eight_bits(bench: Mazes) -> Iterator[Row]:
    """The networks that ship or are quickly taught, and a large one that nobody has trained."""
    yield from _mazes(bench)
    plain, asked = reader(), situations(16)
    small = replace(plain, denoiser=int8(plain.denoiser))
    figures = bench.turns(partial(one_by_one, small, asked), partial(one_by_one, plain, asked))
    told = kept(exam(small, bench.scored), exam(plain, bench.scored))
    yield row("int8, plans of calls, 16 plans", {**figures, **told}, "fp32")
    spelled = writer(bench.compute)
    narrow = replace(spelled, model=replace(spelled.model, network=int8(spelled.model.network)))
    tasks = asked_of_coder(max(3, bench.scored // 6))
    figures = bench.turns(partial(looked, narrow, tasks[0]), partial(looked, spelled, tasks[0]))
    told = kept(right(narrow, tasks), right(spelled, tasks))
    yield row("int8, the coder: the network alone, 8 blocks of 16", {**figures, **told}, "fp32")


def _mazes(bench: Mazes) -> Iterator[Row]:
    shipped = load_planner(bench.maze, compute=bench.compute)
    design = replace(design_for(bench.maze), **LARGE)
    large = assemble(bench.maze, design, denoiser=fresh(design), compute=bench.compute)
    asked = errands(bench.maze, seed=4, count=bench.scored)
    for name, planner in (("maze, shipped", shipped), ("maze, width 512, 6 blocks (untrained)", large)):
        small = replace(planner, denoiser=int8(planner.denoiser))
        told = kept(passed(small, asked), passed(planner, asked)) if planner is shipped else {}
        for count in (16, 64) if planner is shipped else (16,):
            figures = bench.turns(_asker(bench, small, count), _asker(bench, planner, count))
            what = f"int8, {name}: the network alone, {count} candidates"
            yield row(what, {**figures, **told}, "fp32")


def _asker(bench: Mazes, planner: MazePlanner, count: int) -> Callable[[], Any]:
    request = errands(bench.maze, seed=1, count=1)[0]
    condition = planner.domain.condition(request)
    x = torch.randn(count, *planner.domain.blank(request, 1).shape[1:], generator=generator(0))

    def ask() -> None:
        with torch.inference_mode():
            planner.denoiser(x, torch.tensor(1.0), condition)

    return ask
