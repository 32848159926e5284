"""Planners that need no training: the exact denoiser of nine arcs from left to right, with a hook before each step."""

import math
import runpy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from agentic_diffusion.denoising.denoiser import RecallTrajectories
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.schedule import Cosine
from agentic_diffusion.planning.domains.trajectory import Limits, Trajectories
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.planning.verify import each
from agentic_diffusion.records import Verdict

REQUEST = {"start": [-1.0, 0.0], "goal": [1.0, 0.0]}


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Hooked:
    """A denoiser that calls a hook first: to be slow, to wait, to count or to die."""

    denoiser: RecallTrajectories
    hook: Callable[[], object]

    def __call__(self, x: Any, t: Any, condition: Any) -> Any:
        self.hook()
        return self.denoiser(x, t, condition)


def height(request: Any, value: Any) -> Verdict:
    """Higher arcs are better."""
    return Verdict(passed=True, score=max(state[1] for state in value.states))


def make_planner(
    hook: Callable[[], object] = nothing, *, steps: int = 10, count: int = 4
) -> Planner[Any, Any, Any, Any]:
    """Return a planner over arcs from (-1, 0) to (1, 0)."""
    t = torch.linspace(0, 1, 16)
    arcs = [
        torch.stack([2 * t - 1, bend * torch.sin(math.pi * t)], -1) for bend in torch.linspace(-0.6, 0.6, 9)
    ]
    return Planner(
        domain=Trajectories(16, Limits((-1.0, -1.0), (1.0, 1.0)), state_dim=2, seconds=0.1, tolerance=0.05),
        process=GaussianProcess(Cosine()),
        denoiser=Hooked(RecallTrajectories(torch.stack(arcs), Cosine()), hook),
        verify=each(height),
        steps=steps,
        count=count,
    )


@pytest.fixture
def planner() -> Callable[..., Planner[Any, Any, Any, Any]]:
    """Return the maker of planners."""
    return make_planner


@pytest.fixture
def request_() -> dict[str, Any]:
    """Return a request as plain JSON."""
    return {key: list(value) for key, value in REQUEST.items()}


@pytest.fixture(scope="session")
def errands() -> Any:
    """Return the module of the errand's tools."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("errands.py"))))
