"""Drives past coins: the pilot comes back for a coin that was missed, and practice tells only what went as planned."""

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.maze.coindomain import for_coins
from agentic_diffusion_worlds.maze.coinjudge import NearestFree
from agentic_diffusion_worlds.maze.coinlegs import TwoLegs
from agentic_diffusion_worlds.maze.coins import CoinTask
from agentic_diffusion_worlds.maze.coinworld import CoinDrive, CoinPilot, CoinPractice, CoinWorld, drive_coin
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE

GEOMETRY = Geometry(UMAZE.map)
JUDGE = NearestFree(GEOMETRY)
TASK = CoinTask(start=(1.0, 1.0, 0.0, 0.0), goal=(1.0, 2.0), coin=(2.0, 3.0))


@pytest.fixture(scope="module")
def world():
    return CoinWorld(UMAZE, JUDGE)


@pytest.fixture(scope="module")
def direct(routes):
    """Plans that know nothing of the coin."""
    return for_coins(routes.make_planner(UMAZE), count=4, steps=1, returns=1)


@pytest.fixture(scope="module")
def legs(routes):
    return TwoLegs(routes.make_planner(UMAZE), JUDGE, horizon=40, count=4)


def test_the_chosen_plan_is_driven_and_scored(world, direct, legs):
    (told,) = world(legs.plan(TASK))
    assert told.reward > 0.8
    assert told.evidence["reached"]
    assert told.source == "simulator"
    (missed,) = world(direct.plan(TASK))
    assert (missed.reward, missed.evidence["reached"]) == (0.0, True)
    assert missed.evidence["steps"] < told.evidence["steps"]


def test_the_score_needs_coin_and_goal():
    assert CoinDrive(0.15, True, 10).score == pytest.approx(0.5)
    assert CoinDrive(0.15, False, 10).score == 0.0


class LateCoin:
    """Plans past the coin only when it is asked for the second time."""

    def __init__(self, direct, legs):
        self.direct, self.legs, self.asked = direct, legs, []

    def plan(self, request, *, seed=0, budget=None, watch=None):
        self.asked.append(request)
        told = self.legs if request.coin is not None and len(self.asked) > 2 else self.direct
        return told.plan(request, seed=seed)


def test_the_pilot_goes_back_for_the_coin(world, direct, legs):
    planner = LateCoin(direct, legs)
    pilot = CoinPilot(planner, JUDGE, TASK, tries=2)
    drive = drive_coin(world.physics, pilot, task=TASK, limit=UMAZE.limit)
    assert drive.score > 0.8
    assert len(pilot.plans) == 2
    assert pilot.samplings == len(planner.asked) == 3
    assert all(request.coin is not None for request in planner.asked)
    assert drive.steps < UMAZE.limit


def test_the_pilot_gives_up_after_so_many_plans(world, direct):
    pilot = CoinPilot(direct, JUDGE, TASK, tries=2, most=2)
    drive = drive_coin(world.physics, pilot, task=TASK, limit=UMAZE.limit)
    assert (drive.score, drive.reached) == (0.0, True)
    assert (len(pilot.plans), pilot.samplings) == (2, 4)


def test_once_the_coin_is_taken_the_way_leads_to_the_goal(world, direct, legs):
    class Short:
        """Its first plan ends at the coin."""

        def __init__(self):
            self.asked = []

        def plan(self, request, *, seed=0, budget=None, watch=None):
            self.asked.append(request)
            if request.coin is None:
                return direct.plan(request, seed=seed)
            plan = legs.plan(request, seed=seed)
            value = plan.chosen.value
            moment = int(np.linalg.norm(np.array(value.states)[:, :2] - request.coin, axis=1).argmin())
            cut = value.model_copy(update={"states": value.states[: moment + 1], "arrival": moment})
            return plan.model_copy(
                update={"request": request.model_copy(update={"goal": request.coin, "coin": None})}
                | {"chosen": plan.chosen.model_copy(update={"value": cut})}
            )

    planner = Short()
    pilot = CoinPilot(planner, JUDGE, TASK, tries=1)
    drive = drive_coin(world.physics, pilot, task=TASK, limit=UMAZE.limit)
    assert [request.coin is None for request in planner.asked] == [False, True]
    assert drive.score > 0.8


@pytest.mark.parametrize("wrong", [{"tries": 0}, {"most": 0}, {"tolerance": 0.0}])
def test_pilots_that_make_no_sense_are_refused(direct, wrong):
    with pytest.raises(InvalidConfigError):
        CoinPilot(direct, JUDGE, TASK, **wrong)


def test_practice_tells_of_the_coin_and_of_others_on_the_way(world, legs, direct):
    held_out = {(1, 2)}
    practice = CoinPractice(world, held_out, drives=3, hindsight=4, share=0.5)
    told = practice(legs.plan(TASK))
    assert told
    values = {outcome.value for outcome in told}
    assert 1 <= len(values) <= 2
    for value in values:
        mine = [outcome for outcome in told if outcome.value == value]
        assert sum(bool(outcome.evidence["own"]) for outcome in mine) == 1
        assert 4 <= len(mine) <= 5
    for outcome in told:
        place = outcome.value.states[outcome.request.moment]
        assert outcome.request.coin == pytest.approx(place[:2])
        assert GEOMETRY.xy_to_cell(np.array(place[:2])) not in held_out
    assert told == [
        again.model_copy(update={"id": first.id, "time": first.time})
        for first, again in zip(told, practice(legs.plan(TASK)), strict=True)
    ]


def test_where_a_plan_fails_the_explorer_is_asked(world, legs, direct):
    failed = direct.plan(TASK)
    assert not failed.chosen.verdict.passed
    plain = CoinPractice(world, (), hindsight=2)(failed)
    assert not any(outcome.evidence["own"] for outcome in plain)
    explored = CoinPractice(world, (), explore=legs, hindsight=2)(failed)
    assert any(outcome.evidence["own"] for outcome in explored)


def test_what_did_not_go_as_planned_is_not_told(world, legs):
    assert CoinPractice(world, (), tolerance=1e-6)(legs.plan(TASK)) == []


@pytest.mark.parametrize("wrong", [{"drives": 0}, {"hindsight": -1}, {"share": 0.0}, {"tolerance": 0.0}])
def test_practice_that_makes_no_sense_is_refused(world, wrong):
    with pytest.raises(InvalidConfigError):
        CoinPractice(world, (), **wrong)
