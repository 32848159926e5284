"""A journey through a maze: a LangGraph in which a diffusion planner plans and a ball is driven in MuJoCo."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, final

import numpy as np
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.domains.trajectory import Reach
from agentic_diffusion.records import DenoiseEvent
from agentic_diffusion_worlds.maze.domain import FastestFree, reach
from agentic_diffusion_worlds.maze.geometry import Array, Geometry
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.physics import DT, MazePhysics
from agentic_diffusion_worlds.maze.pilot import MazePlan, Pilot
from agentic_diffusion_worlds.maze.planner import MazePlanner
from agentic_diffusion_worlds.maze.score import Episode, ceiling_row, judge, oracle_row, starts
from langgraph.config import get_stream_writer
from langgraph_agentic_diffusion import DiffusionPlannerNode, create_plan_act_graph
from torch import Tensor

DRIVE: Final = "agentic_diffusion.drive"
"""The `type` of the events that tell how far the drive is."""

ARRIVED, LOOK, LOST, AGAIN = "arrived", "time for a new look", "off the course", "no plan passed, drawn again"
EVERY = 20  # steps between two events
Watch: TypeAlias = Callable[[Mapping[str, Any]], None]


@final
@dataclass
class Filmed:
    """A planner that keeps what it saw: the candidates of every plan, as noise and after each denoising step.

    Args:
        planner: What plans.
        takes: For each plan a list of positions (candidates, horizon, 2), the noise first.
    """

    planner: MazePlanner
    takes: list[list[Array]] = field(default_factory=list, init=False)

    def plan(
        self,
        request: Reach,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> MazePlan:
        """Plan as the planner does, and keep every draft."""
        drafts: list[Tensor] = []
        run = self.planner.drafts(request, seed=seed, budget=budget)
        while True:
            try:
                draft = next(run)
            except StopIteration as end:
                plan: MazePlan = end.value
                break
            drafts.append(draft.states)
            if watch is not None:
                watch(draft.event)
        self.takes.append([self._positions(x) for x in (self._noise(request, seed), *drafts)])
        return plan

    def _noise(self, request: Reach, seed: int) -> Tensor:
        """Return the noise that a plan with this seed begins with."""
        planner = self.planner
        blank = planner.domain.blank(request, planner.count)
        return planner.domain.condition(request).pin(planner.process.noise(blank, generator(seed)))

    def _positions(self, x: Tensor) -> Array:
        return np.array([[state[:2] for state in way.states] for way in self.planner.domain.decode(x.cpu())])


@final
@dataclass(frozen=True)
class Round:
    """What acting on one plan came to.

    Args:
        plan: The plan.
        step: The step of the episode at which it was made.
        followed: The index of the plan that was followed from then on; None where the course under way was kept.
        ending: Why this round ended.
    """

    plan: MazePlan
    step: int
    followed: int | None
    ending: str


@final
@dataclass
class Driver:
    """Acts on plans: drives the ball until it has arrived, has left its course, or it is time for a new look.

    Args:
        maze: Where.
        pilot: Holds the ball to a plan's course.
        start: The first state.
        glance: Steps after which a new plan is asked for, until the goal is reached.
        tries: How often a plan that fails verification is drawn again before the best of them is driven.
        states: The state after each step.
        contacts: Steps that began in contact with a wall.
        rounds: Every plan, in order.
    """

    maze: Maze
    pilot: Pilot
    start: Array
    glance: int = 150
    tries: int = 3
    states: list[Array] = field(default_factory=list, init=False)
    contacts: int = field(default=0, init=False)
    rounds: list[Round] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.physics = MazePhysics(self.maze.map)
        self.state = self.physics.reset(self.start[:2], self.start[2:])
        self._left = math.inf  # seconds that the course under way still takes
        self._drawn: list[tuple[int, MazePlan]] = []

    def __call__(self, plan: MazePlan) -> dict[str, Any]:
        """Drive a plan; return the request from where the ball is then, with the next seed."""
        step, index = len(self.states), len(self.rounds)
        passed, lost = plan.chosen.verdict.passed, self.pilot.lost(self.state)
        self._drawn.append((index, plan))
        if lost and not passed and len(self._drawn) < self.tries:
            self.rounds.append(Round(plan, step, followed=None, ending=AGAIN))
            return self._next(plan, done=False)
        best, chosen = max(self._drawn, key=lambda pair: _rank(pair[1]))
        self._drawn.clear()
        follow = lost or (passed and _seconds(chosen) < self._left)
        if follow:
            self._left = _seconds(chosen)
            self.pilot.follow(chosen)
        ending = self.drive(self.glance)
        self.rounds.append(Round(plan, step, followed=best if follow else None, ending=ending))
        return self._next(plan, done=len(self.states) >= self.maze.limit)

    def drive(self, most: int) -> str:
        """Drive so many steps at most, without end once the goal is reached; return why it ended."""
        write, begun = get_stream_writer(), len(self.states)
        while len(self.states) < self.maze.limit:
            if self.pilot.lost(self.state):
                return LOST
            if len(self.states) - begun >= most and not self._arrived():
                return LOOK
            self.state = self.physics.step(self.pilot(self.state))
            self.contacts += self.physics.touching
            self.states.append(self.state)
            self._left -= DT
            if len(self.states) % EVERY == 0 or len(self.states) == self.maze.limit:
                write({"type": DRIVE, "step": len(self.states), "limit": self.maze.limit})
        return ARRIVED if self._arrived() else "the episode is over"

    def _arrived(self) -> bool:
        away = float(np.linalg.norm(self.state[:2] - self.pilot.goal))
        return away <= self.physics.profile.goal_radius

    def _next(self, plan: MazePlan, *, done: bool) -> dict[str, Any]:
        return {
            "request": reach(self.state, self.pilot.goal),
            "seed": plan.seed + 1,
            "done": done,
            "observation": {"state": [round(float(v), 4) for v in self.state], "step": len(self.states)},
        }


def _rank(plan: MazePlan) -> tuple[bool, float]:
    return plan.chosen.verdict.passed, plan.chosen.verdict.score


def _seconds(plan: MazePlan) -> float:
    """Return how long the chosen course takes to the goal; without end where a wall lies before it."""
    verdict = plan.chosen.verdict
    return -verdict.score if verdict.passed else math.inf


@final
@dataclass(frozen=True)
class Journey:
    """A whole episode and what to compare it with.

    Args:
        maze: Where.
        start: The first state.
        rounds: Every plan that was made.
        takes: The denoising of each of them (see `Filmed`).
        states: The state after each step, (t, 4).
        ours: What the drive came to.
        oracle: What the way-point driver that made the training data comes to from the same start.
        ceiling: What no driver can beat from there.
    """

    maze: Maze
    start: Array
    rounds: tuple[Round, ...]
    takes: tuple[list[Array], ...]
    states: Array
    ours: Episode
    oracle: Episode
    ceiling: Episode

    @property
    def followed(self) -> list[tuple[int, int]]:
        """For each plan that was followed: from which step, and its index."""
        return [(each.step, each.followed) for each in self.rounds if each.followed is not None]

    @property
    def first(self) -> int:
        """The index of the first plan that was followed."""
        return self.followed[0][1]


def travel(maze: Maze, planner: MazePlanner, *, seed: int, watch: Watch) -> Journey:
    """Plan and drive one episode as a graph, telling `watch` every event of its custom stream.

    Raises:
        InvalidStateError: The start cannot be planned from.
    """
    (start,) = starts(maze, seed=seed, count=1)
    geometry = Geometry(maze.map)
    goal = geometry.cell_to_xy(maze.goal)
    filmed = Filmed(planner)
    driver = Driver(maze, Pilot(filmed, FastestFree(geometry), goal), start)
    most = 20 + 5 * maze.limit // driver.glance
    node = DiffusionPlannerNode(filmed, seed=seed, interval=0.0)
    graph = create_plan_act_graph(node, driver, max_rounds=most).compile()
    asked = {"request": reach(start, goal).model_dump(mode="json"), "seed": seed}
    for event in graph.stream(asked, {"recursion_limit": 2 * most + 10}, stream_mode="custom"):
        watch(event)
    states = np.array([start, *driver.states])[1:]
    at = np.array([start])
    return Journey(
        maze,
        start,
        tuple(driver.rounds),
        tuple(filmed.takes),
        states,
        ours=_judged(driver, states, goal=goal),
        oracle=oracle_row(maze, at, seed=seed)[0],
        ceiling=ceiling_row(maze, at)[0],
    )


def _judged(driver: Driver, states: Array, *, goal: Array) -> Episode:
    radius = driver.physics.profile.goal_radius
    return judge(states, goal=goal, radius=radius, contacts=driver.contacts)
