"""The Maze2D benchmark: every row drives from the same starts, with seeded noise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
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
Drives: TypeAlias = Callable[[int, Array], Iterator[Episode]]
"""From a seed and its starts to one episode for each start."""

RANDOM, ORACLE, CEILING = "random", "oracle", "ceiling"
CELLS, DIFFUSER, OURS = "shortest cells, our tracker", "diffuser", "ours"
ROWS = (RANDOM, ORACLE, CEILING, CELLS, DIFFUSER, OURS)
"""The rows, in the order in which they are driven.

`random`: uniform forces. `oracle`: the way-point driver that made the data. `ceiling`: what no driver can beat.
`shortest cells, our tracker`: no network at all, the shortest way over cells driven by the tracker of `ours`.
`diffuser`: one sample of our network, unguided and unselected, tracked at its own pace. `ours`: the planner.
"""

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
    """Drives the rows of the benchmark and keeps the figures.

    Args:
        maze: Where.
        planner: The planner of the row `ours`; its network is also that of the row `diffuser`.
        seeds: Each seed gives its own starts and its own noise.
        episodes: Episodes for each seed.
        goal_starts: Whether the goal cell is a start too, as in D4RL's own reset; empty cells alone are harder.
        only: The rows to drive, out of `ROWS`.
        rows: The figures, in order, once `run` is through.
    """

    maze: Maze
    planner: MazePlanner
    seeds: Sequence[int]
    episodes: int
    goal_starts: bool = False
    only: Collection[str] = ROWS
    rows: list[Row] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if not self.seeds or self.episodes < 1:
            raise InvalidConfigError(
                f"{len(self.seeds)} seeds, {self.episodes} episodes", "at least one of each", "Use 5 and 100."
            )
        if not self.only or not set(self.only) <= set(ROWS):
            raise InvalidConfigError(
                f"rows {', '.join(self.only) or 'none'}",
                f"one or more of: {', '.join(ROWS)}",
                "Leave `only` out.",
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
        drives: dict[str, Drives] = {
            RANDOM: lambda seed, at: iter(random_row(self.maze, at, seed=seed)),
            ORACLE: lambda seed, at: iter(oracle_row(self.maze, at, seed=seed)),
            CEILING: lambda seed, at: iter(ceiling_row(self.maze, at)),
            CELLS: lambda seed, at: map(self._drive_cells, at),
            DIFFUSER: lambda seed, at: self._planned(self._drive_diffuser, seed, at),
            OURS: lambda seed, at: self._planned(self._drive_ours, seed, at),
        }
        self.rows.clear()
        for name in ROWS:
            if name in self.only:
                yield from self._row(name, drives[name])

    def _row(self, name: str, drives: Drives) -> Iterator[Tick]:
        self._seconds = []
        driven: list[Episode] = []
        for seed, states in self._starts.items():
            for episode in drives(seed, states):
                driven.append(episode)
                yield Tick(name, len(driven), len(self.seeds) * self.episodes)
        row: Row = {"name": name, "size": self.maze.name}
        row |= {key: score.to_json() for key, score in report(self.maze, driven).items()}
        if name == OURS:
            row["seed_means"] = self._seed_means(driven)
        if name in (OURS, DIFFUSER):
            row |= self._latency(1 if name == DIFFUSER else self.planner.count)
        self.rows.append(row)

    def _seed_means(self, driven: Sequence[Episode]) -> list[float]:
        """Return the mean of each seed: the normalised return where the maze has references, else the return."""
        key = "return" if self.maze.reference is None else "raw"
        parts = np.array_split(np.arange(len(driven)), len(self.seeds))
        return [report(self.maze, [driven[k] for k in part])[key].mean for part in parts]

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

    def _planned(self, drive: Callable[[Array, int], Episode], seed: int, states: Array) -> Iterator[Episode]:
        for index, start in enumerate(states):
            yield drive(start, (seed * self.episodes + index) * REPLANS)

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

    def _drive_cells(self, start: Array) -> Episode:
        """No network: the shortest way over cells, driven by our tracker, to show what the tracker alone does."""
        geometry = self._geometry
        cells = self.maze.map.path_cells(geometry.xy_to_cell(start[:2]), self.maze.goal)
        way = [start[:2], *(geometry.cell_to_xy(cell) for cell in cells[1:])]
        states = tuple((float(x), float(y), 0.0, 0.0) for x, y in way)
        plan = Trajectory(states=states, seconds=1.0, arrival=len(states) - 1)
        course = self._judge.course(reach(start, self._goal), plan)
        return self._episode(CourseTracker(course, engine=self._judge.engine), start)
