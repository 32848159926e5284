"""The plain references: what one would write from the papers, eager and in fp32; of ours only the networks."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn


def survival(t: float) -> float:
    """Return the share of variance that survives at t under the cosine schedule (Nichol and Dhariwal 2021, eq. 17)."""
    angle = 0.5 * math.pi * 1.008**-1
    first = math.cos(0.008 * angle) ** 2
    return min(1.0, max(math.cos((t + 0.008) * angle) ** 2 / first, 1e-5))


@torch.no_grad()
def ddim(
    network: nn.Module, known: Tensor, mask: Tensor, *, count: int, steps: int, rng: torch.Generator
) -> Tensor:
    """Sample trajectories in the way of Song et al. 2021, eq. 12, with the known entries written back (inpainting).

    Args:
        network: Called as network(x, t, context); says the truth.
        known: The known entries (1, horizon, dim).
        mask: True where an entry is known.
        count: Samples.
        steps: Denoising steps.
        rng: Where noise comes from.
    """
    x = torch.randn(count, *known.shape[1:], generator=rng)
    for k in range(steps):
        t, s = 1 - k / steps, 1 - (k + 1) / steps
        a, b = survival(t), survival(s) if k + 1 < steps else 1.0
        x = torch.where(mask, known, x)
        clean = network(x, torch.full((count,), t), {"known": mask})
        noise = (x - math.sqrt(a) * clean) / math.sqrt(1 - a)
        x = math.sqrt(b) * clean + math.sqrt(1 - b) * noise
    return torch.where(mask, known, x)


def trainer(
    network: nn.Module, draw: Callable[[], tuple[Tensor, Tensor]], *, rng: torch.Generator
) -> Callable[[], None]:
    """Return one training step of Ho et al. 2020, algorithm 1, predicting the truth, with AdamW."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)

    def step() -> None:
        clean, mask = draw()
        t = torch.rand(len(clean), generator=rng)
        a = torch.tensor([survival(float(each)) for each in t])[:, None, None]
        noise = torch.randn(clean.shape, generator=rng)
        x = torch.where(mask, clean, a.sqrt() * clean + (1 - a).sqrt() * noise)
        loss = (network(x, t, {"known": mask}) - clean).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def program(source: str) -> Mapping[str, Any]:
    """Run a program in a fresh interpreter without any fence."""
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        [sys.executable, "-I", "-c", source], capture_output=True, text=True, check=False
    )
    return {"code": done.returncode, "said": done.stdout}
