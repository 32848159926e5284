"""The workshop of planners: makes data, trains, scores, and writes what was done into the card."""

from __future__ import annotations

import os
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, final

from agentic_diffusion import store
from agentic_diffusion.compute import Compute
from agentic_diffusion.compute.distributed import ALONE, Team
from agentic_diffusion.denoising.train import TrainStep
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.maze.bench import OURS, MazeBench, Row
from agentic_diffusion_worlds.maze.dataset import CHUNK, MazeData, drive
from agentic_diffusion_worlds.maze.planner import load_planner
from agentic_diffusion_worlds.maze.recording import CARD, TENSORS, Recipe, load, save
from agentic_diffusion_worlds.maze.training import CHECKPOINT, Run, train

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.progress import bars, gently

SCORE_SEED = 1000
"""The seed of the starts that planners are scored from after training; the benchmark's count from 0."""
DATA = "data"
CHECKPOINTS = 20  # in a run of up to twenty thousand steps; one each thousand in longer ones


@final
@dataclass(frozen=True)
class Made:
    """Data and what they cost."""

    data: MazeData
    transitions: int
    seconds: float
    cpu_seconds: float
    sha256: str


@final
@dataclass(frozen=True)
class Order:
    """A planner that is wanted.

    Args:
        run: What to train.
        out: Where the planner goes.
        command: How it was asked for, for the card.
        compute: Device and precision.
        data: A folder of data; made for this run where left out, and removed with the checkpoint at its end.
        transitions: How much data to make; 0 takes as much as D4RL has.
        workers: Processes that make data.
        episodes: Episodes to score with; 0 leaves the score out.
        team: The processes that train together; the first one makes the data, writes, scores and speaks.
        sharded: Whether each process writes its part of a checkpoint; where left out that is so with fsdp.
    """

    run: Run
    out: Path
    command: str
    compute: Compute = field(default_factory=Compute)
    data: Path | None = None
    transitions: int = 0
    workers: int = 1
    episodes: int = 100
    team: Team = ALONE
    sharded: bool | None = None


def make_data(recipe: Recipe, *, folder: Path, workers: int = 1) -> Made:
    """Drive a data set and save it, with a bar."""
    started, spent = time.perf_counter(), _cpu_seconds()
    parts = []
    with bars() as shown:
        task = shown.add_task("Driving data", total=recipe.size, note="")
        for part in drive(recipe, workers=workers):
            parts.append(part)
            rate = CHUNK * len(parts) / (time.perf_counter() - started)
            shown.update(task, advance=len(part), note=f"{rate:,.0f} steps/s")
        made = MazeData.join(parts)
        save(made, folder, recipe=recipe)
    seconds = time.perf_counter() - started
    return Made(made, len(made), seconds, _cpu_seconds() - spent, made.sha256())


def make_planner(order: Order) -> dict[str, Any]:
    """Train, save and score a planner; returns its card, empty in those of a team that follow.

    Raises:
        KeyboardInterrupt: A person asked to stop; what was done is kept.
        InvalidConfigError: The data were driven in another maze.
        StoreError: Data or checkpoint cannot be read, or the disk refused.
    """
    data = _shared(order)
    facts: dict[str, Any] = {}
    if _finished(order, data):
        if order.team.leads:
            report.err().print("Trained already: scored anew. Remove the folder to train again.", style="dim")
    else:
        started = time.perf_counter()
        facts["timed_steps"], facts["memory"] = _train(order, data)
        facts["seconds"] = round(time.perf_counter() - started, 1)
    if not order.team.leads:
        return {}
    if order.episodes:
        facts["score"] = score(order)
    bundle = store.load(order.out)
    card = {**bundle.card, **facts}
    store.save(order.out, bundle.tensors, card)
    _clear(order.out / DATA)
    return card


def _finished(order: Order, data: MazeData) -> bool:
    """Whether the planner that is wanted lies there already; its scoring may have been interrupted."""
    if (order.out / CHECKPOINT).exists() or not (order.out / CARD).is_file():
        return False
    bundle = store.load(order.out)
    settings = order.run.settings(data.sha256())
    return not bundle.degraded and settings == {name: bundle.card.get(name) for name in settings}


