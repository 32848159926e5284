"""Spreading: the same result whatever the number of workers, and dead workers are replaced or named."""

import os
import time
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pytest
from agentic_diffusion.errors import InvalidConfigError, WorkerError
from agentic_diffusion.records import Candidate, Outcome, Plan, Verdict
from agentic_diffusion_evolve.gate import Gate
from agentic_diffusion_evolve.spread import Spread
from agentic_diffusion_evolve.world import tried

FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
pytestmark = [FORK, pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]


def plan(seed, value=1.0):
    candidate = Candidate(value=value, verdict=Verdict(passed=True, score=0.0))
    return Plan(
        request="walk",
        chosen=candidate,
        confidence=0.5,
        considered=(candidate,),
        steps_done=1,
        steps_asked=1,
        batch=1,
        seconds=0,
        seed=seed,
    )


@dataclass(frozen=True)
class Slow:
    """The first plans take the longest; a plan whose file is missing kills its process after making it."""

    folder: Path | None = None
    deadly: tuple[int, ...] = ()
    twice: bool = False

    def __call__(self, plan):
        if plan.seed in self.deadly:
            mark = self.folder / str(plan.seed)
            if self.twice or not mark.exists():
                mark.touch()
                os._exit(9)
        if plan.seed == 77:
            raise ValueError("no such place")
        time.sleep(0.02 if plan.seed < 2 else 0.0)
        return [Outcome(id=f"{plan.seed}", request=plan.request, value=os.getpid(), reward=plan.seed**0.5)]


def spread(world=None, **settings):
    # forked workers start in no time; the default starts fresh interpreters
    return Spread(world or Slow(), context=get_context("fork"), **settings)


def rewards(told):
    return [(o.id, o.reward) for outcomes in told for o in outcomes]


def test_the_result_is_that_of_one_process_whatever_the_number_of_workers() -> None:
    alone = rewards(tried(Slow(), map(plan, range(12))))
    for workers, ahead in ((1, 1), (3, 4)):
        with spread(workers=workers, ahead=ahead) as world:
            told = list(tried(world, map(plan, range(12))))
            assert rewards(told) == alone
            assert os.getpid() not in {o.value for outcomes in told for o in outcomes}
            assert world(plan(4))[0].reward == 2
    assert list(spread().each([])) == []


def test_the_gate_says_the_same_through_workers() -> None:
    class Fixed:
        def __init__(self, lead):
            self.lead = lead

        def plan(self, request, *, seed=0, budget=None, watch=None):
            return plan(seed + self.lead)

    with spread() as world:
        told = Gate(["walk"], world, seeds=range(6))(Fixed(3), Fixed(0))
    assert told == Gate(["walk"], Slow(), seeds=range(6))(Fixed(3), Fixed(0))
    assert told.passed


def test_dead_workers_are_replaced_and_nothing_is_lost(tmp_path) -> None:
    with spread(Slow(tmp_path, deadly=(1, 6)), workers=2, retries=2) as world:
        assert rewards(world.each(map(plan, range(8)))) == rewards(tried(Slow(), map(plan, range(8))))


def test_what_kills_again_is_named(tmp_path) -> None:
    with spread(Slow(tmp_path, deadly=(1,), twice=True)) as world:
        with pytest.raises(WorkerError, match=r"seed 1 .* this process") as caught:
            list(world.each([plan(0), plan(1)]))
        assert "died 2 times" in caught.value.given
        assert world(plan(3))[0].id == "3"  # a new pool takes over


def test_what_the_world_raises_is_raised_here() -> None:
    with spread() as world, pytest.raises(ValueError, match="no such place"):
        list(world.each([plan(0), plan(77)]))


def test_worlds_that_cannot_travel_are_refused_at_once() -> None:
    with pytest.raises(InvalidConfigError, match="frozen dataclass"):
        Spread(lambda plan: [])
    with pytest.raises(InvalidConfigError):
        Spread(Slow(), workers=0)
