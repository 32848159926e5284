"""Practice: plans are driven in the simulator, varied a little, and what was really driven is told as outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import mujoco
import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Candidate, Outcome, Plan

from agentic_diffusion_worlds.maze.courses import BALL, Engine
from agentic_diffusion_worlds.maze.domain import TOP, reach
from agentic_diffusion_worlds.maze.geometry import Array
from agentic_diffusion_worlds.maze.pace import AS_PLANNED, Reference, Variation, timed
from agentic_diffusion_worlds.maze.physics import DEEPEST, DT, MazePhysics, clip_speed

MazePlan: TypeAlias = Plan[Reach, Trajectory]
MazeOutcome: TypeAlias = Outcome[Reach, Trajectory]

PULL, DAMPING = 10.0, 1.0
STILL = 0.02  # slower than this the ball rests
RESIDUAL = "residual"
"""The entry of the evidence that says how far a drive was from its plan; the name that keepers of outcomes read."""
LOST = 1e3  # the residual of a plan that did not end in the goal
WITHIN = 0.3
NEAR, CALM = 0.15, 1.0  # a plan may end once the ball is this near to the goal and this slow
VARIATIONS = (AS_PLANNED, Variation(1.1, 0.02), Variation(1.2, 0.05), Variation(1.3, 0.05))


@final
@dataclass(frozen=True)
class Drive:
    """What came of driving a reference.

    Args:
        states: Before each step and after the last, ``(steps + 1, 4)``; ends where the ball rests.
        inside: Steps, up to the limit, that ended within the goal radius; a ball at rest stays where it is.
        first: The first such step, counted from 1; None if there was none.
        settled: Whether the ball was within the goal radius at the end.
        strayed: Largest distance from the reference.
        contacts: Steps that began in contact with a wall.
        limit: Steps of the episode.
    """

    states: Array
    inside: int
    first: int | None
    settled: bool
    strayed: float
    contacts: int
    limit: int


def drive(
    physics: MazePhysics,
    reference: Reference,
    *,
    start: Array,
    goal: Array,
    limit: int,
    engine: Engine = BALL,
) -> Drive:
    """Hold the ball to a reference, then to its end, until it rests or the limit is reached.

    u = (a* + drag · v*) / force + P (p* - p) + D (v* - v), clipped to [-1, 1]; plain floats, for speed.
    """
    physics.reset(start[:2], start[2:])
    push = ((reference.acceleration + engine.drag * reference.velocity) / engine.force).tolist()
    place, speed = reference.position.tolist(), reference.velocity.tolist()
    model, data, step = physics.model, physics.data, mujoco.mj_step
    qpos, qvel, ctrl = data.qpos, data.qvel, data.ctrl
    radius2, (gx, gy) = physics.profile.goal_radius**2, goal.tolist()
    last, strayed2, contacts, inside, first, there = len(place) - 1, 0.0, 0, 0, None, False
    rows = [(*qpos.tolist(), *qvel.tolist())]
    for k in range(limit):
        x, y, vx, vy = rows[-1]
        n = min(k + 1, last)
        (px, py), (wx, wy) = place[n], speed[n] if k < last else (0.0, 0.0)
        fx, fy = push[k] if k < last else (0.0, 0.0)
        fx += PULL * (px - x) + DAMPING * (wx - vx)
        fy += PULL * (py - y) + DAMPING * (wy - vy)
        ctrl[0], ctrl[1] = min(1.0, max(-1.0, fx)), min(1.0, max(-1.0, fy))
        clip_speed(qvel)
        step(model, data)
        contacts += bool(data.ncon)
        x, y, vx, vy = row = (*qpos.tolist(), *qvel.tolist())
        rows.append(row)
        strayed2 = max(strayed2, (x - px) ** 2 + (y - py) ** 2)
        there = (x - gx) ** 2 + (y - gy) ** 2 <= radius2
        if there:
            inside += 1
            first = first or k + 1
        if k > last and abs(vx) + abs(vy) < STILL:
            inside += (limit - k - 1) * there
            break
    return Drive(np.array(rows), inside, first, there, strayed2**0.5, contacts, limit)


def recorded(drive: Drive, *, goal: Array, stride: int, horizon: int) -> Trajectory | None:
    """Return what was driven as a plan that rests at the goal; None where it is longer than a plan may be.

    The drive is cut where the ball is near the goal for good and nearly still.
    """
    places, speeds = drive.states[:, :2], drive.states[:, 2:]
    busy = (np.linalg.norm(places - goal, axis=1) > NEAR) | (np.abs(speeds).sum(axis=1) > CALM)
    late = np.flatnonzero(busy)
    end = int(late[-1]) + 1 if len(late) else 0
    moments = -(-end // stride)
    if moments > horizon - 1 or moments < 1:
        return None
    rows = _boxed(drive.states[np.minimum(np.arange(moments + 1) * stride, len(drive.states) - 1)])
    states = [tuple(map(float, row)) for row in rows[:-1]]
    states.append((float(goal[0]), float(goal[1]), 0.0, 0.0))
    return Trajectory(states=tuple(states), seconds=stride * DT, arrival=moments)


@final
@dataclass(frozen=True)
class Exam:
    """A world that drives the chosen plan as it was planned, and tells the share of the episode spent in the goal.

    Args:
        physics: The simulator.
        limit: Steps of an episode.
        engine: What the tracker takes the ball to be.
    """

    physics: MazePhysics
    limit: int
    engine: Engine = BALL

    def __call__(self, plan: MazePlan) -> list[MazeOutcome]:
        """Return one outcome."""
        start, goal = ends(plan.request)
        value = plan.chosen.value
        done = drive(self.physics, timed(value), start=start, goal=goal, limit=self.limit, engine=self.engine)
        return [_outcome(plan, value, done)]


@final
@dataclass(frozen=True)
class Practice:
    """A world that drives the best candidates of a plan in several variations and tells what was really driven.

    The value of an outcome is the drive, cut into moments and driven once more as a plan: its reward and how far the
    ball strayed are those of this second drive, so that what is learned from is known to be executable as it stands.

    Args:
        physics: The simulator.
        limit: Steps of an episode.
        stride: Simulator steps between two moments of a plan.
        horizon: Moments in a plan.
        variations: How each candidate is driven.
        best: How many candidates are driven, the best first.
        engine: What the tracker takes the ball to be.
    """

    physics: MazePhysics
    limit: int
    stride: int
    horizon: int
    variations: Sequence[Variation] = VARIATIONS
    best: int = 1
    tails: int = 6
    engine: Engine = BALL

    def __call__(self, plan: MazePlan) -> list[MazeOutcome]:
        """Return an outcome for each drive that is short enough for a plan, and the tails of the best."""
        start, goal = ends(plan.request)
        told: list[MazeOutcome] = []
        drives: list[Drive] = []
        for candidate in sorted(plan.considered, key=_rank, reverse=True)[: self.best]:
            for variation in self.variations:
                first = self._drive(timed(candidate.value, variation), start, goal)
                value = recorded(first, goal=goal, stride=self.stride, horizon=self.horizon)
                if value is not None:
                    again = self._drive(timed(value), start, goal)
                    told.append(_outcome(plan, value, again, pace=variation.pace, blur=variation.blur))
                    drives.append(again)
        sound = [k for k, outcome in enumerate(told) if executable(outcome)]
        if sound:
            top = max(sound, key=lambda k: told[k].reward)
            told += self._tails(plan, drives[top], goal)
        return told

    def _tails(self, plan: MazePlan, done: Drive, goal: Array) -> list[MazeOutcome]:
        """Return what is left of a drive from several of its steps on: each is a drive to the same goal."""
        length = done.first or len(done.states) - 1
        rng = np.random.default_rng(plan.seed)
        told = []
        for step in sorted(int(k) for k in rng.integers(1, max(length, 2), self.tails)):
            rest = replace(done, states=done.states[step:])
            value = recorded(rest, goal=goal, stride=self.stride, horizon=self.horizon)
            free = bool(self.physics.is_free(done.states[step, :2], slack=DEEPEST))
            if value is not None and free:
                request = reach(_boxed(done.states[step]), goal)
                told.append(
                    Outcome(
                        request=request,
                        value=value,
                        reward=done.inside / done.limit,
                        evidence={"settled": True, RESIDUAL: round(done.strayed, 4), "tail": step},
                        source="simulator",
                        plan_seed=plan.seed,
                    )
                )
        return told

    def _drive(self, reference: Reference, start: Array, goal: Array) -> Drive:
        return drive(self.physics, reference, start=start, goal=goal, limit=self.limit, engine=self.engine)


def executable(outcome: MazeOutcome, *, within: float = WITHIN) -> bool:
    """Return whether an outcome passes the dynamics test: driven as it stands, it came to the goal and kept close."""
    return float(str(outcome.evidence[RESIDUAL])) <= within


def _boxed(states: Array) -> Array:
    """Return states whose speeds lie in the box that plans live in: a bounce may be a little faster."""
    return np.concatenate([states[..., :2], np.clip(states[..., 2:], -TOP, TOP)], axis=-1)


def ends(request: Reach) -> tuple[Array, Array]:
    """Return the start state and the goal position of a request."""
    if request.start is None or request.goal is None:
        raise InvalidConfigError("a request without start or goal", "both", "Use `reach(state, goal)`.")
    return np.array(request.start, dtype=float), np.array(request.goal[:2], dtype=float)


def _outcome(plan: MazePlan, value: Trajectory, done: Drive, **facts: float) -> MazeOutcome:
    return Outcome(
        request=plan.request,
        value=value,
        reward=done.inside / done.limit,
        evidence={
            **facts,
            "settled": done.settled,
            RESIDUAL: round(done.strayed, 4) if done.settled else LOST,
            "contacts": done.contacts,
            "steps": done.first,
        },
        source="simulator",
        plan_seed=plan.seed,
    )


def _rank(candidate: Candidate[Trajectory]) -> tuple[bool, float]:
    return candidate.verdict.passed, candidate.verdict.score
