"""The evolver: planning never waits, flush does, and a failure leaves the active planner in place."""

import threading
from dataclasses import replace

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.planner import Learns, Plans
from agentic_diffusion.records import Verdict
from agentic_diffusion_evolve.evolver import Evolver
from agentic_diffusion_evolve.memory import ListMemory

YES, NO = Verdict(passed=True, score=1.0), Verdict(passed=False, score=0.0)


@pytest.fixture
def make(arcs):
    opened = []

    def build(tune=lambda planner, memory: replace(planner, count=len(memory)), verdict=YES, **settings):
        evolver = Evolver(
            arcs.planner([0.0, 0.5]), ListMemory(), tune=tune, gate=lambda *pair: verdict, **settings
        )
        opened.append(evolver)
        return evolver

    yield build
    for evolver in opened:
        evolver.close()


def test_flush_learns_from_everything_told_so_far(arcs, make) -> None:
    evolver = make(every=1000)
    assert isinstance(evolver, Plans)
    assert isinstance(evolver, Learns)
    for outcome in arcs.outcomes([0.1] * 7, range(7)):
        evolver.learn(outcome)
        evolver.learn(outcome)
    assert evolver.planner.count == 4
    assert evolver.flush(seconds=30)
    assert len(evolver.plan(arcs.request).considered) == 7
    assert evolver.flush(seconds=30)


def test_planning_goes_on_while_it_learns(arcs, make) -> None:
    started, release = threading.Event(), threading.Event()

    def slow(planner, memory):
        started.set()
        assert release.wait(30)
        return replace(planner, count=9)

    evolver = make(tune=slow, every=2)
    for outcome in arcs.outcomes([0.1, 0.2], [0, 1]):
        evolver.learn(outcome)
    assert started.wait(30)
    assert len(evolver.plan(arcs.request).considered) == 4
    assert not evolver.flush(seconds=0.01)
    release.set()
    assert evolver.flush(seconds=30)
    assert len(evolver.plan(arcs.request).considered) == 9


def test_what_the_gate_refuses_does_not_plan(arcs, make) -> None:
    evolver = make(verdict=NO)
    evolver.learn(arcs.outcomes([0.1], [1])[0])
    before = evolver.planner
    assert evolver.flush(seconds=30)
    assert evolver.planner is before


def test_a_failure_is_raised_by_flush_once_and_the_planner_stays(arcs, make) -> None:
    def broken(planner, memory):
        raise ValueError("no luck")

    evolver = make(tune=broken)
    evolver.learn(arcs.outcomes([0.1], [1])[0])
    with pytest.raises(ValueError, match="no luck"):
        evolver.flush(seconds=30)
    assert evolver.flush(seconds=30)
    assert len(evolver.plan(arcs.request).considered) == 4


def test_many_threads_may_tell_at_once(arcs, make) -> None:
    evolver = make(every=5)

    def tell():
        for outcome in arcs.outcomes([0.1] * 20, range(20)):
            evolver.learn(outcome)

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert evolver.flush(seconds=30)
    assert (len(evolver.memory), evolver.planner.count) == (80, 80)


def test_it_closes_with_its_block_and_nonsense_is_refused(arcs, make) -> None:
    with make() as evolver:
        evolver.plan(arcs.request)
    assert not evolver._thread.is_alive()
    with pytest.raises(InvalidConfigError, match="close"):
        evolver.flush()
    with pytest.raises(InvalidConfigError):
        make(every=0)
