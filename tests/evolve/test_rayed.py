"""Ray: refused with a reason where it is missing, and the same result where it is there."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from agentic_diffusion.errors import InvalidConfigError, MissingExtraError, WorkerError
from agentic_diffusion.records import Candidate, Outcome, Plan, Verdict
from agentic_diffusion_evolve.rayed import Rayed
from agentic_diffusion_evolve.world import tried


def plan(seed):
    candidate = Candidate(value=1.0, verdict=Verdict(passed=True, score=0.0))
    facts = {"steps_done": 1, "steps_asked": 1, "batch": 1, "seconds": 0.0}
    return Plan(request="walk", chosen=candidate, confidence=0.5, considered=(candidate,), seed=seed, **facts)


def world(plan):
    if plan.seed == 77:
        raise ValueError("no such place")
    return [Outcome(id=f"{plan.seed}", request=plan.request, value=0, reward=plan.seed**0.5)]


@pytest.fixture
def imitation(monkeypatch):
    spec = spec_from_file_location("imitation", Path(__file__).with_name("imitation.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    ray = module.imitation(deadly=lambda words: words[1].seed == 66)
    monkeypatch.setitem(sys.modules, "ray", ray)
    return ray


def test_without_ray_the_reader_learns_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"agentic-diffusion-evolve\[ray\]"):
        Rayed(world)
    with pytest.raises(InvalidConfigError):
        Rayed(world, workers=0)


def test_results_come_in_order_and_faults_are_said(imitation) -> None:
    spread = Rayed(world, workers=2)
    assert [s["num_cpus"] for s in imitation.started] == [2]
    Rayed(world)
    assert len(imitation.started) == 1  # a cluster that is there is used
    told = [o.id for outcomes in tried(spread, map(plan, range(20))) for o in outcomes]
    assert told == [str(n) for n in range(20)]
    assert spread(plan(4))[0].reward == 2
    with pytest.raises(ValueError, match="no such place"):
        spread(plan(77))
    with pytest.raises(WorkerError, match="seed 66"):
        list(spread.each([plan(0), plan(66)]))


@pytest.mark.slow
def test_a_real_cluster_says_what_one_process_says() -> None:
    ray = pytest.importorskip("ray")
    try:
        told = [o.id for outcomes in Rayed(world, workers=2).each(map(plan, range(6))) for o in outcomes]
        with pytest.raises(ValueError, match="no such place"):
            Rayed(world)(plan(77))
    finally:
        ray.shutdown()
    assert told == [str(n) for n in range(6)]
