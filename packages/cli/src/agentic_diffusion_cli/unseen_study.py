"""A study of unseen mazes: each planner drives the same errands, before and after it has adapted, kept part by part."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, final

import numpy as np
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.planning.select import first
from agentic_diffusion.records import Verdict
from agentic_diffusion_evolve.explore import Explore, once
from agentic_diffusion_evolve.gate import Gate
from agentic_diffusion_evolve.keep import Keep
from agentic_diffusion_evolve.loop import evolve
from agentic_diffusion_evolve.memory import ListMemory, Memory
from agentic_diffusion_evolve.onward import Onward
from agentic_diffusion_evolve.tune import FineTune, Tuner, adapt_diffuser
from agentic_diffusion_worlds.maze.detour import Detours
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.pace import SoonestFree
from agentic_diffusion_worlds.maze.physics import MazePhysics
from agentic_diffusion_worlds.maze.planner import MazePlanner
from agentic_diffusion_worlds.maze.practice import WITHIN, Exam, Practice
from agentic_diffusion_worlds.maze.score import summary

from agentic_diffusion_cli import report
from agentic_diffusion_cli.evolve_maze import EXAMS, TRIES, MazeWorld
from agentic_diffusion_cli.evolve_ways import Sampled, ungated
from agentic_diffusion_cli.unseen_spend import Settled, Spend
from agentic_diffusion_cli.unseen_suites import Old, Suite

MazeTuner: TypeAlias = Tuner[Reach, Trajectory]

DIFFUSER, FROZEN, MORE, ADAPT, OURS = "diffuser", "frozen", "frozen, more candidates", "adaptdiffuser", "ours"
KNOWN = "frozen, maps of its training"
ROWS = (DIFFUSER, FROZEN, MORE, ADAPT, OURS)
TIMES = 8  # candidates of the row that spends them in planning instead of adapting
TESTS = 900_000
"""Seeds of the errands of the test lie here; those of practice count from 0, those of the gate lie between."""
NOISES = 10_000
"""Seeds of the batches of one generation lie this far from those of the next."""


@final
@dataclass(frozen=True)
class Adaptation:
    """How a planner adapts: what tries plans, what learns from them, what lets the result pass, what is tried."""

    world: MazeWorld
    tune: MazeTuner
    gate: Callable[[MazePlanner, MazePlanner], Verdict]
    explore: Explore[Reach, Trajectory]


@final
@dataclass(frozen=True)
class UnseenStudy:
    """Everything that the rows of a suite come from.

    Args:
        suite: Which mazes, and whose planner.
        spend: What an adaptation may spend.
        maps: Unseen mazes.
        seeds: Adaptations to each, every one with errands and noise of its own.
        errands: Of the test, for each maze and seed.
        folder: Where finished parts lie.
    """

    suite: Suite
    spend: Spend
    maps: int
    seeds: Sequence[int]
    errands: int
    folder: Path

    def parts(self) -> int:
        """Return how many parts there are."""
        return (self.maps * len(ROWS) + self._known()) * len(self.seeds)

    def _known(self) -> int:
        return len(self.suite.known(self.maps))

    def run(self) -> Iterator[str]:
        """Do all parts, yielding after each; those that lie in the folder are taken as they are.

        Raises:
            InvalidConfigError: The folder holds a study with other settings.
        """
        self._claim()
        for seed in self.seeds:
            for maze in self.suite.known(self.maps):
                self.part(KNOWN, maze, seed)
                yield f"{maze.name}: {KNOWN}"
            for maze in self.suite.unseen(self.maps):
                for name in ROWS:
                    self.part(name, maze, seed)
                    yield f"{maze.name}: {name}"

    def _claim(self) -> None:
        candidates = self.suite.planner(self.suite.unseen(1)[0]).count
        facts = {**asdict(self.spend), "errands": self.errands, "candidates in the test": candidates}
        wanted = json.loads(json.dumps(facts))
        path = self.folder / "settings.json"
        if not path.is_file():
            report.write_json(wanted, str(path))
        elif json.loads(path.read_text(encoding="utf-8")) != wanted:
            raise InvalidConfigError(
                f"other settings than those of the study in {self.folder.name}",
                "the same settings",
                "Choose another folder with --work, or remove this one.",
            )

    def part(self, name: str, maze: Maze, seed: int) -> dict[str, Any]:
        """Return what a row comes to in one maze: made now, or taken from the folder.

        It holds for each errand of the test whether it `settled` in the goal and the share of time `inside`; where
        the planner adapted also the generations (`fates`) and the processor seconds of that.
        """
        path = self._path(name, maze, seed)
        if not path.is_file():
            made = self._adapted(name, maze, seed) if name in (ADAPT, OURS) else self._still(name, maze, seed)
            report.write_json(made, str(path))
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return told

    def _path(self, name: str, maze: Maze, seed: int) -> Path:
        return self.folder / f"{name.replace(', ', '-').replace(' ', '-')}-{maze.name}-{seed}.json"

    def drive(self, planner: MazePlanner, maze: Maze, seed: int) -> dict[str, Any]:
        """Return for each errand of the test whether it settled in the goal, and the share of time spent there."""
        exam, told = Exam(MazePhysics(maze.map), maze.limit), []
        for index, task in enumerate(self.suite.errands(maze, seed=TESTS + seed, count=self.errands)):
            (outcome,) = exam(planner.plan(task, seed=index))
            told.append(outcome)
        return {
            "settled": [float(bool(outcome.evidence["settled"])) for outcome in told],
            "inside": [outcome.reward for outcome in told],
        }

    def _still(self, name: str, maze: Maze, seed: int) -> dict[str, Any]:
        planner = self.suite.planner(maze)
        if name == DIFFUSER:
            planner = replace(planner, count=1, select=first)
        elif name == MORE:
            planner = replace(planner, count=TIMES * planner.count)
        return self.drive(planner, maze, seed)

    def _adapted(self, name: str, maze: Maze, seed: int) -> dict[str, Any]:
        """Adapt and drive; the seconds are of adaptation alone."""
        old = self.suite.old(maze) if name == OURS else None
        began = time.process_time()
        planner, fates = self.suite.planner(maze), []
        way = self.recipe_of_adaptdiffuser(maze, seed) if old is None else self.ours(maze, seed, old)
        for generation, active in evolve(
            planner,
            lambda number: self.suite.errands(maze, seed=(seed + 1) * TRIES + number, count=self.spend.tasks),
            way.world,
            memory=ListMemory(),
            tune=way.tune,
            gate=way.gate,
            rounds=self.spend.rounds,
            explore=way.explore,
        ):
            planner = active
            fates.append(generation.model_dump(mode="json"))
        seconds = time.process_time() - began
        return {**self.drive(planner, maze, seed), "fates": fates, "seconds": seconds}

    def ours(self, maze: Maze, seed: int, old: Old) -> Adaptation:
        """Return our recipe: detours where plans fail, what was really driven, old data, a gate."""
        spend, design, physics = self.spend, self.suite.design(maze), MazePhysics(maze.map)
        geometry = Geometry(maze.map)
        detours = Detours(geometry, SoonestFree(geometry), design.horizon, easy=spend.easy)
        practice = Practice(
            physics,
            maze.limit,
            design.stride,
            design.horizon,
            variations=spend.paces,
            best=spend.drives,
        )
        held = self.suite.errands(maze, seed=EXAMS + seed, count=spend.exams)
        exam: MazeWorld = Exam(physics, maze.limit)
        tuner = self._tuner(old, seed)

        def explore(planner: Any, task: Reach, *, seed: int) -> Sequence[Any]:
            met = tuner.newest(planner) if isinstance(tuner, Onward) else planner
            return detours(replace(met, count=spend.candidates), task, seed=seed)

        return Adaptation(
            practice,
            tuner,
            Gate(held, Settled(exam) if spend.success else exam, seeds=(0,)),
            explore,
        )

    def _tuner(self, old: Old, seed: int) -> MazeTuner:
        spend = self.spend
        keep: Keep[Reach, Trajectory] = Keep(share=1.0, limit=WITHIN)

        def tuner(number: int) -> MazeTuner:
            noise = seed + number * NOISES
            return FineTune(old, self._recipe(), batch=spend.batch, seed=noise, keep=keep, new=spend.new)

        return Onward(tuner) if spend.onward else tuner(0)

    def recipe_of_adaptdiffuser(self, maze: Maze, seed: int) -> Adaptation:
        """Return AdaptDiffuser's recipe: the better half of plans if they reached the goal, new data alone, no gate."""
        spend = self.spend

        def tune(planner: MazePlanner, memory: Memory[Reach, Trajectory]) -> MazePlanner:
            reached = [outcome.reward for outcome in memory if outcome.reward > 0]
            if not reached:
                return planner
            least = max(min(reached), float(np.median([outcome.reward for outcome in memory])))
            return adapt_diffuser(self._recipe(), least=least, batch=spend.batch, seed=seed)(planner, memory)

        def explore(planner: Any, task: Reach, *, seed: int) -> Sequence[Any]:
            return once(replace(planner, count=spend.candidates), task, seed=seed)

        # as many drives as practice, which drives each variation and then what came of it
        world = Sampled(Exam(MazePhysics(maze.map), maze.limit), 2 * len(spend.paces) * spend.drives)
        return Adaptation(world, tune, ungated, explore)

    def _recipe(self) -> Recipe:
        s = self.spend
        return Recipe(steps=s.steps, learning_rate=s.learning_rate, warmup=20, average=0.98)

    def rows(self) -> list[dict[str, Any]]:
        """Return the figures of all rows, once `run` is through; one maze is one sample, gains are paired by errand."""
        rows = [self._row(name, self.suite.unseen(self.maps)) for name in ROWS]
        return [*rows, self._row(KNOWN, self.suite.known(self.maps))]

    def _row(self, name: str, mazes: Sequence[Maze]) -> dict[str, Any]:
        parts = {maze.name: [self.part(name, maze, seed) for seed in self.seeds] for maze in mazes}
        success = [100 * float(np.mean([part["settled"] for part in told])) for told in parts.values()]
        row: dict[str, Any] = {
            "name": name,
            "suite": self.suite.name,
            "success": summary(success).to_json(),
            "by_map": dict(zip(parts, success, strict=True)),
        }
        if name != KNOWN:
            base = [
                100 * float(np.mean([self.part(FROZEN, maze, seed)["settled"] for seed in self.seeds]))
                for maze in mazes
            ]
            row["gain"] = summary([a - b for a, b in zip(success, base, strict=True)]).to_json()
        told = [part for some in parts.values() for part in some]
        if "seconds" in told[0]:
            row["cpu_seconds"] = summary([part["seconds"] for part in told]).to_json()
            row["promoted"] = [[bool(fate["promoted"]) for fate in part["fates"]] for part in told]
        return row