def _shared(order: Order) -> MazeData:
    """Return the data; where they are made for a team, the first process makes them and the others wait."""
    data = _data(order) if order.team.leads else None
    order.team.wait()
    return data if data is not None else _data(order)


def _data(order: Order) -> MazeData:
    """Return the data of an order: given, made by the run that was interrupted, or made now."""
    maze, place = order.run.maze, order.data or order.out / DATA
    recipe = Recipe(maze, size=order.transitions, seed=order.run.seed)
    if order.data is None and not (place / CARD).is_file():
        return make_data(recipe, folder=place, workers=order.workers).data
    data, card = load(place)
    driven = card["recipe"]["maze"]["map"]
    if driven != list(maze.map.rows) or (order.data is None and card["recipe"] != recipe.card()):
        raise InvalidConfigError(
            f"data of maze {card['recipe']['maze']['name']!r} with {card['transitions']} transitions in {place}",
            f"data of maze {maze.name!r} as this run asks for",
            "Give the folder of the right data, or leave --data out to have them made.",
        )
    return data


def _train(order: Order, data: MazeData) -> tuple[int, dict[str, Any]]:
    """Train to the end; returns the steps that were made now, and the most memory that was in use."""
    run, steps = order.run, order.run.recipe.steps
    every = max(1, min(1000, steps // CHECKPOINTS))
    training = train(
        run,
        data,
        folder=order.out,
        facts=_facts(order, data),
        compute=order.compute,
        every=every,
        team=order.team,
        sharded=order.sharded,
    )
    smooth, begun, made = 0.0, time.perf_counter(), 0
    peak: TrainStep | None = None
    with bars(keep=True, silent=not order.team.leads) as shown, gently() as asked, closing(training):
        task = shown.add_task(f"Training {run.maze.name}", total=steps, note="")
        for step in training:
            made, peak = made + 1, step
            smooth += (step.loss - smooth) * max(0.02, 1 / made)
            rate = made / (time.perf_counter() - begun)
            shown.update(task, completed=step.step, note=f"loss {smooth:.5f}  {rate:.1f} steps/s")
            if order.team.any(asked.is_set()) and step.step < steps:
                word = f"Step {step.step} of {steps} is kept; the same command goes on from there."
                raise KeyboardInterrupt(word)
    return made, {} if peak is None else {"host_bytes": peak.host, "device_bytes": peak.device}


def _facts(order: Order, data: MazeData) -> dict[str, Any]:
    run = order.run
    return {
        "command": order.command,
        **machine.commit(),
        "transitions": len(data),
        "map": list(run.maze.map.rows),
        "goal": list(run.maze.goal),
        "hardware": machine.facts(order.compute.where),
        "precision": order.compute.precision,
        **_together(order.team),
        "parameters": sum(p.numel() for p in run.design.network().parameters()),
    }


def _together(team: Team) -> dict[str, Any]:
    return {} if team.strategy is None else {"strategy": team.strategy, "processes": team.size}


def score(order: Order) -> Row:
    """Drive the finished planner from starts that neither training nor benchmark has seen; return the row `ours`."""
    maze = order.run.maze
    planner = load_planner(maze, order.out, compute=replace(order.compute, recompute=False))
    bench = MazeBench(maze, planner, seeds=[SCORE_SEED], episodes=order.episodes, only=[OURS])
    with bars() as shown:
        task = shown.add_task("Scoring", total=order.episodes, note="")
        for tick in bench.run():
            shown.update(task, completed=tick.done)
    return {**bench.rows[0], "seed": SCORE_SEED}


def _clear(folder: Path) -> None:
    """Remove the data that were made for one run."""
    for name in (TENSORS, CARD):
        (folder / name).unlink(missing_ok=True)
    if folder.is_dir():
        folder.rmdir()


def _cpu_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    return sum(os.times()[:4])
