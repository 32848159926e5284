"""The command `train`: data from the driver, a planner from data."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from agentic_diffusion_cli import report, train_code, train_confidence, train_distill
from agentic_diffusion_cli.computing import (
    CompileOption,
    DeviceOption,
    MatmulOption,
    Precision,
    PrecisionOption,
    RecomputeOption,
    ThreadsOption,
    compute_of,
)
from agentic_diffusion_cli.mazes import Size, maze_of

app = typer.Typer(help="Make data, train a planner.", no_args_is_help=True)

app.command("code")(train_code.code)
app.command("confidence")(train_confidence.confidence)
app.command("distill")(train_distill.distill)


class Strategy(StrEnum):
    """What is divided among processes: the batch, the batch and the weights, or each layer."""

    ddp = "ddp"
    fsdp = "fsdp"
    tensor = "tensor"


Sized = Annotated[Size, typer.Option(help="The maze.")]
Drawn = Annotated[Path | None, typer.Option("--map", help="A maze of your own: '#', '.' and one 'G'.")]
Out = Annotated[Path, typer.Option(help="Folder to write.")]
Seed = Annotated[int, typer.Option(min=0, help="Root of all randomness.")]
Transitions = Annotated[int, typer.Option(min=0, help="Transitions of data; 0 takes as many as D4RL has.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes that make data.")]
Processes = Annotated[
    int, typer.Option(min=0, help="How many; 0: one for each GPU, or 2. torchrun decides itself.")
]
Sharded = Annotated[
    bool | None,
    typer.Option(
        "--sharded/--gathered",
        help="Checkpoints in one file of each process, or in one of all. Left out: sharded with fsdp.",
    ),
]


@app.command("data")
def data(
    *,
    out: Out,
    size: Sized = Size.large,
    drawing: Drawn = None,
    seed: Seed = 0,
    transitions: Transitions = 0,
    workers: Workers = 1,
) -> None:
    """Drive the data of D4RL's Maze2D anew: the same seed gives the same bytes."""
    from agentic_diffusion_worlds.maze.recording import Recipe

    from agentic_diffusion_cli.workshop import make_data

    recipe = Recipe(maze_of(size, drawing), size=transitions, seed=seed)
    made = make_data(recipe, folder=out, workers=workers)
    report.out().print(
        f"{made.transitions:,} transitions in {made.seconds:.1f} s, {made.cpu_seconds:.1f} CPU-seconds\n"
        f"sha256 {made.sha256}"
    )
    report.say_next(
        shlex.join(
            [
                "agentic-diffusion",
                "train",
                "maze",
                *_world(size, drawing),
                "--data",
                str(out),
                "--out",
                "planner",
            ]
        )
    )


@app.command("maze")
def maze(
    *,
    out: Out,
    size: Sized = Size.large,
    drawing: Drawn = None,
    data: Annotated[Path | None, typer.Option(help="Folder of `train data`; made where left out.")] = None,
    transitions: Transitions = 0,
    workers: Workers = 1,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 20_000,
    batch: Annotated[int, typer.Option(min=1, help="Windows in a batch.")] = 64,
    accumulate: Annotated[
        int, typer.Option(min=1, help="Batches whose gradients make one step: memory of one, work of all.")
    ] = 1,
    width: Annotated[int, typer.Option(min=1, help="Width of the transformer.")] = 128,
    depth: Annotated[int, typer.Option(min=1, help="Blocks of the transformer.")] = 4,
    heads: Annotated[int, typer.Option(min=1, help="Attention heads.")] = 4,
    patch: Annotated[int, typer.Option(min=1, help="Moments that share a token.")] = 8,
    waves: Annotated[int, typer.Option(min=0, help="Octaves of sines that the network reads.")] = 4,
    learning_rate: Annotated[float, typer.Option(help="Peak rate of AdamW.")] = 1e-3,
    average: Annotated[float, typer.Option(help="Decay of the moving average of the weights.")] = 0.9995,
    seed: Seed = 0,
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.fp32,
    matmul: MatmulOption = None,
    recompute: RecomputeOption = False,
    compile_: CompileOption = False,
    threads: ThreadsOption = None,
    score_episodes: Annotated[
        int, typer.Option(min=0, help="Episodes to score with; 0 leaves it out.")
    ] = 100,
    distributed: Annotated[Strategy | None, typer.Option(help="Train in several processes.")] = None,
    processes: Processes = 0,
    sharded: Sharded = None,
) -> None:
    """Train a planner for a maze; interrupted, the same command goes on where it stopped."""
    from agentic_diffusion.compute.distributed import Strategy as Way
    from agentic_diffusion.denoising.train import Recipe
    from agentic_diffusion_worlds.maze.planner import design_for
    from agentic_diffusion_worlds.maze.training import Run

    from agentic_diffusion_cli.together import distribute, together
    from agentic_diffusion_cli.workshop import Order, make_planner

    world = maze_of(size, drawing)
    design = replace(design_for(world), width=width, depth=depth, heads=heads, patch=patch, waves=waves)
    recipe = Recipe(steps=steps, learning_rate=learning_rate, average=average, accumulate=accumulate)
    compute = compute_of(
        device, precision, matmul=matmul, compiles=compile_, threads=threads, recompute=recompute
    )
    strategy: Way | None = distributed.value if distributed is not None else None
    if distribute(strategy, processes=processes, compute=compute):
        return
    order = Order(
        Run(world, design, recipe, batch=batch, seed=seed),
        out=out,
        command=report.typed(),
        compute=compute,
        data=data,
        transitions=transitions,
        workers=workers,
        episodes=score_episodes,
        sharded=sharded,
    )
    with together(strategy, compute=compute) as (team, mine):
        card = make_planner(replace(order, team=team, compute=mine))
    if not card:
        return  # the first process of the team speaks
    tell(card, out)
    report.say_next(shlex.join(["agentic-diffusion", "demo", *_world(size, drawing), "--planner", str(out)]))


def _world(size: Size, drawing: Path | None) -> list[str]:
    """Return the words that name a maze."""
    return ["--size", size.value] if drawing is None else ["--map", str(drawing)]


def tell(card: Mapping[str, Any], folder: Path) -> None:
    """Print what a training run came to."""
    console = report.out()
    console.print(f"{card['parameters']:,} parameters, trained in {card['seconds']:.0f} s, saved in", end=" ")
    console.print(str(folder), style="bold", markup=False, soft_wrap=True)
    if score := card.get("score"):
        figure = "raw" if "raw" in score else "return"
        console.print(
            f"{figure} {report.interval(score[figure])} over {score[figure]['n']} episodes, "
            f"reached {100 * score['reached']['mean']:.0f} %, plan p50 {score['plan_ms_p50']:.0f} ms"
        )
