"""Going on: what the gate refused is tuned further, and the active planner stays what it was."""

from dataclasses import dataclass

from agentic_diffusion.records import Verdict
from agentic_diffusion_evolve.loop import evolve
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_evolve.onward import Onward


@dataclass(frozen=True)
class Knows:
    """A planner that stands for what its denoiser, a number, knows."""

    denoiser: int = 0


def test_a_refused_candidate_is_tuned_further():
    judged = []

    def tuner(number):
        def tune(planner, memory):
            return Knows(planner.denoiser + 10**number)

        return tune

    def gate(candidate, incumbent):
        judged.append((candidate.denoiser, incumbent.denoiser))
        return Verdict(passed=candidate.denoiser > 10, score=0.0)

    run = evolve(
        Knows(),
        lambda number: [],
        lambda plan: [],
        memory=ListMemory(),
        tune=Onward(tuner),
        gate=gate,
        rounds=3,
    )
    assert [active.denoiser for _, active in run] == [0, 11, 111]
    assert judged == [(1, 0), (11, 0), (111, 11)]


def test_practice_may_use_the_newest_candidate():
    tune = Onward(lambda number: lambda planner, memory: Knows(planner.denoiser + 5))
    assert tune.newest(Knows(1)) == Knows(1)
    tune(Knows(1), ListMemory())
    assert tune.newest(Knows(1)) == Knows(6)
