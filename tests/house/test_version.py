"""Members are released in lock-step: equal versions, siblings asked for exactly."""

import subprocess
import sys

from gates.tree import ROOT

SCRIPT = ROOT / ".ci/version.py"


def test_every_member_has_the_version_of_the_workspace() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_another_version_is_refused() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "9.9.9"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "packages/core/pyproject.toml: version" in done.stdout
    assert "packages/worlds/pyproject.toml: needs agentic-diffusion==" in done.stdout
