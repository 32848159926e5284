"""A case whose tools all work, and a planner that says what it is told to."""

from types import SimpleNamespace

import pytest
from agentic_diffusion.records import Candidate, Plan, Verdict
from agentic_diffusion_worlds.toolbox.behaviour import Behaviour
from agentic_diffusion_worlds.toolbox.catalog import FACTS
from agentic_diffusion_worlds.toolbox.tasks import Task

SURE = Behaviour(good=1.0, bad=1.0, plain=1.0)
BROKEN = {name: values[0] for name, values in FACTS.items()}


def planned(request, calls, seed=0):
    chosen = Candidate(value=tuple(calls), verdict=Verdict(passed=True, score=1.0))
    return Plan(
        request=request,
        chosen=chosen,
        confidence=0.5,
        considered=(chosen,),
        steps_done=1,
        steps_asked=1,
        batch=1,
        seconds=0.0,
        seed=seed,
    )


@pytest.fixture
def bench():
    """Return behaviours, states and plans to test with."""
    return SimpleNamespace(
        sure=SURE,
        never=Behaviour(good=0.0, bad=0.0, plain=0.0),
        planned=planned,
        task=lambda *goal, **more: Task(goal=goal, start={**BROKEN, **more.pop("start", {})}, **more),
    )
