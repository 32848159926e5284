"""The pilot drives, notices when it is off its course, and plans again."""

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Candidate, Verdict
from agentic_diffusion_worlds.maze.domain import FastestFree, reach
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import LARGE, UMAZE
from agentic_diffusion_worlds.maze.physics import MazePhysics
from agentic_diffusion_worlds.maze.pilot import Pilot
from agentic_diffusion_worlds.maze.score import oracle_row, run_episode, starts


def make_pilot(routes, maze=UMAZE, **more):
    geometry = Geometry(maze.map)
    goal = geometry.cell_to_xy(maze.goal)
    return Pilot(routes.make_planner(maze), FastestFree(geometry), goal, **more)


@pytest.mark.parametrize("maze", [UMAZE, LARGE], ids=lambda maze: maze.name)
def test_it_reaches_the_goal_with_one_plan_and_before_the_oracle(routes, maze):
    start = starts(maze, seed=1, count=1)[0]
    pilot = make_pilot(routes, maze)
    episode = run_episode(MazePhysics(maze.map), pilot, maze=maze, start=start)
    (oracle,) = oracle_row(maze, [start], seed=1)
    assert episode.reached
    assert len(pilot.plans) == 1
    assert pilot.plans[0].chosen.verdict.passed
    assert episode.steps_to_goal < oracle.steps_to_goal
    assert episode.raw == episode.latched  # once there, it stays


def test_it_plans_again_when_pushed_off_its_course(routes):
    physics = MazePhysics(UMAZE.map)
    pilot = make_pilot(routes)
    state = physics.reset(physics.cell_to_xy((3, 1)))
    assert pilot.lost(state)
    for _ in range(20):
        state = physics.step(pilot(state))
    assert not pilot.lost(state)
    state = physics.reset(physics.cell_to_xy((2, 3)))
    assert pilot.lost(state)
    pilot(state)
    assert len(pilot.plans) == 2
    assert pilot.plans[1].request.start == pytest.approx(tuple(state))
    assert pilot.plans[1].seed == pilot.plans[0].seed + 1


def test_it_plans_again_when_its_course_ended_elsewhere(routes):
    physics = MazePhysics(UMAZE.map)
    pilot = make_pilot(routes)
    state = physics.reset(physics.cell_to_xy((3, 1)))
    pilot.follow(pilot.planner.plan(reach(state, physics.cell_to_xy((3, 3)))))
    for _ in range(600):
        state = physics.step(pilot(state))
        if len(pilot.plans) > 1:
            break
    assert len(pilot.plans) == 2
    assert pilot.plans[1].request.goal[:2] == pytest.approx(tuple(pilot.goal))


class Failing:
    """A planner whose plans fail with the scores given, one after the other."""

    def __init__(self, planner, scores):
        self.planner, self.scores, self.seeds = planner, list(scores), []

    def plan(self, request, *, seed=0, budget=None, watch=None):
        self.seeds.append(seed)
        plan = self.planner.plan(request, seed=seed, budget=budget, watch=watch)
        score = self.scores.pop(0)
        verdict = Verdict(passed=score == 0, score=score)
        return plan.model_copy(update={"chosen": Candidate(value=plan.chosen.value, verdict=verdict)})


@pytest.mark.parametrize(
    ("scores", "seeds", "best"),
    [([0.0], [7], 7), ([-3.0, 0.0], [7, 8], 8), ([-3.0, -1.0, -2.0], [7, 8, 9], 8)],
    ids=["passes", "second passes", "best of three"],
)
def test_plans_that_fail_are_drawn_again(routes, scores, seeds, best):
    pilot = make_pilot(routes, seed=7)
    pilot.planner = Failing(pilot.planner, scores)
    state = np.array([*Geometry(UMAZE.map).cell_to_xy((3, 1)), 0.0, 0.0])
    assert pilot.replan(state).seed == best
    assert pilot.planner.seeds == seeds


def test_the_watch_hears_every_step(routes):
    heard = []
    pilot = make_pilot(routes, watch=heard.append)
    pilot(np.array([*Geometry(UMAZE.map).cell_to_xy((3, 1)), 0.0, 0.0]))
    assert [event.step for event in heard] == [1, 2]


@pytest.mark.parametrize("wrong", [{"tolerance": 0.0}, {"tries": 0}])
def test_settings_that_make_no_sense_are_refused(routes, wrong):
    with pytest.raises(InvalidConfigError):
        make_pilot(routes, **wrong)
