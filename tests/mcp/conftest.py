"""A planner of three arcs that needs no training, and a learner that remembers what it was told."""

import math
import time
from typing import Any

import pytest
import torch
from agentic_diffusion import Cosine, GaussianProcess, Planner, Trajectories
from agentic_diffusion.denoising.denoiser import RecallTrajectories
from agentic_diffusion.planning.domains.trajectory import Limits
from agentic_diffusion.planning.verify import each
from agentic_diffusion.records import Verdict

REQUEST = {"start": [-1.0, 0.0], "goal": [1.0, 0.0]}


class Slow:
    """A denoiser that takes its time."""

    def __init__(self, inner: Any, seconds: float) -> None:
        self.inner = inner
        self.seconds = seconds
        self.calls = 0

    def __call__(self, x: Any, t: Any, condition: Any) -> Any:
        self.calls += 1
        time.sleep(self.seconds)
        return self.inner(x, t, condition)


class Remembers:
    """A learner."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def learn(self, outcome: Any) -> None:
        self.told.append(outcome)


def height(request: Any, value: Any) -> Verdict:
    """Arcs that go down do not pass; higher ones are better."""
    top = max(state[1] for state in value.states)
    return Verdict(passed=top > 0.2, score=top, evidence={"top": round(top, 3)})


def make_planner(*, seconds: float = 0.0, count: int = 4, bends: tuple[float, ...] = (-0.5, 0.0, 0.5)) -> Any:
    t = torch.linspace(0, 1, 16)
    arcs = [torch.stack([2 * t - 1, bend * torch.sin(math.pi * t)], -1) for bend in bends]
    return Planner(
        domain=Trajectories(16, Limits((-1.0, -1.0), (1.0, 1.0)), state_dim=2, seconds=0.1, tolerance=0.05),
        process=GaussianProcess(Cosine()),
        denoiser=Slow(RecallTrajectories(torch.stack(arcs), Cosine()), seconds),
        verify=each(height),
        steps=10,
        count=count,
    )


@pytest.fixture
def learner() -> Remembers:
    return Remembers()
