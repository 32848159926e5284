"""Training of maze planners: one run, from data to a saved planner, that can be interrupted and taken up again."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

import torch
from agentic_diffusion import store
from agentic_diffusion.compute import Compute
from agentic_diffusion.compute.distributed import ALONE, Team, unfilled
from agentic_diffusion.denoising.denoiser import GaussianNet
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.denoising.train import Draw, Recipe, Training, TrainStep
from agentic_diffusion.errors import StoreError
from pydantic import JsonValue

from agentic_diffusion_worlds.maze.dataset import MazeData
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.planner import SCHEDULE, Design, save_planner
from agentic_diffusion_worlds.maze.windows import Windows

CHECKPOINT = "checkpoint"


@final
@dataclass(frozen=True)
class Run:
    """Everything that decides what a training run comes to.

    Args:
        maze: Where.
        design: The shape of plans and network.
        recipe: How to train.
        batch: Windows in a batch.
        seed: Of the weights, the windows and the noise.
    """

    maze: Maze
    design: Design
    recipe: Recipe
    batch: int = 64
    seed: int = 0

    def settings(self, data: str) -> dict[str, Any]:
        """Return the settings as plain values, with the hash of the data."""
        return {
            "maze": self.maze.name,
            "design": asdict(self.design),
            "recipe": asdict(self.recipe),
            "batch": self.batch,
            "seed": self.seed,
            "data_sha256": data,
        }


def train(
    run: Run,
    data: MazeData,
    *,
    folder: Path,
    facts: Mapping[str, Any],
    compute: Compute | None = None,
    every: int = 1000,
    team: Team = ALONE,
    sharded: bool | None = None,
) -> Generator[TrainStep, None, None]:
    """Train and save a planner; yields after each step, and goes on where an interrupted run in `folder` stopped.

    Whoever stops asking for steps before the end leaves a checkpoint of the last one behind. In a team all ask for the
    same steps; the first process writes, and a run may be taken up by a team of another size.

    Args:
        run: What to train.
        data: The driver's data.
        folder: Where the planner is saved; a checkpoint lies in it until the run is finished.
        facts: Facts for the card: command, commit, hardware.
        compute: Device and precision.
        every: Steps between checkpoints.
        team: The processes that train together.
        sharded: Whether each process writes its own part of a checkpoint, instead of the first one all of it; where
            left out that is so with fsdp.

    Raises:
        StoreError: The folder holds a checkpoint of another run, or the disk refused.
        WorkerError: Another process of the team is gone; the last checkpoint is left.
    """
    domain = run.design.trajectories(Geometry(run.maze.map))
    job = Job(
        run.design,
        Windows.of(data, domain, stride=run.design.stride, batch=run.batch),
        run.recipe,
        run.seed,
        run.settings(data.sha256()),
    )
    yield from carry_out(
        job, folder=folder, facts=facts, compute=compute, every=every, team=team, sharded=sharded
    )


@final
@dataclass(frozen=True)
class Job:
    """A training run over any data.

    Args:
        design: The shape of plans and network.
        draw: Draws a batch.
        recipe: How to train.
        seed: Of the weights, the batches and the noise.
        settings: Plain values that tell this run from every other, for card and checkpoint.
    """

    design: Design
    draw: Draw
    recipe: Recipe
    seed: int
    settings: Mapping[str, Any]


def carry_out(
    job: Job,
    *,
    folder: Path,
    facts: Mapping[str, Any],
    compute: Compute | None = None,
    every: int = 1000,
    team: Team = ALONE,
    sharded: bool | None = None,
) -> Generator[TrainStep, None, None]:
    """Train and save a planner over any data, as `train` does it over those of one maze.

    Raises:
        StoreError: The folder holds a checkpoint of another run, or the disk refused.
        WorkerError: Another process of the team is gone; the last checkpoint is left.
    """
    settings, checkpoint = job.settings, folder / CHECKPOINT
    resumed = team.any(checkpoint.exists())
    training = Training(
        _seeded(job, filled=not (resumed and team.splits_weights)),
        GaussianProcess(SCHEDULE),
        draw=job.draw,
        recipe=job.recipe,
        rng=generator(job.seed),
        compute=compute,
        team=team,
    )
    if resumed:
        training.resume(_matching(checkpoint, settings, team=team))
    sharded = team.strategy == "fsdp" if sharded is None else sharded
    for step in training.run():
        if step.step % every == 0 and step.step < job.recipe.steps:
            _keep(checkpoint, training, settings, sharded=sharded)
        try:
            yield step
        except GeneratorExit:
            _keep(checkpoint, training, settings, sharded=sharded)
            raise
    tensors = training.averaged(everywhere=False)
    if team.leads:
        save_planner(folder, job.design, tensors=tensors, facts={**facts, **settings})
        _clear(checkpoint)
    team.wait()


def _seeded(job: Job, *, filled: bool = True) -> GaussianNet:
    """Return the untrained network, the same for the same seed, or one without values, which a checkpoint fills."""
    with torch.random.fork_rng(devices=[]), nullcontext() if filled else unfilled():
        torch.manual_seed(job.seed)
        return job.design.network()


def _keep(
    checkpoint: Path, training: Training, settings: Mapping[str, Any], *, sharded: bool = False
) -> None:
    card: Mapping[str, JsonValue] = {"settings": json.dumps(settings, sort_keys=True), "step": training.step}
    if sharded:
        store.save_shards(checkpoint, training.pieces(), card, team=training.team)
        return
    tensors = training.state()
    if training.team.leads:
        store.save(checkpoint, tensors, card)


def _matching(checkpoint: Path, settings: Mapping[str, Any], *, team: Team = ALONE) -> store.Stored:
    """Return the checkpoint if it is one of this very run."""
    stored = store.opened(checkpoint, team=team)
    if stored.card.get("settings") != json.dumps(settings, sort_keys=True):
        raise StoreError(
            f"a checkpoint of another run in {checkpoint}",
            "one with the same maze, design, recipe, batch, seed and data",
            "Choose another folder, or remove the checkpoint to start anew.",
        )
    return stored


def _clear(checkpoint: Path) -> None:
    if checkpoint.is_dir():
        for file in checkpoint.iterdir():
            file.unlink()
        checkpoint.rmdir()
