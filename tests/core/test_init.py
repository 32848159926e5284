"""The face: light, complete, and honest about what it does not have."""

import importlib
import subprocess
import sys

import agentic_diffusion
import pytest

PROBE = """
import sys, time
start = time.perf_counter()
import agentic_diffusion
spent = time.perf_counter() - start
assert "torch" not in sys.modules and "pydantic" not in sys.modules
print(spent)
"""


def test_importing_it_is_quick_and_leaves_torch_alone() -> None:
    spent = min(
        float(
            subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True).stdout
        )
        for _ in range(3)
    )
    assert spent < 0.3


def test_every_name_resolves_to_where_it_lives() -> None:
    assert agentic_diffusion.__all__ == sorted(agentic_diffusion.__all__)
    assert set(agentic_diffusion.__all__) == set(agentic_diffusion._HOME)
    for name in agentic_diffusion.__all__:
        home = importlib.import_module(f"agentic_diffusion.{agentic_diffusion._HOME[name]}")
        assert getattr(agentic_diffusion, name) is getattr(home, name)


def test_dir_lists_the_public_names() -> None:
    assert dir(agentic_diffusion) == sorted([*agentic_diffusion.__all__, "__version__"])
    assert agentic_diffusion.__version__.count(".") == 2


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'wisdom'"):
        _ = agentic_diffusion.wisdom
