"""The command `train distill`: a maze planner that needs one denoising step, from one that needs several."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentic_diffusion_cli import machine, report
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
from agentic_diffusion_cli.progress import bars, gently

if TYPE_CHECKING:
    from agentic_diffusion.compute import Compute
    from agentic_diffusion_worlds.maze.distill import Lesson


def distill(
    *,
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    size: Annotated[Size, typer.Option(help="The maze.")] = Size.large,
    drawing: Annotated[Path | None, typer.Option("--map", help="A maze of your own.")] = None,
    teacher: Annotated[
        Path | None, typer.Option(help="Folder of the teacher; the shipped planner where left out.")
    ] = None,
    teacher_steps: Annotated[int, typer.Option(min=2, help="Denoising steps of the teacher.")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 4000,
    batch: Annotated[int, typer.Option(min=1, help="Requests in a batch.")] = 64,
    learning_rate: Annotated[float, typer.Option(help="Peak rate of AdamW.")] = 3e-4,
    seed: Annotated[int, typer.Option(min=0, help="Root of all randomness.")] = 0,
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.fp32,
    matmul: MatmulOption = None,
    recompute: RecomputeOption = False,
    compile_: CompileOption = False,
    threads: ThreadsOption = None,
    score_episodes: Annotated[
        int, typer.Option(min=0, help="Episodes to score with; 0 leaves it out.")
    ] = 100,
) -> None:
    """Distil a maze planner into one of a single step; interrupted, the same command goes on where it stopped."""
    from agentic_diffusion.denoising.train import Recipe
    from agentic_diffusion_worlds.maze.distill import Lesson

    maze = maze_of(size, drawing)
    recipe = Recipe(steps=steps, learning_rate=learning_rate, average=0.998)
    lesson = Lesson(maze, recipe, teacher, steps=teacher_steps, batch=batch, seed=seed)
    compute = compute_of(
        device, precision, matmul=matmul, compiles=compile_, threads=threads, recompute=recompute
    )
    card = follow(lesson, out, compute=compute, episodes=score_episodes)
    report.out().print(f"One step in {card['seconds']:.0f} s, saved in {out}", markup=False, soft_wrap=True)
    if row := card.get("score"):
        figure = "raw" if "raw" in row else "return"
        report.out().print(
            f"{figure} {report.interval(row[figure])} over {row[figure]['n']} episodes, "
            f"plan p50 {row['plan_ms_p50']:.0f} ms"
        )
    words = ["--size", size.value] if drawing is None else ["--map", str(drawing)]
    report.say_next(f"agentic-diffusion bench maze2d {' '.join(words)} --steps 1 --planner {out}")


def follow(lesson: Lesson, out: Path, *, compute: Compute, episodes: int) -> dict[str, Any]:
    """Distil with a bar, score from starts that nobody has seen, and return the card.

    Raises:
        KeyboardInterrupt: A person asked to stop; what was done is kept.
    """
    from agentic_diffusion import store
    from agentic_diffusion_worlds.maze.distill import distill as lessons

    facts = {"command": report.typed(), **machine.commit(), "hardware": machine.facts(compute.where)}
    begun, smooth, made, steps = time.perf_counter(), 0.0, 0, lesson.recipe.steps
    training = lessons(lesson, folder=out, facts=facts, compute=compute)
    with bars(keep=True) as shown, gently() as asked, closing(training):
        task = shown.add_task("Distilling", total=steps, note="")
        for step in training:
            made += 1
            smooth += (step.loss - smooth) * max(0.02, 1 / made)
            shown.update(task, completed=step.step, note=f"loss {smooth:.5f}")
            if asked.is_set() and step.step < steps:
                raise KeyboardInterrupt(
                    f"Step {step.step} of {steps} is kept; the same command goes on from there."
                )
    bundle = store.load(out)
    card = {**bundle.card, "seconds": round(time.perf_counter() - begun, 1), "timed_steps": made}
    if episodes:
        card["score"] = score(lesson, out, compute=compute, episodes=episodes)
    store.save(out, bundle.tensors, card)
    return card


def score(lesson: Lesson, out: Path, *, compute: Compute, episodes: int) -> dict[str, Any]:
    """Return the row `ours` of the student in one step, from the starts that cards are scored on."""
    from agentic_diffusion_worlds.maze.bench import OURS, MazeBench
    from agentic_diffusion_worlds.maze.planner import load_planner

    from agentic_diffusion_cli.workshop import SCORE_SEED

    planner = load_planner(lesson.maze, out, steps=1, compute=compute)
    bench = MazeBench(lesson.maze, planner, seeds=[SCORE_SEED], episodes=episodes, only=[OURS])
    with bars() as shown:
        task = shown.add_task("Scoring", total=episodes, note="")
        for tick in bench.run():
            shown.update(task, completed=tick.done)
    return {**bench.rows[0], "seed": SCORE_SEED}
