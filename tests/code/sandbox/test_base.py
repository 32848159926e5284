import math

import pytest
from agentic_diffusion_code.sandbox import LAYERS, Execution, Failure, Limits, Sandbox
from agentic_diffusion_code.sandbox.base import refused, tier_of
from pydantic import ValidationError


def test_limits_have_the_documented_defaults():
    assert Limits().model_dump() == {
        "wall_seconds": 5.0,
        "cpu_seconds": 5.0,
        "memory_bytes": 256 << 20,
        "processes": 16,
        "disk_bytes": 64 << 20,
        "output_bytes": 1 << 20,
    }


@pytest.mark.parametrize(
    "bad",
    [
        {"wall_seconds": 0},
        {"wall_seconds": math.inf},
        {"cpu_seconds": math.nan},
        {"memory_bytes": 1},
        {"processes": True},
        {"processes": 0},
        {"output_bytes": "1"},
        {"unknown": 1},
    ],
)
def test_limits_that_make_no_sense(bad):
    with pytest.raises(ValidationError):
        Limits(**bad)


@pytest.mark.parametrize("value", [None, 1 << 99, {1, 2}, (1, b"\xff", {"a": [math.inf]}), {1: 2.5}])
def test_an_execution_survives_json(value):
    run = Execution(status="ok", value=value, failure=Failure(type="E"), isolation=("seccomp",))
    again = Execution.model_validate_json(run.model_dump_json())
    assert again == run
    assert type(again.value) is type(value)


def test_an_execution_is_frozen():
    with pytest.raises(ValidationError):
        Execution(status="ok").status = "error"


def test_tiers():
    full = [name for name in LAYERS if name != "cgroup"]
    assert tier_of(full) == "namespaces"
    assert tier_of([n for n in full if n not in ("namespaces", "private_root")]) == "kernel"
    assert tier_of([n for n in full if n not in ("namespaces", "landlock")]) == "rlimits"
    assert tier_of([n for n in full if n not in ("landlock", "seccomp")]) == "rlimits"
    assert tier_of([]) == "rlimits"


def test_a_refusal_says_why(fence):
    assert refused("because").stderr == "because"
    assert isinstance(fence, Sandbox)
