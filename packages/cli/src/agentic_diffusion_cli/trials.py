"""Trials of confidence: maze plans with what is known before they are driven, and whether they worked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, final

import numpy as np
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.confidence import share_passed
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Candidate
from agentic_diffusion_evolve.weigh import RestorationGap
from agentic_diffusion_worlds.maze.courses import BALL, Engine
from agentic_diffusion_worlds.maze.domain import reach
from agentic_diffusion_worlds.maze.errands import errands
from agentic_diffusion_worlds.maze.geometry import Array, Geometry
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.pace import Reference, SoonestFree, timed
from agentic_diffusion_worlds.maze.physics import DT, MazePhysics
from agentic_diffusion_worlds.maze.planner import MazePlanner, load_planner
from agentic_diffusion_worlds.maze.practice import DAMPING, PULL, Exam, MazePlan

NEAR = 0.5  # plans whose places differ by less than this at each moment, in the mean, agree
TIGHT = (0.0, -0.05, -0.1)  # how deep a way may cut into a wall: below 0 it must keep off
SUNK = 0.08  # as deep in a wall as this the middle of the ball is all but inside
FEATURES = (
    *("clear", "excess", "seconds", "passed", "agreement", "gap", "reach", "speed", "score", "tight"),
    *("blocked", "longest", "strayed", "blocked free", "longest free"),
    *("blocked, log", "blocked, some", "blocked, much"),
    *("blocked free, log", "blocked free, some", "blocked free, much"),
)
SOME, MUCH = 0.15, 0.4  # lengths of a way in walls: a corner that is cut, and a wall that is crossed


@final
@dataclass(frozen=True)
class Case:
    """One kind of planning in the mix.

    Args:
        name: What it is called.
        steps: Denoising steps.
        count: Candidates.
        rush: Largest speed of the start on each axis; 0 for the starts of the benchmark.
        share: How often it comes, relative to the others.
    """

    name: str
    steps: int
    count: int
    rush: float = 0.0
    share: int = 1


MIX = (
    Case("as shipped", 3, 16, share=2),
    Case("one candidate", 3, 1, share=3),
    Case("one step", 1, 4, share=2),
    Case("one step, one candidate", 1, 1),
    Case("fast start", 3, 4, rush=5.0, share=3),
    Case("fast start, one candidate", 3, 1, rush=5.0),
)
"""Plans that mostly work and plans that often do not; chosen on calibration seeds so that about one in ten fails."""


@final
@dataclass(frozen=True)
class Trial:
    """A plan that was driven once, without a second plan.

    Args:
        maze: Where.
        case: How it was planned.
        features: What is known before the drive, in the order of `FEATURES`.
        raw: The selector's confidence.
        worked: Whether the ball was in the goal at the end of the episode.
    """

    maze: str
    case: str
    features: tuple[float, ...]
    raw: float
    worked: bool

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {**asdict(self), "features": list(self.features)}


@final
@dataclass(frozen=True)
class Ground:
    """Where trials are made: a maze with a planner that is driven at its own pace.

    Args:
        maze: Where.
        planner: Makes plans.
        judge: Its verifier.
    """

    maze: Maze
    planner: MazePlanner
    judge: SoonestFree

    @classmethod
    def shipped(cls, maze: Maze) -> Ground:
        """Return the ground of a maze with the planner that ships."""
        judge = SoonestFree(Geometry(maze.map))
        planner = load_planner(maze, compute=Compute(device="cpu"))
        return cls(maze, replace(planner, verify=judge), judge)

    def trials(self, *, seed: int, count: int, mix: Sequence[Case] = MIX) -> Iterator[Trial]:
        """Yield so many trials; errands lead from anywhere to anywhere.

        Raises:
            InvalidConfigError: The mix is empty.
        """
        if not mix:
            raise InvalidConfigError("an empty mix", "at least one case", "Leave it out.")
        rng = np.random.default_rng(seed)
        exam, cases = (
            Exam(MazePhysics(self.maze.map), self.maze.limit),
            [c for c in mix for _ in range(c.share)],
        )
        for index, plain in enumerate(errands(self.maze, seed=seed, count=count, home=0.0)):
            case = cases[int(rng.integers(len(cases)))]
            request = _rushed(plain, rng.uniform(-case.rush, case.rush, 2)) if case.rush else plain
            planner = replace(self.planner, steps=case.steps, count=case.count)
            plan = planner.plan(request, seed=seed * 100_000 + index)
            (outcome,) = exam(plan)
            features = self.features(plan)
            yield Trial(
                self.maze.name, case.name, features, plan.confidence, bool(outcome.evidence["settled"])
            )

    def features(self, plan: MazePlan) -> tuple[float, ...]:
        """Return what is known of a plan before it is driven."""
        chosen, told = plan.chosen, plan.chosen.verdict.evidence
        start = np.array(plan.request.start)
        goal = np.array((plan.request.goal or ())[:2], dtype=float)
        way = timed(chosen.value)
        free = without_walls(way, start=start, engine=self.judge.engine)
        planned, driven = self.blocked(way.position), self.blocked(free)
        tight = [self.clear(plan, slack) for slack in TIGHT]
        return (
            float(str(told["clear"])),
            float(str(told["excess"])),
            float(str(told["seconds"])),
            share_passed(plan.considered),
            agreeing(plan.considered, chosen),
            self.gap(plan.request, chosen.value),
            float(np.linalg.norm(start[:2] - goal)),
            float(np.linalg.norm(start[2:])),
            chosen.verdict.score,
            float(np.mean(tight)),
            *planned,
            float(np.linalg.norm(free - way.position, axis=1).max()),
            *driven,
            *_graded(planned[0]),
            *_graded(driven[0]),
        )

    def clear(self, plan: MazePlan, slack: float) -> float:
        """Return the share of the chosen way before it cuts deeper into a wall than this."""
        (verdict,) = replace(self.judge, slack=slack)(plan.request, [plan.chosen.value])
        return float(str(verdict.evidence["clear"]))

    def blocked(self, line: Array) -> tuple[float, float]:
        """Return the length of a line that lies in walls, and that of its longest such piece."""
        inside = ~self.judge.geometry.is_free(line[1:], slack=SUNK)
        lengths, runs, run = np.linalg.norm(np.diff(line, axis=0), axis=1), [0.0], 0.0
        for length, sunk in zip(lengths.tolist(), inside.tolist(), strict=True):
            run = run + length if sunk else 0.0
            runs.append(run)
        return float(lengths[inside].sum()), max(runs)

    def gap(self, request: Reach, value: Trajectory) -> float:
        """Return how far the denoiser bends a plan."""
        domain = self.planner.domain
        gap = RestorationGap(self.planner.process, self.planner.denoiser, draws=2)
        return float(gap(domain.encode([value]), domain.condition(request))[0])


def agreeing(candidates: Sequence[Candidate[Trajectory]], chosen: Candidate[Trajectory]) -> float:
    """Return the share of the candidates that pass the same places as the chosen one; 1 for one alone."""
    places = torch.tensor([c.value.states for c in candidates])[..., :2]
    gaps = (places - torch.tensor(chosen.value.states)[:, :2]).norm(dim=-1).mean(dim=-1)
    return float((gaps < NEAR).float().mean())


def _graded(length: float) -> tuple[float, float, float]:
    return float(np.log(0.02 + length)), float(length > SOME), float(length > MUCH)


def without_walls(way: Reference, *, start: Array, engine: Engine = BALL) -> Array:
    """Return where the driver would take the ball along a way if there were no walls, (steps, 2).

    The ball as the engine has it, with the driver of practice: full force is not enough for some plans.
    """
    push = (way.acceleration + engine.drag * way.velocity) / engine.force
    place, speed, places = start[:2].copy(), start[2:].copy(), [start[:2].copy()]
    for k in range(len(way) - 1):
        force = push[k] + PULL * (way.position[k + 1] - place) + DAMPING * (way.velocity[k + 1] - speed)
        gain = engine.force * np.clip(force, -1.0, 1.0) - engine.drag * speed
        speed = np.clip(speed + DT * gain, -engine.speed, engine.speed)
        place = place + DT * speed
        places.append(place)
    return np.array(places)


def _rushed(request: Reach, velocity: Array) -> Reach:
    start, goal = np.array(request.start), np.array(request.goal)
    return reach([*start[:2], *velocity], goal[:2])
