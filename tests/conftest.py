"""Checks every shape that the core promises, under pytest only, and gives every test the same random numbers."""

from __future__ import annotations

import sys
from pathlib import Path

import jaxtyping
import pytest

# Where tensors live. beartype cannot take the generic pydantic records of the other rooms (`Candidate[V]`).
SHAPED = [
    "agentic_diffusion.denoising",
    "agentic_diffusion.planning.domains",
]

# At import, before the conftest of any folder below brings in the core. Benchmarks are timed without it.
assert not any(name.startswith(room) for room in SHAPED for name in sys.modules), "the core came in too early"
if not {"--benchmark-enable", "--benchmark-only"} & set(sys.argv):
    sys.path.insert(0, str(Path(__file__).parent))
    jaxtyping.install_import_hook(SHAPED, "shapes.checked")


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    """Numbers drawn from torch's own generator are the same in every run, whatever ran before."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(0)
