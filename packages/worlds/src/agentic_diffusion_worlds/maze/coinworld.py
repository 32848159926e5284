"""Driving past coins: the pilot that plans until the coin is taken, and the worlds that say what came of a plan."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.records import Candidate, Outcome, Plan

from agentic_diffusion_worlds.maze.coinjudge import NearestFree, replace_start, without_coin
from agentic_diffusion_worlds.maze.coins import COIN_RADIUS, CoinTask, coin_score
from agentic_diffusion_worlds.maze.geometry import Array, Geometry
from agentic_diffusion_worlds.maze.map import Cell, Maze
from agentic_diffusion_worlds.maze.physics import MazePhysics
from agentic_diffusion_worlds.maze.score import Policy, roll
from agentic_diffusion_worlds.maze.tracker import CourseTracker

CoinPlan: TypeAlias = Plan[CoinTask, Trajectory]
CoinOutcome: TypeAlias = Outcome[CoinTask, Trajectory]

SETTLE = 50  # steps that a ball is given to come to rest where a course ends


@final
@dataclass(frozen=True)
class CoinDrive:
    """What one drive came to.

    Args:
        closest: Least distance to the coin.
        reached: Whether the ball was ever within the goal radius.
        steps: Steps until both the goal was reached and the coin passed as near as it was; the whole drive if never.
        deviation: Largest distance from the course, where one course was driven.
    """

    closest: float
    reached: bool
    steps: int
    deviation: float = 0.0

    @property
    def score(self) -> float:
        """The score of the task, in [0, 1]."""
        return coin_score(self.closest, reached=self.reached)


def drive_coin(physics: MazePhysics, policy: Policy, *, task: CoinTask, limit: int) -> CoinDrive:
    """Drive until the policy says by `finished` that it is through, or to the limit."""
    goal, coin = np.array(task.goal), np.array(task.coin)
    closest, reached, steps, deviation = _gap(np.array(task.start), coin), False, 0, 0.0
    for count, (state, _) in enumerate(roll(physics, policy, start=task.start, limit=limit), start=1):
        gap, there = _gap(state, coin), _gap(state, goal) <= physics.profile.goal_radius
        if gap < closest or (there and not reached):
            steps = count
        closest, reached = min(closest, gap), reached or there
        if isinstance(policy, CourseTracker):
            deviation = max(deviation, policy.deviation(state))
            if policy.step > policy.length + SETTLE:
                break
        if isinstance(policy, CoinPilot) and policy.through:
            break
    return CoinDrive(closest, reached, steps, deviation)


def _gap(state: Array, place: Array) -> float:
    return float(np.hypot(*(state[:2] - place)))


@final
@dataclass
class CoinPilot:
    """A policy that plans past the coin to the goal, and plans again when it has lost its course.

    It asks for a plan at the start, where the ball has left its course, where the course ends away from the goal, and
    where it rests at the goal without the coin. Once the coin is taken it asks for the way to the goal alone. A plan
    that does not pass is drawn again up to `tries` times with other seeds, and the best is driven.

    Args:
        planner: Of coin tasks.
        judge: Turns plans into courses.
        task: What to do.
        seed: Of the first plan; each sampling takes the next one.
        tries: Samplings for one plan.
        most: Plans that are made; after them the last course is held.
        tolerance: Distance from the course at which a new plan is made.
        plans: Every plan that was driven.
        samplings: How often candidates were sampled.
    """

    planner: Plans[CoinTask, Trajectory]
    judge: NearestFree
    task: CoinTask
    seed: int = 0
    tries: int = 3
    most: int = 4
    tolerance: float = 0.4
    plans: list[CoinPlan] = field(default_factory=list, init=False)
    samplings: int = field(default=0, init=False)
    closest: float = field(default=np.inf, init=False)
    _tracker: CourseTracker | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.tries < 1 or self.most < 1 or self.tolerance <= 0 or self.task.coin is None:
            raise InvalidConfigError(
                f"tries={self.tries}, most={self.most}, tolerance={self.tolerance}, coin={self.task.coin}",
                "at least one try and one plan, a positive tolerance, and a coin",
                "Use 3, 4 and 0.4.",
            )
        self._rests = 0

    @property
    def taken(self) -> bool:
        """Whether the coin was passed near enough that nothing is planned for it any more."""
        return self.closest < COIN_RADIUS / 2

    @property
    def through(self) -> bool:
        """Whether the course was driven to its end and no plan will follow."""
        assert self._tracker is not None
        return self._tracker.step > self._tracker.length + SETTLE and (
            len(self.plans) >= self.most or self.taken
        )

    def __call__(self, state: Array) -> Array:
        """Return the force for this state."""
        self.closest = min(self.closest, _gap(state, np.array(self.task.coin)))
        if self._tracker is None or (len(self.plans) < self.most and self._lost(state, self._tracker)):
            plan = self._plan(state)
            self.plans.append(plan)
            course = self.judge.course(plan.request, plan.chosen.value)
            self._tracker = CourseTracker(course, engine=self.judge.engine)
        return self._tracker(state)

    def _lost(self, state: Array, tracker: CourseTracker) -> bool:
        if not tracker.finished:
            return tracker.deviation(state) > self.tolerance
        settled = float(np.linalg.norm(state[2:])) < 0.1
        there = _gap(state, np.array(self.task.goal)) <= self.tolerance
        return settled and not (there and self.taken)

    def _plan(self, state: Array) -> CoinPlan:
        """Return the first plan from here that passes, or the best of all tries."""
        request = without_coin(self.task, state) if self.taken else replace_start(self.task, state)
        best: CoinPlan | None = None
        for _ in range(self.tries):
            plan = self.planner.plan(request, seed=self.seed)
            self.seed, self.samplings = self.seed + 1, self.samplings + 1
            if best is None or _rank(plan.chosen) > _rank(best.chosen):
                best = plan
            if best.chosen.verdict.passed:
                break
        assert best is not None
        return best


def _rank(candidate: Candidate[Trajectory]) -> tuple[bool, float]:
    return candidate.verdict.passed, candidate.verdict.score


@final
class CoinWorld:
    """Drives the chosen candidate of a plan, without planning again, and says what it scored.

    Args:
        maze: Where.
        judge: Turns plans into courses.
    """

    def __init__(self, maze: Maze, judge: NearestFree) -> None:
        self.maze, self.judge = maze, judge
        self.physics = MazePhysics(maze.map)

    def __call__(self, plan: CoinPlan) -> list[CoinOutcome]:
        """Return one outcome; its reward is the score."""
        drive = self.drive(plan.request, plan.chosen.value)
        return [
            Outcome(
                request=plan.request,
                value=plan.chosen.value,
                reward=drive.score,
                evidence={"closest": drive.closest, "reached": drive.reached, "steps": drive.steps},
                source="simulator",
                plan_seed=plan.seed,
            )
        ]

    def drive(self, task: CoinTask, value: Trajectory) -> CoinDrive:
        """Drive one candidate from the start of its task."""
        course = self.judge.course(task, value)
        policy = CourseTracker(course, engine=self.judge.engine)
        return drive_coin(self.physics, policy, task=task, limit=self.maze.limit)


@final
@dataclass(frozen=True)
class CoinPractice:
    """Drives several candidates of a plan and tells what can be learned from each that went as planned.

    A drive counts where it passes two tests: it never left its course by more than `tolerance` (dynamics), and it is
    among the best `share` of its plan (return), first by score, then by time. What was driven shows how to pass any
    place on its way, so each drive is told once for its own coin and `hindsight` times for coins laid on its way
    afterwards (hindsight relabelling, Andrychowicz et al. 2017, arXiv:1707.01495), never in a cell that is held out.

    Args:
        world: Drives.
        explore: Asked for another plan where the one that was made does not pass.
        held_out: Cells in which no coin may be laid, for they are tested on.
        drives: Candidates to drive.
        hindsight: Coins laid on the way of each drive.
        share: The best share that is kept.
        tolerance: Largest distance from the course.
    """

    world: CoinWorld
    held_out: Collection[Cell]
    explore: Plans[CoinTask, Trajectory] | None = None
    drives: int = 6
    hindsight: int = 6
    share: float = 0.75
    tolerance: float = 0.3

    def __post_init__(self) -> None:
        if self.drives < 1 or self.hindsight < 0 or not 0 < self.share <= 1 or self.tolerance <= 0:
            raise InvalidConfigError(
                f"drives={self.drives}, hindsight={self.hindsight}, share={self.share}, tolerance={self.tolerance}",
                "drives >= 1, hindsight >= 0, 0 < share <= 1 and tolerance > 0",
                "Leave them out.",
            )

    def __call__(self, plan: CoinPlan) -> list[CoinOutcome]:
        """Return the outcomes of the drives that count; none where none does."""
        if self.explore is not None and not plan.chosen.verdict.passed:
            plan = self.explore.plan(plan.request, seed=plan.seed)
        ranked = sorted(plan.considered, key=_rank, reverse=True)
        driven = []
        for candidate in ranked[: self.drives]:
            if candidate.verdict.evidence.get("clear") == 1:
                drive = self.world.drive(plan.request, candidate.value)
                if drive.reached and drive.deviation <= self.tolerance:
                    driven.append((drive.score, -drive.steps, candidate.value))
        driven.sort(key=lambda row: row[:2], reverse=True)
        rng = np.random.default_rng((plan.seed, 1))
        kept = driven[: max(1, round(self.share * len(driven)))]
        return [o for score, _, value in kept for o in self._told(plan, value, score, rng=rng)]

    def _told(
        self, plan: CoinPlan, value: Trajectory, score: float, *, rng: np.random.Generator
    ) -> list[CoinOutcome]:
        """Return the drive as an example for its own coin and for coins on its way."""
        places = np.array(value.states)[:, :2]
        moments = [k for k in range(1, min(value.arrival, len(places) - 2)) if self._free(places[k])]
        own = int(np.linalg.norm(places - np.array(plan.request.coin), axis=1).argmin())
        chosen = {own} if score > 0 and own in moments else set()
        if moments:
            chosen |= set(rng.choice(moments, min(self.hindsight, len(moments)), replace=False).tolist())
        return [
            Outcome(
                request=plan.request.model_copy(update={"coin": _pair(places[k]), "moment": k}),
                value=value,
                reward=1.0,
                evidence={"own": k == own, "score": score},
                source="simulator",
                plan_seed=plan.seed,
            )
            for k in sorted(chosen)
        ]

    def _free(self, place: Array) -> bool:
        geometry: Geometry = self.world.judge.geometry
        return geometry.xy_to_cell(place) not in self.held_out and bool(geometry.is_free(place, slack=0.05))


def _pair(place: Sequence[float] | Array) -> tuple[float, float]:
    return float(place[0]), float(place[1])
