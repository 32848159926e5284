"""The journey: plans come from a LangGraph node, the ball drives in MuJoCo, and it is planned again."""

from dataclasses import replace

import numpy as np
import pytest
from agentic_diffusion.records import Candidate, Verdict
from agentic_diffusion_cli import journey as home
from agentic_diffusion_cli.journey import AGAIN, DRIVE, LOOK, LOST, Driver, Filmed, travel
from agentic_diffusion_worlds.maze.domain import FastestFree, reach
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import LARGE, UMAZE
from agentic_diffusion_worlds.maze.pilot import Pilot
from langgraph_agentic_diffusion import PROGRESS

GEOMETRY = Geometry(UMAZE.map)
START = np.array([*GEOMETRY.cell_to_xy((3, 1)), 0.0, 0.0])
GOAL = GEOMETRY.cell_to_xy(UMAZE.goal)


@pytest.fixture
def silent(monkeypatch):
    monkeypatch.setattr(home, "get_stream_writer", lambda: lambda event: None)


def make_driver(routes, **more):
    planner = routes.make_planner(UMAZE)
    pilot = Pilot(planner, FastestFree(GEOMETRY), GOAL)
    return Driver(UMAZE, pilot, START, **more)


def fail(plan, score=-3.0):
    verdict = Verdict(passed=False, score=score)
    return plan.model_copy(update={"chosen": Candidate(value=plan.chosen.value, verdict=verdict)})


def test_it_arrives_sooner_than_the_oracle_and_drives_to_the_limit(travelled):
    journey = travelled.journey
    assert journey.states.shape == (LARGE.limit, 4)
    assert journey.ours.steps_to_goal < journey.oracle.steps_to_goal
    assert journey.ceiling.steps_to_goal < journey.ours.steps_to_goal
    assert journey.ours.raw == journey.ours.limit - journey.ours.steps_to_goal + 1
    assert journey.first == 0
    assert journey.followed[0] == (0, 0)
    assert len(journey.rounds) > 1
    assert journey.rounds[0].ending == LOOK
    assert journey.rounds[1].step == 150


def test_every_plan_is_made_from_where_the_ball_is_with_the_next_seed(travelled):
    journey = travelled.journey
    for number, each in enumerate(journey.rounds):
        here = journey.start if each.step == 0 else journey.states[each.step - 1]
        assert each.plan.request.start == pytest.approx(tuple(here))
        assert each.plan.seed == number


def test_the_stream_tells_of_denoising_and_of_driving(travelled):
    kinds = [event["type"] for event in travelled.heard]
    assert kinds.count(PROGRESS) == 2 * len(travelled.journey.rounds)
    drives = [event for event in travelled.heard if event["type"] == DRIVE]
    assert [event["step"] for event in drives] == list(range(20, 801, 20))
    assert kinds.index(PROGRESS) < kinds.index(DRIVE)


def test_the_film_begins_with_noise_and_ends_with_the_candidates(travelled):
    journey = travelled.journey
    take, plan = journey.takes[0], journey.rounds[0].plan
    assert [step.shape for step in take] == [(5, 32, 2)] * 3
    ways = np.array([[state[:2] for state in each.value.states] for each in plan.considered])
    assert np.allclose(take[-1], ways, atol=1e-5)
    assert np.allclose(take[0][:, 0], journey.start[:2], atol=1e-4)  # start and goal are pinned in the noise
    assert take[0][:, 1:-1].std() > 3 * take[-1][:, 1:-1].std(axis=0).mean()


def test_a_filmed_planner_plans_the_same(routes):
    planner = routes.make_planner(UMAZE)
    heard = []
    one = Filmed(planner).plan(reach(START, GOAL), seed=3, watch=heard.append)
    two = planner.plan(reach(START, GOAL), seed=3)
    assert one.considered == two.considered
    assert [event.step for event in heard] == [1, 2]


def test_equal_seeds_give_equal_journeys(routes):
    planner = routes.make_planner(UMAZE)
    one, two = (travel(UMAZE, planner, seed=2, watch=lambda event: None) for _ in range(2))
    assert np.array_equal(one.states, two.states)
    other = travel(UMAZE, planner, seed=3, watch=lambda event: None)
    assert not np.array_equal(one.states, other.states)


@pytest.mark.usefixtures("silent")
def test_plans_that_fail_are_drawn_again_and_the_best_of_them_is_driven(routes):
    driver = make_driver(routes, glance=10)
    plan = driver.pilot.planner.plan(reach(START, GOAL))
    for score in (-3.0, -1.0, -2.0):
        assert not driver(fail(plan, score))["done"]
    assert [each.ending for each in driver.rounds] == [AGAIN, AGAIN, LOOK]
    assert [each.followed for each in driver.rounds] == [None, None, 1]
    assert len(driver.states) == 10
    assert driver(plan)["seed"] == plan.seed + 1
    assert driver.rounds[-1].followed == 3  # the first that passes replaces one that did not


@pytest.mark.usefixtures("silent")
def test_a_slower_plan_or_one_that_fails_is_not_followed(routes):
    driver = make_driver(routes, glance=10)
    plan = driver.pilot.planner.plan(reach(START, GOAL))
    slow = Candidate(
        value=plan.chosen.value, verdict=Verdict(passed=True, score=plan.chosen.verdict.score - 9)
    )
    for each in (plan, plan.model_copy(update={"chosen": slow}), fail(plan)):
        driver(each)
    assert [each.followed for each in driver.rounds] == [0, None, None]


@pytest.mark.usefixtures("silent")
def test_a_push_ends_the_round_and_asks_for_a_plan_from_there(routes):
    driver = make_driver(routes)
    plan = driver.pilot.planner.plan(reach(START, GOAL))
    step = driver.physics.step

    def push(force):
        state = step(force)
        return driver.physics.reset(GEOMETRY.cell_to_xy((1, 3))) if len(driver.states) == 30 else state

    driver.physics.step = push
    answer = driver(plan)
    assert driver.rounds[0].ending == LOST
    assert answer["request"].start[:2] == pytest.approx(tuple(GEOMETRY.cell_to_xy((1, 3))))
    assert not answer["done"]


def test_a_planner_that_knows_nothing_still_drives_to_the_limit(routes):
    lost = replace(routes.make_planner(UMAZE), verify=Refuse(FastestFree(GEOMETRY)))
    journey = travel(UMAZE, lost, seed=0, watch=lambda event: None)
    assert len(journey.states) == UMAZE.limit
    assert journey.followed
    assert journey.rounds[0].ending == AGAIN


class Refuse:
    """A verifier that passes nothing."""

    def __init__(self, judge):
        self.judge = judge

    def __call__(self, request, values):
        return [verdict.model_copy(update={"passed": False}) for verdict in self.judge(request, values)]
