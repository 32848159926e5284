"""Exact beliefs, networks without weights and small domains that the tests of the core share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.belief import Gaussian
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.sample import denoise
from agentic_diffusion.denoising.schedule import Cosine, Schedule
from agentic_diffusion.denoising.state import Condition, Step, expand, generator
from agentic_diffusion.planning.domains.trajectory import Limits, Trajectories
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.planning.verify import each
from agentic_diffusion.records import Verdict
from torch import Tensor


@dataclass(frozen=True)
class Mixture:
    """The exact denoiser of independent coordinates that follow Σ wᵢ 𝒩(mᵢ, vᵢ)."""

    means: tuple[float, ...]
    variances: tuple[float, ...]
    weights: tuple[float, ...]
    schedule: Schedule

    def __call__(self, x: Tensor, t: Tensor, condition: Condition[Tensor]) -> Gaussian:
        a = expand(self.schedule(t), x).to(x.dtype)[..., None]
        m, v, w = (torch.tensor(q, dtype=x.dtype) for q in (self.means, self.variances, self.weights))
        spread = a * v + 1 - a
        gap = x[..., None] - a.sqrt() * m
        share = (w.log() - 0.5 * spread.log() - gap**2 / (2 * spread)).softmax(-1)
        mean = m + a.sqrt() * v / spread * gap
        var = v * (1 - a) / spread
        first = (share * mean).sum(-1)
        second = (share * (var + mean**2)).sum(-1)
        return Gaussian(first, second - first**2, torch.ones(()))

    @property
    def mean(self) -> float:
        return sum(w * m for w, m in zip(self.weights, self.means, strict=True))

    @property
    def variance(self) -> float:
        rows = zip(self.weights, self.means, self.variances, strict=True)
        return sum(w * (v + m * m) for w, m, v in rows) - self.mean**2


@dataclass
class Spy:
    """A denoiser that counts its calls and can be slow, stop working or run out of memory."""

    inner: Callable[..., Any]
    seconds: float = 0.0
    room: int = 1_000_000
    calls: list[int] = field(default_factory=list)
    fail_at: int | None = None

    def __call__(self, x: Tensor, t: Tensor, condition: Condition[Tensor]) -> Any:
        self.calls.append(x.shape[0])
        if x.shape[0] > self.room or len(self.calls) == self.fail_at:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        time.sleep(self.seconds)
        return self.inner(x, t, condition)


def _run(process, denoiser, like, levels, kernel=None, seed=0, condition=None):
    rng = generator(seed)
    return list(
        denoise(
            process,
            denoiser,
            like=like,
            condition=condition or Condition(),
            times=levels,
            rng=rng,
            kernel=kernel,
        )
    )


@pytest.fixture
def run() -> Callable[..., list[Step[Any, Any]]]:
    """Runs the whole loop and returns its steps."""
    return _run


@pytest.fixture
def mixture() -> type[Mixture]:
    return Mixture


@pytest.fixture
def spy() -> type[Spy]:
    return Spy


@pytest.fixture
def maker() -> Callable[..., Planner[Any, Any, Any, Any]]:
    """Builds planners over trajectories of two numbers in [-2, 2] with an exact denoiser."""

    def make(**changes: Any) -> Planner[Any, Any, Any, Any]:
        schedule = Cosine()
        settings: dict[str, Any] = {
            "domain": Trajectories(
                horizon=6, limits=Limits((-2.0, -2.0), (2.0, 2.0)), state_dim=2, seconds=0.1, tolerance=0.1
            ),
            "process": GaussianProcess(schedule),
            "denoiser": Mixture((0.0,), (0.04,), (1.0,), schedule),
            "verify": each(lambda request, value: Verdict(passed=True, score=value.states[2][0])),
            "steps": 4,
            "count": 8,
            "compute": Compute("cpu"),
        }
        return Planner(**{**settings, **changes})

    return make
