"""The judge of coin plans: which one passes nearest to the coin, reaches the goal and touches no wall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion.records import Verdict

from agentic_diffusion_worlds.maze.coins import COIN_RADIUS, CoinTask, coin_score
from agentic_diffusion_worlds.maze.courses import BALL, Course, Engine, curve_of, evenly, fastest, smooth
from agentic_diffusion_worlds.maze.domain import LEAST_PREFIX, WALL_MARGIN
from agentic_diffusion_worlds.maze.geometry import Array, Geometry

POINTS = 192  # of a course past a coin; such ways are long
FAR = 1e9
COIN, WALL, MISS = (
    30.0,
    10.0,
    3.0,
)  # seconds that a coin, a way without walls and a unit of distance are worth
GLANCE = 100.0  # seconds below whatever was looked at closely
UNSEEN = Verdict(passed=False, score=0.0)


@final
@dataclass(frozen=True)
class NearestFree:
    """Passes plans whose curve touches no wall and comes within the coin's reach; nearer counts more than faster.

    The curve is smoothed at several widths, like that of `FastestFree`, but in two pieces: the place nearest to the
    coin is held, so that smoothing does not cut it off. A task without a coin is judged by walls and time alone.

    score = 30 · coin score - seconds - 3 · distance beyond reach - 10 · share behind the first wall, where a coin
    behind that wall is none.

    Args:
        geometry: Where the walls are.
        engine: What the ball can do.
        smoothings: How far curves are smoothed, in units of length.
        slack: How deep a curve may cut into a grown wall.
        closely: Of more candidates than this only the most promising ones are smoothed and timed; the others fail.
    """

    geometry: Geometry
    engine: Engine = BALL
    smoothings: tuple[float, ...] = (0.1, 0.25, 0.5, 0.8)
    slack: float = 0.02
    closely: int = 16

    def __post_init__(self) -> None:
        if not self.smoothings or min(self.smoothings) < 0 or self.slack < 0 or self.closely < 1:
            raise InvalidConfigError(
                f"smoothings={self.smoothings}, slack={self.slack}, closely={self.closely}",
                "one or more widths of at least 0, a slack of at least 0, and closely of at least 1",
                "Leave them out for mazes with corridors one unit wide.",
            )

    def __call__(self, request: CoinTask, values: Sequence[Trajectory]) -> list[Verdict]:
        """Judge all candidates at once."""
        ways = [_way(request, value) for value in values]
        glances = self._glances(ways)
        close = np.argsort([-verdict.score for verdict in glances])[: self.closely].tolist()
        points = np.concatenate([ways[k].curves(self.smoothings) for k in close])
        courses = fastest(points, velocity=np.array(request.start[2:4]), engine=self.engine)
        clear = self._clear(points)
        several = len(self.smoothings)
        for n, k in enumerate(close):
            at = range(n * several, (n + 1) * several)
            verdicts = (self._verdict(courses[m], ways[k], m % several, clear=float(clear[m])) for m in at)
            glances[k] = max(verdicts, key=_rank)
        return glances

    def _glances(self, ways: Sequence[_Way]) -> list[Verdict]:
        """Return the verdicts of the ways as they are planned: none passes before it was looked at closely."""
        if len(ways) <= self.closely:
            return [UNSEEN] * len(ways)
        clear = self._clear(np.stack([way.planned() for way in ways]))
        return [
            Verdict(
                passed=False,
                score=_worth(way, clear=float(share)) - GLANCE,
                evidence={"clear": round(float(share), 3), "smoothing": 0.0, "glance": True},
            )
            for way, share in zip(ways, clear, strict=True)
        ]

    def _verdict(self, course: Course, way: _Way, index: int, *, clear: float) -> Verdict:
        seconds = course.entry(course.points[-1], self.geometry.profile.goal_radius)
        evidence = {
            "seconds": round(seconds, 3),
            "clear": round(clear, 3),
            "smoothing": self.smoothings[index],
        }
        if way.coin is not None:
            evidence["coin"] = round(way.distance, 3)
        passed = clear == 1 and (way.coin is None or way.distance < COIN_RADIUS)
        return Verdict(passed=passed, score=_worth(way, clear=clear) - seconds, evidence=evidence)

    def _clear(self, points: Array) -> Array:
        free = self.geometry.segment_free(points[:, :-1], points[:, 1:], slack=self.slack)
        first = np.where(free.all(axis=1), free.shape[1], free.argmin(axis=1))
        share: Array = first / free.shape[1]
        return share

    def halves(self, request: CoinTask, values: Sequence[Trajectory]) -> tuple[Array, Array]:
        """Return of each plan, as it is planned, its way to the coin and its way on.

        Returns:
            The share of each half before its first wall, and the length of each: both (plans, 2).
        """
        pieces = [_way(request, value).pieces for value in values]
        points = np.stack([evenly(piece, POINTS // 2) for pair in pieces for piece in pair])
        length = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(axis=1)
        return self._clear(points).reshape(-1, 2), length.reshape(-1, 2)

    def course(self, request: CoinTask, value: Trajectory) -> Course:
        """Return the course to drive: the one that was judged, or what of it lies well before the first wall."""
        (verdict,) = self(request, [value])
        width = float(str(verdict.evidence["smoothing"]))
        points = _way(request, value).curves((width,))
        clear = float(self._clear(points)[0])
        if clear < 1:
            ahead = int(clear * points.shape[1]) - WALL_MARGIN
            if ahead >= LEAST_PREFIX:
                points = points[:, :ahead]
        return fastest(points, velocity=np.array(request.start[2:4]), engine=self.engine)[0]


@final
@dataclass(frozen=True)
class _Way:
    """The curve of a plan in two pieces that meet where it is nearest to the coin; one piece where there is none."""

    coin: Array | None
    pieces: tuple[Array, ...]
    distance: float = FAR
    split: int = 0

    def planned(self) -> Array:
        """Return the whole curve as it is, (POINTS, 2)."""
        return np.concatenate([self.pieces[0], *(piece[1:] for piece in self.pieces[1:])])

    def curves(self, widths: Sequence[float]) -> Array:
        """Return the whole curve smoothed at each width, (widths, POINTS, 2)."""
        parts = [np.stack([smooth(piece, width) for width in widths]) for piece in self.pieces]
        return np.concatenate([parts[0], *(part[:, 1:] for part in parts[1:])], axis=1)


def _way(request: CoinTask, value: Trajectory) -> _Way:
    curve = curve_of(value, goal=np.array(request.goal))
    if request.coin is None:
        return _Way(None, (evenly(curve, POINTS),))
    coin = np.array(request.coin)
    start, step = curve[:-1], np.diff(curve, axis=0)
    along = ((coin - start) * step).sum(axis=1) / np.maximum((step**2).sum(axis=1), 1e-12)
    foot = start + np.clip(along, 0.0, 1.0)[:, None] * step
    gaps = np.linalg.norm(foot - coin, axis=1)
    k = int(gaps.argmin())
    pieces = (
        np.concatenate([curve[: k + 1], foot[k : k + 1]]),
        np.concatenate([foot[k : k + 1], curve[k + 1 :]]),
    )
    lengths = [float(np.linalg.norm(np.diff(piece, axis=0), axis=1).sum()) for piece in pieces]
    split = int(np.clip(round(POINTS * lengths[0] / max(sum(lengths), 1e-9)), 4, POINTS - 4))
    both = evenly(pieces[0], split), evenly(pieces[1], POINTS + 1 - split)
    return _Way(coin, both, float(gaps[k]), split)


def _worth(way: _Way, *, clear: float) -> float:
    """Return the score of a way without the time that it takes."""
    score = -WALL * (1 - clear)
    if way.coin is not None:
        near = way.distance if clear == 1 or clear * POINTS > way.split else FAR
        score += COIN * coin_score(near, reached=True)
        score -= MISS * min(max(way.distance - COIN_RADIUS, 0.0), 10.0)
    return score


def _rank(verdict: Verdict) -> tuple[bool, float]:
    return verdict.passed, verdict.score


def without_coin(request: CoinTask, start: Array) -> CoinTask:
    """Return the task that is left once the coin is taken: from here to the goal."""
    return replace_start(request, start).model_copy(update={"coin": None, "moment": None})


def replace_start(request: CoinTask, start: Array) -> CoinTask:
    """Return the task from another start."""
    return request.model_copy(update={"start": tuple(float(number) for number in start)})
