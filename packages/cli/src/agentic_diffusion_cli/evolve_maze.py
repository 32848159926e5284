"""Evolution in a maze: what one run is made of, from planners that are driven at their own pace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias, final

import torch
from agentic_diffusion.denoising.state import Rng
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Verdict
from agentic_diffusion_evolve.encoded import Encoded
from agentic_diffusion_evolve.evict import Recent
from agentic_diffusion_evolve.gate import Gate
from agentic_diffusion_evolve.keep import Keep
from agentic_diffusion_evolve.lineage import Lineage
from agentic_diffusion_evolve.loop import Generation, evolve
from agentic_diffusion_evolve.memory import ListMemory, Memory
from agentic_diffusion_evolve.sqlite import SqliteMemory
from agentic_diffusion_evolve.tune import FineTune, Tuner, with_weights
from agentic_diffusion_worlds.maze.dataset import MazeData, generate
from agentic_diffusion_worlds.maze.domain import FastestFree
from agentic_diffusion_worlds.maze.errands import errands, homeward
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.pace import AS_PLANNED, SoonestFree, Variation
from agentic_diffusion_worlds.maze.physics import MazePhysics
from agentic_diffusion_worlds.maze.pilot import Pilot
from agentic_diffusion_worlds.maze.planner import Design, MazePlanner
from agentic_diffusion_worlds.maze.practice import WITHIN, Exam, MazeOutcome, MazePlan, Practice
from agentic_diffusion_worlds.maze.recording import Recipe as Drives
from agentic_diffusion_worlds.maze.score import normalised, run_episode, starts
from agentic_diffusion_worlds.maze.windows import Windows

MazeWorld: TypeAlias = Callable[[MazePlan], Sequence[MazeOutcome]]
MazeGate: TypeAlias = Callable[[MazePlanner, MazePlanner], Verdict]
MazeTuner: TypeAlias = Tuner[Reach, Trajectory]

EXAMS = 500_000
"""Seeds of the starts that the gate examines with lie here; those of the benchmark count from 0."""
TRIES = 100_000
"""Seeds of the errands of one run lie this far from those of the next."""


@final
@dataclass(frozen=True)
class Settings:
    """What evolution in a maze may spend, and how it varies and learns.

    Args:
        tasks: Errands a round.
        exams: Held-out starts that the gate examines both planners from.
        steps: Optimiser steps a round.
        learning_rate: Peak rate; the planners were trained with 0.001.
        average: Decay of the moving average of the weights.
        batch: States a step.
        new: The share of new data in a batch; with half of it old, the slow plans of the data blur the fast ones.
        share: The best share of each errand that is learned from.
        paces: How fast each plan is driven, times its own pace.
        blur: How far, in seconds, plans that are driven faster are evened out.
        tails: Later starts that are cut from the best drive of an errand.
        rounds_kept: Rounds whose outcomes are remembered.
        old: Transitions of the data that is mixed in, driven anew by the driver that the planners were trained on.
        candidates: Candidates of a plan.
        seed: Of errands, exams, batches and noise.
    """

    tasks: int = 96
    exams: int = 100
    steps: int = 300
    learning_rate: float = 5e-4
    average: float = 0.98
    batch: int = 64
    new: float = 0.8
    share: float = 0.5
    paces: tuple[float, ...] = (1.0, 1.2)
    blur: float = 0.05
    tails: int = 6
    rounds_kept: int = 2
    old: int = 200_000
    candidates: int = 32
    seed: int = 0


def at_own_pace(planner: MazePlanner, maze: Maze, *, candidates: int | None = None) -> MazePlanner:
    """Return a planner whose candidates are judged as they will be driven: at the pace of the plan."""
    judge = SoonestFree(Geometry(maze.map))
    return replace(planner, verify=judge, count=candidates or planner.count)


def drawing(data: MazeData, maze: Maze, design: Design) -> Callable[[Rng, int], Encoded]:
    """Return what draws batches of old data, as planners of this design were first trained on."""
    windows = Windows.of(data, design.trajectories(Geometry(maze.map)), stride=design.stride)

    def draw(rng: Rng, count: int) -> Encoded:
        states, condition = replace(windows, batch=count)(rng)
        return Encoded(states, torch.zeros(count), torch.ones(count), condition)

    return draw


@final
@dataclass(frozen=True)
class Workplace:
    """Where evolution happens: a maze, the shape of plans, and the simulator.

    Args:
        maze: Where.
        design: The shape of plans.
        settings: What may be spent.
    """

    maze: Maze
    design: Design
    settings: Settings

    def errands(self, number: int) -> list[Reach]:
        """Return the errands of a round, the same for the same number."""
        settings = self.settings
        return errands(self.maze, seed=(settings.seed + 1) * TRIES + number, count=settings.tasks)

    def practice(self) -> Practice:
        """Return the world that practises."""
        settings = self.settings
        return Practice(
            MazePhysics(self.maze.map),
            self.maze.limit,
            self.design.stride,
            self.design.horizon,
            variations=tuple(
                Variation(pace, settings.blur) if pace != 1 else AS_PLANNED for pace in settings.paces
            ),
            tails=settings.tails,
        )

    def exam(self) -> Exam:
        """Return the world that drives plans as they are."""
        return Exam(MazePhysics(self.maze.map), self.maze.limit)

    def gate(self, world: MazeWorld | None = None) -> MazeGate:
        """Return the gate: paired starts that are never practised on, and a gain that is beyond doubt."""
        held = homeward(self.maze, seed=EXAMS + self.settings.seed, count=self.settings.exams)
        gate: Gate[Reach, Trajectory] = Gate(held, world or self.exam(), seeds=(0,))
        return gate

    def recipe(self) -> Recipe:
        """Return how to train."""
        s = self.settings
        return Recipe(steps=s.steps, learning_rate=s.learning_rate, warmup=20, average=s.average)

    def tuner(self, old: Callable[[Rng, int], Encoded]) -> MazeTuner:
        """Return the tuner: the best executable drives of each errand, and some old data."""
        s = self.settings
        keep: Keep[Reach, Trajectory] = Keep(share=s.share, limit=WITHIN)
        return FineTune(old, self.recipe(), batch=s.batch, seed=s.seed, keep=keep, new=s.new)

    def old(self) -> Callable[[Rng, int], Encoded]:
        """Return what draws old data; they are driven now."""
        data = generate(Drives(self.maze, size=self.settings.old, seed=self.settings.seed))
        return drawing(data, self.maze, self.design)

    def memory(self, path: Path | None = None) -> Memory[Reach, Trajectory]:
        """Return a memory of the last rounds, in a file where a path is given."""
        settings = self.settings
        evict = Recent(settings.rounds_kept * settings.tasks * (len(settings.paces) + settings.tails))
        if path is None:
            return ListMemory(evict=evict)
        return SqliteMemory(path, Reach, Trajectory, evict=evict)


@final
@dataclass(frozen=True)
class Way:
    """How to evolve: what tries plans, what learns from them, and what lets the result pass.

    Args:
        world: Tries plans.
        tune: Makes candidates.
        gate: Judges them.
    """

    world: MazeWorld
    tune: MazeTuner
    gate: MazeGate


def evolution(
    place: Workplace,
    planner: MazePlanner,
    *,
    rounds: int,
    folder: Path | None = None,
    tick: Callable[[str], None] = lambda what: None,
    way: Way | None = None,
) -> Iterator[tuple[Generation, MazePlanner]]:
    """Evolve a planner, yielding after each round; with a folder an interrupted run goes on where it stopped.

    Args:
        place: Where, and what may be spent.
        planner: The first planner.
        rounds: Rounds in all, those of an interrupted run included.
        folder: Where memory and lineage are kept.
        tick: Told after each drive what was done: `practice` or `exam`.
        way: How; ours when left out.
    """
    if way is None:
        exam = _ticking(place.exam(), tick, "exam")
        way = Way(place.practice(), place.tuner(place.old()), place.gate(exam))
    yield from evolve(
        planner,
        place.errands,
        _ticking(way.world, tick, "practice"),
        memory=place.memory(None if folder is None else folder / "memory.db"),
        tune=way.tune,
        gate=way.gate,
        rounds=rounds,
        lineage=None if folder is None else Lineage(folder / "lineage"),
    )


def _ticking(world: MazeWorld, tick: Callable[[str], None], what: str) -> MazeWorld:
    def tried(plan: MazePlan) -> Sequence[MazeOutcome]:
        told = world(plan)
        tick(what)
        return told

    return tried


def scored(
    place: Workplace, planner: MazePlanner, lineage: Lineage, *, episodes: int, seed: int = 0
) -> dict[str, list[float]]:
    """Return raw scores from the benchmark's starts, which neither practice nor gate has seen.

    `first` and `active` are those generations at their own pace, `timed` is the active one with the time-optimal
    tracker of the benchmark Maze2D.
    """
    maze, exam, scores = place.maze, place.exam(), dict[str, list[float]]()
    evolved = with_weights(planner, lineage.weights().tensors)
    for name, driven in (("first", with_weights(planner, lineage.weights(0).tensors)), ("active", evolved)):
        scores[name] = []
        for index, request in enumerate(homeward(maze, seed=seed, count=episodes)):
            (outcome,) = exam(driven.plan(request, seed=index))
            scores[name].append(_raw(outcome.reward * maze.limit, maze))
    physics, judge = MazePhysics(maze.map), FastestFree(Geometry(maze.map))
    goal, quickest = physics.cell_to_xy(maze.goal), replace(evolved, verify=judge)
    scores["timed"] = []
    for index, start in enumerate(starts(maze, seed=seed, count=episodes)):
        pilot = Pilot(quickest, judge, goal, seed=index * 1000)
        scores["timed"].append(_raw(run_episode(physics, pilot, maze=maze, start=start).raw, maze))
    return scores


def _raw(steps: float, maze: Maze) -> float:
    return steps if maze.reference is None else normalised(steps, maze)
