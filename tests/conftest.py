"""Checks every shape that the core promises, under pytest only."""

from __future__ import annotations

import jaxtyping
import pytest

# Where tensors live. beartype cannot take the generic pydantic records of the other rooms (`Candidate[V]`).
SHAPED = [
    "agentic_diffusion.compute",
    "agentic_diffusion.denoising",
    "agentic_diffusion.planning.domains",
]


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("benchmark_disable", True) and not config.getoption("benchmark_enable", False):
        jaxtyping.install_import_hook(SHAPED, "beartype.beartype")
