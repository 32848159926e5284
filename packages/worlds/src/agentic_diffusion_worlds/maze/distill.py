"""Distillation of maze planners: a student that plans in one step, from its teacher and drawn requests alone."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.denoiser import GaussianNet
from agentic_diffusion.denoising.distill import Endpoints, OneStep
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.sample import ddim
from agentic_diffusion.denoising.state import Condition, Inpaint, Rng, generator
from agentic_diffusion.denoising.train import Recipe, Training, TrainStep
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Trajectories
from torch import Tensor

from agentic_diffusion_worlds.maze.geometry import Array, Geometry
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.planner import SCHEDULE, WEIGHTS, Design, load_network, save_planner
from agentic_diffusion_worlds.maze.training import CHECKPOINT, _clear, _keep, _matching

REACH = 0.45  # how far from the middle of its cell a start or goal is drawn, per axis


@final
@dataclass(frozen=True)
class Requests:
    """Draws batches of requests: from anywhere in the free space, at rest or rolling, to rest anywhere in it.

    Args:
        trajectories: The domain.
        geometry: Where the walls are.
        batch: Requests in a batch.
        rolling: Share of starts that are not at rest.
        speed: Largest speed of a rolling start, on each axis.
    """

    trajectories: Trajectories
    geometry: Geometry
    batch: int = 64
    rolling: float = 0.5
    speed: float = 4.0

    def __call__(self, rng: Rng) -> tuple[Tensor, Condition[Tensor]]:
        """Return zeros of the shape to sample (batch, horizon, 4), and what is pinned in them."""
        drawn = np.random.default_rng(int(torch.randint(2**62, (1,), generator=rng)))
        values = np.zeros((self.batch, 2, 4))
        values[:, 0, :2], values[:, 1, :2] = self._places(drawn), self._places(drawn)
        rolls = drawn.random((self.batch, 1)) < self.rolling
        values[:, 0, 2:] = rolls * drawn.uniform(-self.speed, self.speed, (self.batch, 2))
        known = torch.zeros(self.batch, self.trajectories.horizon, 4, dtype=torch.bool)
        known[:, [0, -1]] = True
        blank = torch.zeros(known.shape)
        pinned = blank.clone()
        pinned[:, [0, -1]] = self.trajectories.limits.shrink(torch.from_numpy(values).float())
        return blank, Condition(Inpaint(pinned, known), {"known": known})

    def _places(self, rng: np.random.Generator) -> Array:
        cells = self.geometry.map.cells()
        places = np.array(
            [self.geometry.cell_to_xy(cells[int(k)]) for k in rng.integers(len(cells), size=self.batch)]
        )
        moved = places + rng.uniform(-REACH, REACH, places.shape)
        free: Array = np.where(self.geometry.is_free(moved)[:, None], moved, places)
        return free


@final
@dataclass(frozen=True)
class Lesson:
    """Everything that decides what a distillation comes to.

    Args:
        maze: Where.
        recipe: How to train.
        teacher: Folder of the teacher; the planner that ships with this package where left out.
        steps: Denoising steps of the teacher.
        batch: Requests in a batch.
        seed: Of requests and noise.
    """

    maze: Maze
    recipe: Recipe = field(default_factory=lambda: Recipe(steps=4000, learning_rate=3e-4, average=0.998))
    teacher: Path | None = None
    steps: int = 3
    batch: int = 64
    seed: int = 0

    def settings(self, teacher: str) -> dict[str, Any]:
        """Return the settings as plain values, with the hash of the teacher's weights."""
        return {
            "maze": self.maze.name,
            "recipe": asdict(self.recipe),
            "batch": self.batch,
            "seed": self.seed,
            "teacher_sha256": teacher,
            "teacher_steps": self.steps,
        }


def distill(
    lesson: Lesson,
    *,
    folder: Path,
    facts: Mapping[str, Any],
    compute: Compute | None = None,
    every: int = 500,
) -> Generator[TrainStep, None, None]:
    """Train and save a planner of one step; goes on where an interrupted run in `folder` stopped.

    Args:
        lesson: What to learn, and from whom.
        folder: Where the planner is saved; a checkpoint lies in it until the run is finished.
        facts: Facts for the card.
        compute: Device and precision.
        every: Steps between checkpoints.

    Yields:
        Each optimiser step; whoever stops asking before the end leaves a checkpoint of the last one behind.

    Raises:
        StoreError: There is no teacher, the folder holds a checkpoint of another run, or the disk refused.
        InvalidConfigError: The teacher is a planner of one step itself.
    """
    design, teacher, bundle = load_network(lesson.teacher or WEIGHTS / lesson.maze.name)
    if "teacher_sha256" in bundle.card:
        raise InvalidConfigError(
            "a teacher that plans in one step itself",
            "a planner made by `train maze`",
            "Give the folder of one.",
        )
    where = compute or Compute()
    training = _training(lesson, design, teacher, compute=where)
    settings = lesson.settings(str(bundle.card["sha256"]))
    checkpoint = folder / CHECKPOINT
    if checkpoint.exists():
        training.resume(_matching(checkpoint, settings))
    for step in training.run():
        if step.step % every == 0 and step.step < lesson.recipe.steps:
            _keep(checkpoint, training, settings)
        try:
            yield step
        except GeneratorExit:
            _keep(checkpoint, training, settings)
            raise
    tensors = {name.removeprefix("student."): value for name, value in training.averaged().items()}
    save_planner(
        folder, design, tensors=tensors, facts={**facts, **settings, "one_step": True}, eight_bits=True
    )
    _clear(checkpoint)


def _training(lesson: Lesson, design: Design, teacher: GaussianNet, *, compute: Compute) -> Training:
    geometry, process = Geometry(lesson.maze.map), GaussianProcess(SCHEDULE)
    student = design.network()
    student.load_state_dict(teacher.state_dict())
    draw = Endpoints(
        teacher,
        process,
        ddim(process),
        steps=lesson.steps,
        conditions=Requests(design.trajectories(geometry), geometry, batch=lesson.batch),
    )
    rng = generator(lesson.seed)
    return Training(OneStep(student), process, draw=draw, recipe=lesson.recipe, rng=rng, compute=compute)
