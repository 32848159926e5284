"""Mazes never seen and who meets them: held-out random maps, and known mazes with a passage closed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeAlias, final

import numpy as np
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.state import Rng
from agentic_diffusion.denoising.train import Recipe, TrainStep
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Limits, Reach
from agentic_diffusion_evolve.encoded import Encoded
from agentic_diffusion_worlds.maze.atlas import atlas, atlas_windows
from agentic_diffusion_worlds.maze.dataset import generate
from agentic_diffusion_worlds.maze.errands import errands
from agentic_diffusion_worlds.maze.generate import Shape, closures, mazes, steps
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import LARGE, MEDIUM, Maze
from agentic_diffusion_worlds.maze.physics import DEEPEST
from agentic_diffusion_worlds.maze.planner import (
    WEIGHTS,
    Design,
    MazePlanner,
    assemble,
    design_for,
    load_network,
)
from agentic_diffusion_worlds.maze.practice import ends
from agentic_diffusion_worlds.maze.recording import Recipe as Drives
from agentic_diffusion_worlds.maze.training import Job, carry_out
from agentic_diffusion_worlds.maze.windows import Windows

from agentic_diffusion_cli import machine
from agentic_diffusion_cli.evolve_maze import at_own_pace

Old: TypeAlias = Callable[[Rng, int], Encoded]

SMALL, WIDE, CLOSED = "small", "wide", "closed"
SIDES = {SMALL: 6, WIDE: 8}
"""Rows and columns of the random maps, border included."""
WIDTH, DEPTH = 64, 3  # of the network that reads maps; small, so that it adapts in seconds
CHOICE = 11  # seed of which ways are closed
POOL = 40  # errands that are looked at for each that is wanted, to find those whose way was closed
SPARE = 4  # windows that are drawn for each that is wanted, where some are not possible any more


@final
@dataclass(frozen=True)
class Base:
    """How the planner of random maps is trained before it meets those that were held out.

    Args:
        maps: Maps to train on.
        transitions: Of data in each.
        steps: Optimiser steps.
        seed: Of maps, data, weights and batches.
    """

    maps: int = 64
    transitions: int = 6000
    steps: int = 4000
    seed: int = 0


class Suite(Protocol):
    """Mazes to meet, and who meets them."""

    name: str

    def prepare(self) -> Iterator[tuple[int, int]]:
        """Train what must be trained first, yielding how much is done and of how much."""
        ...

    def unseen(self, count: int) -> Sequence[Maze]:
        """Return so many mazes that the planner has not seen."""
        ...

    def known(self, count: int) -> Sequence[Maze]:
        """Return so many mazes that the planner was trained on."""
        ...

    def planner(self, maze: Maze) -> MazePlanner:
        """Return the planner as it is before it meets this maze, driven at its own pace."""
        ...

    def design(self, maze: Maze) -> Design:
        """Return the shape of its plans."""
        ...

    def old(self, maze: Maze) -> Old:
        """Return what draws the data that it was first trained on."""
        ...

    def errands(self, maze: Maze, *, seed: int, count: int) -> list[Reach]:
        """Return errands to practise, to be examined and to be tested on; the same for the same seed."""
        ...


@final
class Random:
    """Random maps of one size: a planner that reads the map is trained on some and meets others.

    Args:
        name: Of the suite.
        base: How the planner is trained.
        folder: Where it is kept.
        candidates: Of a plan.
        compute: Device and threads.
    """

    def __init__(self, name: str, base: Base, folder: Path, *, candidates: int, compute: Compute) -> None:
        self.name, self.base, self.folder = name, base, folder
        self._shape = Shape(SIDES[name], SIDES[name])
        self._candidates, self._compute = candidates, compute

    def unseen(self, count: int) -> Sequence[Maze]:
        """Return held-out maps."""
        return list(islice(mazes(self._shape, seed=self.base.seed, held_out=True), count))

    def known(self, count: int) -> Sequence[Maze]:
        """Return maps of the training."""
        return list(islice(mazes(self._shape, seed=self.base.seed, held_out=False), count))

    def design(self, maze: Maze | None = None) -> Design:
        """Return a design whose horizon covers the longest way of all maps of the training."""
        designs = [design_for(maze) for maze in self.known(self.base.maps)]
        longest = max(designs, key=lambda design: design.horizon * design.stride)
        return replace(longest, width=WIDTH, depth=DEPTH, reads=(self._shape.low - 2) ** 2)

    @cached_property
    def _windows(self) -> Windows:
        known, base = self.known(self.base.maps), self.base
        data = atlas(known, transitions=base.transitions, seed=base.seed)
        design = self.design()
        return atlas_windows(known, data, design.trajectories(Geometry(known[0].map)), stride=design.stride)

    def prepare(self) -> Iterator[tuple[int, int]]:
        """Train the planner, or go on where training was interrupted; nothing where it lies there.

        Raises:
            InvalidConfigError: The folder holds a planner that was trained otherwise.
        """
        wanted = {"suite": self.name, **self.base.__dict__}
        if (self.folder / "card.json").is_file():
            if load_network(self.folder)[2].card.get("base") != wanted:
                raise InvalidConfigError(
                    f"a planner in {self.folder.name} that was trained otherwise",
                    "one trained with the same settings",
                    "Choose another folder with --work, or remove this one.",
                )
            return
        recipe = Recipe(steps=self.base.steps, learning_rate=1e-3, average=0.9995)
        job = Job(self.design(), self._windows, recipe, self.base.seed, {"base": wanted})
        began, facts = time.process_time(), {**machine.commit(), "hardware": machine.facts()}
        steps: list[TrainStep] = []
        with closing(carry_out(job, folder=self.folder, facts=facts, compute=self._compute)) as training:
            for step in training:
                steps[:] = [step]
                yield step.step, self.base.steps
        self.cpu_seconds = time.process_time() - began

    def planner(self, maze: Maze) -> MazePlanner:
        """Return the planner in a maze."""
        design, network, _ = load_network(self.folder)
        made = assemble(maze, design, denoiser=network, compute=self._compute)
        return at_own_pace(made, maze, candidates=self._candidates)

    def old(self, maze: Maze) -> Old:
        """Return what draws data of the maps of the training, each with its map."""
        return drawing(self._windows)

    def errands(self, maze: Maze, *, seed: int, count: int) -> list[Reach]:
        """Return errands from anywhere to anywhere."""
        return errands(maze, seed=seed, count=count, home=0.0)


@final
class Closed:
    """D4RL's Medium and Large with one passage closed, met by the planners that ship.

    Args:
        candidates: Of a plan.
        compute: Device and threads.
        transitions: Of old data.
    """

    name = CLOSED

    def __init__(self, *, candidates: int, compute: Compute, transitions: int = 100_000) -> None:
        self._candidates, self._compute, self._transitions = candidates, compute, transitions
        self._windows: dict[str, Windows] = {}

    def prepare(self) -> Iterator[tuple[int, int]]:
        """Nothing is trained: the planners ship."""
        return iter(())

    def unseen(self, count: int) -> Sequence[Maze]:
        """Return mazes with a passage closed, drawn evenly from all such mazes."""
        every = [*closures(MEDIUM), *closures(LARGE)]
        chosen = np.random.default_rng(CHOICE).permutation(len(every))[:count]
        return [every[int(k)] for k in chosen]

    def known(self, count: int) -> Sequence[Maze]:
        """Return the mazes as the planners know them."""
        return (MEDIUM, LARGE)[:count]

    def design(self, maze: Maze) -> Design:
        """Return the shape of the plans of the maze whose passage was closed."""
        return load_network(WEIGHTS / _before(maze).name)[0]

    def planner(self, maze: Maze) -> MazePlanner:
        """Return the planner that ships, which is not told of the closed passage; its verifier is."""
        design, network, _ = load_network(WEIGHTS / _before(maze).name)
        made = assemble(maze, design, denoiser=network, compute=self._compute)
        return at_own_pace(made, maze, candidates=self._candidates)

    def old(self, maze: Maze) -> Old:
        """Return what draws data of the maze as it was, without the ways that are closed now."""
        before, design = _before(maze), self.design(maze)
        trajectories = design.trajectories(Geometry(before.map))
        if before.name not in self._windows:
            data = generate(Drives(before, size=self._transitions))
            self._windows[before.name] = Windows.of(data, trajectories, stride=design.stride)
        return possible(drawing(self._windows[before.name]), trajectories.limits, Geometry(maze.map))

    def errands(self, maze: Maze, *, seed: int, count: int) -> list[Reach]:
        """Return errands from anywhere to anywhere; every other one has a longer way since the passage was closed."""
        before, told, geometry = _before(maze), list[Reach](), Geometry(maze.map)
        for request in errands(maze, seed=seed, count=POOL * count, home=0.0):
            first, last = (geometry.xy_to_cell(place[:2]) for place in ends(request))
            longer = steps(maze.map, first)[last] > steps(before.map, first)[last]
            if longer or len(told) % 2 or maze == before:
                told.append(request)
            if len(told) == count:
                break
        return told


def _before(maze: Maze) -> Maze:
    """Return the maze before a passage was closed."""
    return MEDIUM if maze.name.startswith(MEDIUM.name) else LARGE


def drawing(windows: Windows) -> Old:
    """Return what draws batches of windows."""

    def draw(rng: Rng, count: int) -> Encoded:
        states, condition = replace(windows, batch=count)(rng)
        return Encoded(states, torch.zeros(count), torch.ones(count), condition)

    return draw


def possible(old: Old, limits: Limits, geometry: Geometry) -> Old:
    """Return what draws only such old data as lie between the walls that stand now."""

    def draw(rng: Rng, count: int) -> Encoded:
        drawn = old(rng, SPARE * count)
        places = limits.stretch(drawn.states)[..., :2].numpy()
        free = torch.from_numpy(geometry.is_free(places, slack=DEEPEST).all(axis=1)).nonzero().flatten()
        return drawn[free[torch.arange(count) % len(free)]]

    return draw
