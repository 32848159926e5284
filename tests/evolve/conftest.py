"""A small world the tests of this package share: arcs from 0 to 1, remembered exactly."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.denoiser import RecallTrajectories
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.schedule import Cosine
from agentic_diffusion.planning.domains.trajectory import Limits, Reach, Trajectories
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.planning.verify import accept
from agentic_diffusion.records import Outcome

HORIZON = 8
PROCESS = GaussianProcess(Cosine())
DOMAIN = Trajectories(HORIZON, Limits((-1.0,), (2.0,)), state_dim=1, seconds=0.1, tolerance=0.1)
REQUEST = Reach(start=(0.0,), goal=(1.0,))


class Arcs:
    """Arcs of a given height, as states, records and outcomes."""

    process, domain, request = PROCESS, DOMAIN, REQUEST

    def states(self, heights: Any) -> torch.Tensor:
        time = torch.linspace(0, 1, HORIZON)
        rows = time + torch.as_tensor(heights, dtype=torch.float32)[:, None] * time * (1 - time)
        return DOMAIN.limits.shrink(rows[..., None])

    def values(self, heights: Any) -> Any:
        return DOMAIN.decode(self.states(heights))

    def outcomes(self, heights: Any, rewards: Any, **changes: Any) -> list[Outcome[Any, Any]]:
        rows = zip(self.values(heights), rewards, strict=True)
        return [Outcome(request=REQUEST, value=v, reward=float(r), **changes) for v, r in rows]

    def planner(self, heights: Any, **changes: Any) -> Planner[Any, Any, Any, Any]:
        settings: dict[str, Any] = {
            "domain": DOMAIN,
            "process": PROCESS,
            "denoiser": RecallTrajectories(self.states(heights), PROCESS.schedule),
            "verify": accept,
            "steps": 6,
            "count": 4,
            "compute": Compute("cpu"),
        }
        return Planner(**{**settings, **changes})


@pytest.fixture
def arcs() -> Arcs:
    return Arcs()
