"""Layers: the contracts of import-linter, and that no member is left out of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from gates.tree import MEMBERS


def contracts(config: Path, *, sources: Sequence[Path] = ()) -> list[str]:
    """Return what import-linter says when a contract is broken.

    Args:
        config: The `pyproject.toml` that holds the contracts.
        sources: Folders to import the members from instead of the installed ones.
    """
    script = Path(sys.executable).with_name("lint-imports")
    search = os.pathsep.join(map(str, sources))
    done = subprocess.run(
        [str(script), "--config", str(config), "--no-cache", "--no-logo"],
        capture_output=True,
        text=True,
        env={**os.environ, **({"PYTHONPATH": search} if search else {})},
        check=False,
    )
    return [] if done.returncode == 0 else [done.stdout + done.stderr]


def members(root: Path) -> list[str]:
    """Return the members of the workspace that the contracts do not name."""
    tools = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    named = set(tools["importlinter"]["root_packages"])
    covered = set(tools["coverage"]["run"]["source_pkgs"])
    faults = []
    for group in MEMBERS:
        for face in sorted(root.glob(f"{group}/*/src/*/__init__.py")):
            package = face.parent.name
            if package not in named:
                faults.append(f"pyproject.toml: {package} is not in root_packages of importlinter")
            if package not in covered:
                faults.append(f"pyproject.toml: {package} is not in source_pkgs of coverage")
    return faults
