"""The Maze2D benchmark: every row drives from the same starts, with seeded noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion.planning.select import first

from agentic_diffusion_worlds.maze.domain import FastestFree, reach
from agentic_diffusion_worlds.maze.geometry import Array, Geometry
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.physics import MazePhysics
from agentic_diffusion_worlds.maze.pilot import Pilot
from agentic_diffusion_worlds.maze.planner import MazePlanner
from agentic_diffusion_worlds.maze.score import (
    Episode,
    Policy,
    ceiling_row,
    oracle_row,
    random_row,
    report,
    run_episode,
    starts,
)
from agentic_diffusion_worlds.maze.tracker import CourseTracker, PlanTracker

Row: TypeAlias = dict[str, Any]
Drive: TypeAlias = Callable[[Array, int], Episode]

REPLANS = 1000  # seeds set aside for the plans of one episode


@final
@dataclass(frozen=True)
class Tick:
    """Progress: so many episodes of a row are done."""

    row: str
    done: int
    total: int


@final
@dataclass
class MazeBench:
    """Drives every row of the benchmark and keeps the figures.

    Args:
        maze: Where.
        planner: The planner of the row `ours`; its network is also that of the row `diffuser`.
        seeds: Each seed gives its own starts and its own noise.
        episodes: Episodes for each seed.
        goal_starts: Whether the goal cell is a start too, as in D4RL's own reset; empty cells alone are harder.
        rows: The figures, in order, once `run` is through.
    """

    maze: Maze
    planner: MazePlanner
    seeds: Sequence[int]
    episodes: int
    goal_starts: bool = False
    rows: list[Row] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if not self.seeds or self.episodes < 1:
            raise InvalidConfigError(
                f"{len(self.seeds)} seeds, {self.episodes} episodes", "at least one of each", "Use 5 and 100."
            )
        self._physics = MazePhysics(self.maze.map)
        self._geometry = Geometry(self.maze.map)
        self._goal = self._geometry.cell_to_xy(self.maze.goal)
        self._judge = FastestFree(self._geometry)
        self._starts = {
            seed: starts(self.maze, seed=seed, count=self.episodes, goal=self.goal_starts)
            for seed in self.seeds
        }
        self._seconds: list[float] = []

    def run(self) -> Iterator[Tick]:
        """Drive all rows, yielding after every episode."""
        total = len(self.seeds) * self.episodes
        for name, whole in (("random", random_row), ("oracle", oracle_row)):
            driven = [e for seed, at in self._starts.items() for e in whole(self.maze, at, seed=seed)]
            self._note(name, driven)
            yield Tick(name, total, total)
        ceiling = [e for at in self._starts.values() for e in ceiling_row(self.maze, at)]
        self._note("ceiling", ceiling)
        for name, drive in (
            ("shortest cells, our tracker", self._drive_cells),
            ("diffuser", self._drive_diffuser),
            ("ours", self._drive_ours),
        ):
            yield from self._row(name, drive)

    def _row(self, name: str, drive: Drive) -> Iterator[Tick]:
        self._seconds = []
        driven: list[Episode] = []
        for seed, states in self._starts.items():
            for index, start in enumerate(states):
                driven.append(drive(start, (seed * self.episodes + index) * REPLANS))
                yield Tick(name, len(driven), len(self.seeds) * self.episodes)
        self._note(name, driven)

    def _note(self, name: str, driven: Sequence[Episode]) -> None:
        row: Row = {"name": name, "size": self.maze.name}
        row |= {key: score.to_json() for key, score in report(self.maze, driven).items()}
        if driven and self.maze.reference is not None and name == "ours":
            row["seed_means"] = self._seed_means(driven)
        if name in ("ours", "diffuser"):
            row |= self._latency(1 if name == "diffuser" else self.planner.count)
        self.rows.append(row)

    def _seed_means(self, driven: Sequence[Episode]) -> list[float]:
        parts = np.array_split(np.arange(len(driven)), len(self.seeds))
        return [report(self.maze, [driven[k] for k in part])["raw"].mean for part in parts]

    def _latency(self, count: int) -> Row:
        p50, p95 = np.percentile(np.array(self._seconds) * 1e3, [50, 95])
        return {
            "plan_ms_p50": round(float(p50), 2),
            "plan_ms_p95": round(float(p95), 2),
            "plans": len(self._seconds),
            "candidates": count,
            "steps": self.planner.steps,
            "device": str(self.planner.compute.where),
        }

    def _episode(self, policy: Policy, start: Array) -> Episode:
        return run_episode(self._physics, policy, maze=self.maze, start=start)

    def _drive_ours(self, start: Array, seed: int) -> Episode:
        pilot = Pilot(self.planner, self._judge, self._goal, seed=seed)
        episode = self._episode(pilot, start)
        self._seconds += [plan.seconds for plan in pilot.plans]
        return episode

    def _drive_diffuser(self, start: Array, seed: int) -> Episode:
        """One sample, no selection, no replanning, tracked at the plan's own pace: Diffuser's recipe on our network."""
        plan = replace(self.planner, count=1, select=first).plan(reach(start, self._goal), seed=seed)
        self._seconds.append(plan.seconds)
        return self._episode(PlanTracker(plan.chosen.value), start)

    def _drive_cells(self, start: Array, seed: int) -> Episode:
        """No network: the shortest way over cells, driven by our tracker, to show what the tracker alone does."""
        geometry = self._geometry
        cells = self.maze.map.path_cells(geometry.xy_to_cell(start[:2]), self.maze.goal)
        way = [start[:2], *(geometry.cell_to_xy(cell) for cell in cells[1:])]
        states = tuple((float(x), float(y), 0.0, 0.0) for x, y in way)
        plan = Trajectory(states=states, seconds=1.0, arrival=len(states) - 1)
        course = self._judge.course(reach(start, self._goal), plan)
        return self._episode(CourseTracker(course, engine=self._judge.engine), start)
