"""One fence for all tests, and the outcome of the whole attack corpus, run once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.sandbox.testing import Outcome, check_sandbox


@pytest.fixture(scope="session")
def fence() -> Iterator[ProcessSandbox]:
    with ProcessSandbox(concurrency=6) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def outcomes(fence: ProcessSandbox) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in check_sandbox(fence, at_once=6):
        found.setdefault(outcome.attack.family, []).append(outcome)
    return found
