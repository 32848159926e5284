"""Plans crossed at the coin: two that walls cut on different sides of it make one that passes."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion.planning.select import best
from agentic_diffusion.records import Candidate, Plan
from agentic_diffusion_worlds.maze.coincross import Crossed
from agentic_diffusion_worlds.maze.coinjudge import NearestFree
from agentic_diffusion_worlds.maze.coins import CoinTask
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE

GEOMETRY = Geometry(UMAZE.map)
JUDGE = NearestFree(GEOMETRY)
UP, CORNER, COIN, TURN, DOWN = (
    GEOMETRY.cell_to_xy(cell).tolist() for cell in ((1, 1), (1, 3), (2, 3), (3, 3), (3, 1))
)
TASK = CoinTask(start=(*UP, 0.0, 0.0), goal=tuple(DOWN), coin=tuple(COIN))


def through(*corners, moments=8):
    """A plan along straight lines from corner to corner, with so many moments on each."""
    share = np.linspace(0, 1, moments, endpoint=False)[:, None]
    lines = [np.array(a) * (1 - share) + np.array(b) * share for a, b in pairwise(corners)]
    places = np.concatenate([*lines, np.array(corners[-1])[None]])
    states = tuple((float(x), float(y), 0.0, 0.0) for x, y in places)
    return Trajectory(states=states, seconds=0.2, arrival=len(states) - 1)


HEAD = through(UP, CORNER, COIN, DOWN, moments=4)  # free up to the coin, then through the wall
TAIL = through(UP, COIN, TURN, DOWN)  # through the wall to the coin, then free


@dataclass
class Says:
    """Plans what it is told to."""

    values: tuple[Trajectory, ...]
    asked: list[int] = field(default_factory=list)

    def plan(self, request, *, seed=0, budget=None, watch=None):
        self.asked.append(seed)
        verdicts = JUDGE(request, self.values)
        considered = tuple(Candidate(value=a, verdict=b) for a, b in zip(self.values, verdicts, strict=True))
        chosen, confidence = best(considered)
        return Plan(
            request=request,
            chosen=chosen,
            confidence=confidence,
            considered=considered,
            steps_done=1,
            steps_asked=1,
            batch=len(considered),
            seconds=0.0,
            seed=seed,
        )


def test_two_plans_that_walls_cut_make_one_that_passes():
    says = Says((TAIL, HEAD))
    plan = Crossed(says, JUDGE).plan(TASK, seed=4)
    assert not says.plan(TASK).chosen.verdict.passed
    assert plan.chosen.verdict.passed
    assert plan.chosen.verdict.evidence["coin"] < 0.01
    assert says.asked[0] == plan.seed == 4
    assert len(plan.considered) == 4  # both, and both ways of crossing them
    places = np.array(plan.chosen.value.states)[:, :2]
    assert np.allclose(places[:9], np.array(HEAD.states)[:9, :2])
    assert np.allclose(places[8:], np.array(TAIL.states)[8:, :2])


def test_the_halves_are_told_apart():
    clear, length = JUDGE.halves(TASK, [HEAD, TAIL])
    assert clear[0, 0] == clear[1, 1] == 1
    assert max(clear[0, 1], clear[1, 0]) < 1
    assert length[0, 0] == pytest.approx(3.0, abs=0.1)


def test_what_passes_is_not_crossed():
    good = through(UP, CORNER, COIN, TURN, DOWN, moments=6)
    says = Says((good, HEAD, TAIL))
    plan = Crossed(says, JUDGE).plan(TASK)
    assert plan == says.plan(TASK)
    blind = TASK.model_copy(update={"coin": None})
    assert len(Crossed(Says((HEAD, TAIL)), JUDGE).plan(blind).considered) == 2


def test_a_crossed_plan_is_no_longer_than_the_longest_candidate():
    late, early = through(UP, CORNER, COIN, DOWN, moments=12), through(UP, COIN, TURN, DOWN, moments=12)
    long = through(UP, CORNER, COIN, DOWN, moments=16)
    plan = Crossed(Says((late, early)), JUDGE).plan(TASK)
    assert [len(c.value.states) for c in plan.considered[2:]] == [
        25
    ]  # 24 + 24 moments and the first are too many
    plan = Crossed(Says((late, early, long)), JUDGE).plan(TASK)
    assert any(c.verdict.passed for c in plan.considered[3:])
    assert max(len(c.value.states) for c in plan.considered) == 49


def test_velocities_meet_halfway():
    one = Trajectory(
        states=tuple((k - 2.0 + COIN[0], COIN[1], 1.0, 0.0) for k in range(4)), seconds=1.0, arrival=3
    )
    two = one.model_copy(update={"states": tuple((*s[:2], 0.0, 3.0) for s in one.states)})
    plan = Crossed(Says((one, two)), JUDGE).plan(TASK)
    assert plan.considered[2].value.states[2][2:] in ((0.5, 1.5),)


def test_no_crossed_plans_are_refused():
    with pytest.raises(InvalidConfigError, match="count=0"):
        Crossed(Says((HEAD,)), JUDGE, count=0)
