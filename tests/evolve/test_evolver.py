"""The evolver: planning never waits, flush does, and a failure leaves the active planner in place."""

import threading
import time
from dataclasses import replace

import pytest
from agentic_diffusion.denoising.denoiser import RecallTrajectories
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.planner import Learns, Plans
from agentic_diffusion.records import Outcome, Verdict
from agentic_diffusion_evolve.evolver import Evolver
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_evolve.shift import Drift
from agentic_diffusion_evolve.tune import newest

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


def test_a_changed_world_sets_off_learning_from_what_came_after(arcs, make) -> None:
    def recall(planner, memory):
        best = sorted(memory, key=lambda o: o.reward)[-8:]
        states = arcs.domain.encode([o.value for o in best])
        return replace(planner, denoiser=RecallTrajectories(states, arcs.process.schedule))

    asked = []
    evolver = make(tune=recall, every=10_000, drift=Drift(warmup=20))

    def live(rounds, target):
        rewards = []
        for _ in range(rounds):
            value = evolver.plan(arcs.request, seed=len(asked)).considered[0].value
            asked.append(value)
            reward = -abs(value.states[4][0] - target)
            rewards.append(reward)
            evolver.learn(Outcome(request=arcs.request, value=value, reward=reward))
        return sum(rewards) / rounds

    low, high = (arcs.values([h])[0].states[4][0] for h in (0.0, 0.5))
    before = live(40, low)
    assert evolver.turns == ()
    live(20, low - 1.0)  # every reward falls by one
    deadline = time.monotonic() + 30
    while not evolver.turns and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [turn.why for turn in evolver.turns] == ["drift"]
    (turn,) = evolver.turns
    assert turn.promoted
    assert turn.outcomes < 25 <= turn.new
    assert {o.reward > before - 0.5 for o in newest(evolver.memory, turn.outcomes)} == {False}
    evolver.learn(arcs.outcomes([0.1], [0.0])[0])
    assert evolver.flush(seconds=30)
    assert evolver.turns[-1].why == "flush"
    assert evolver.turns[-1].outcomes < len(evolver.memory)
    assert live(10, low - 1.0) > -1.0 - abs(high - low)


def test_a_source_without_trust_cannot_cry_drift(arcs, make) -> None:
    evolver = make(every=10_000, drift=Drift(warmup=5))
    for reward in [0.9, 1.1] * 10:
        evolver.learn(arcs.outcomes([0.1], [reward])[0])
    for _ in range(30):
        evolver.learn(arcs.outcomes([0.1], [-50.0], trust=0.0)[0])
    assert evolver.flush(seconds=30)
    assert [turn.why for turn in evolver.turns] == ["flush"]
    for outcome in arcs.outcomes([0.1] * 3, [-50.0] * 3):
        evolver.learn(outcome)
    assert evolver.flush(seconds=30)
    assert "drift" in [turn.why for turn in evolver.turns]


def test_planning_goes_on_while_it_adapts_to_a_drift(arcs, make) -> None:
    started, release = threading.Event(), threading.Event()

    def slow(planner, memory):
        started.set()
        assert release.wait(30)
        return replace(planner, count=9)

    evolver = make(tune=slow, every=10_000, drift=Drift(warmup=5))
    for reward in [*([0.9, 1.1] * 10), *([-9.0] * 5)]:
        evolver.learn(arcs.outcomes([0.1], [reward])[0])
    assert started.wait(30)
    assert len(evolver.plan(arcs.request).considered) == 4
    release.set()
    assert evolver.flush(seconds=30)
    assert len(evolver.plan(arcs.request).considered) == 9


def test_an_earlier_planner_can_be_made_active_again_and_nothing_overtakes_it(arcs, make) -> None:
    started, release = threading.Event(), threading.Event()

    def slow(planner, memory):
        started.set()
        assert release.wait(30)
        return replace(planner, count=9)

    evolver = make(tune=slow, every=1)
    first = evolver.planner
    evolver.learn(arcs.outcomes([0.1], [0])[0])
    assert started.wait(30)
    evolver.adopt(replace(first, count=2))
    release.set()
    assert evolver.flush(seconds=30)
    assert len(evolver.plan(arcs.request).considered) == 2
    assert not evolver.turns[0].promoted
    assert evolver.turns[0].verdict.evidence["why"] == "another planner was adopted meanwhile"
