"""Drivers to compare with do what they are named for."""

from statistics import fmean

from agentic_diffusion_worlds.toolbox.behaviour import Behaviour
from agentic_diffusion_worlds.toolbox.score import Table, at_random, driven, give_up, oracle, tally
from agentic_diffusion_worlds.toolbox.simulate import Case
from agentic_diffusion_worlds.toolbox.tasks import tasks


def share(drive, behaviour, count=80):
    told = []
    for seed, task in enumerate(tasks(count, seed=8)):
        case = Case(task, behaviour, seed=seed)
        drive(case, seed)
        told.append(tally(case).success)
    return fmean(told)


def test_the_oracle_is_good_giving_up_is_right_for_the_hopeless_and_chance_is_poor():
    behaviour = Behaviour(seed=1)
    hopeless = fmean(task.hopeless for task in tasks(80, seed=8))
    assert share(oracle(behaviour), behaviour) > 0.9
    assert share(oracle(behaviour), behaviour.swap()) < 0.7
    assert share(give_up, behaviour) == hopeless
    assert share(at_random, behaviour) < 0.2


class Always:
    def __init__(self, bench, *calls):
        self.bench, self.calls = bench, calls

    def plan(self, request, *, seed=0, budget=None, watch=None):
        return self.bench.planned(request, self.calls, seed)


def test_a_planner_drives(bench):
    case = Case(bench.task("device.cache=clean"), bench.sure)
    driven(Always(bench, "device_power_on", "device_clear_deep"))(case, 0)
    assert tally(case).model_dump() == {"success": True, "calls": 2, "cost": 0.02, "milliseconds": 200.0}


def test_the_table_takes_the_rival_that_did_better(bench):
    worked = {"device_clear_quick": (1, 9), "device_clear_deep": (8, 9)}
    table = Table(Always(bench, "device_power_on", "device_clear_quick"), epsilon=0.0, worked=worked)
    case = Case(bench.task("device.cache=clean"), bench.sure)
    table(case, 0)
    assert case.log[-1].name == "device_clear_deep"
    assert table.worked["device_clear_deep"] == (9, 10)
    bold = Table(Always(bench, "device_power_on", "device_clear_quick"), epsilon=1.0, worked=worked)
    tried = set()
    for seed in range(12):
        case = Case(bench.task("device.cache=clean"), bench.sure)
        bold(case, seed)
        tried.add(case.log[-1].name)
    assert tried == {"device_clear_quick", "device_clear_deep"}


def test_the_table_stops_when_the_case_is_over(bench):
    case = Case(bench.task("device.cache=clean"), bench.sure)
    case.call("hand_over")
    Table(Always(bench))(case, 0)
    assert case.calls == 1
