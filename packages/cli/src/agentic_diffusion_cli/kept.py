"""The settings of a run, noted in its folder, so that a run with others does not go on there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_cli import report

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SETTINGS = "settings.json"


def plain(settings: DataclassInstance) -> dict[str, Any]:
    """Return settings as they are in a file."""
    said: dict[str, Any] = json.loads(json.dumps(asdict(settings)))
    return said


def keep(out: Path, wanted: Mapping[str, Any]) -> None:
    """Note the settings of a run, or refuse a folder that holds a run with others.

    Raises:
        InvalidConfigError: There is one.
    """
    path = out / SETTINGS
    if not path.is_file():
        report.write_json(wanted, str(path))
        return
    held = json.loads(path.read_text(encoding="utf-8"))
    odd = sorted(name for name in wanted.keys() | held.keys() if wanted.get(name) != held.get(name))
    if odd:
        raise InvalidConfigError(
            f"{', '.join(f'{name}={wanted.get(name)}' for name in odd)} in a folder of another run",
            ", ".join(f"{name}={held.get(name)}" for name in odd),
            "Choose another folder, or the settings of the run that lies there.",
        )
