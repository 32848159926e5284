"""Finds the telecom domain in a clone of tau2-bench and imports it without the rest of that project."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, final

from agentic_diffusion.errors import InvalidConfigError, MissingExtraError

NEEDED = (
    "src/tau2/domains/telecom/environment.py",
    "src/tau2/domains/telecom/tasks/mms_issues.py",
    "data/tau2/domains/telecom/db.toml",
    "data/tau2/domains/telecom/user_db.toml",
    "data/tau2/domains/telecom/split_tasks.json",
)
"""Files of the clone that are used; the lists of tasks are made anew by its own code."""

EXTRA = "pip install 'agentic-diffusion-worlds[tau2]'"


@final
@dataclass(frozen=True)
class Source:
    """The modules of the clone that are used.

    Args:
        environment: Makes environments.
        composing: Combines issues.
        managing: Makes tasks.
        managers: One for each kind of ticket, in the order in which the benchmark lists its tasks.
        personas: Names of the personas, in the order in which they take turns.
        splits: Names of tasks, by split.
    """

    environment: ModuleType
    composing: ModuleType
    managing: ModuleType
    managers: tuple[Any, ...]
    personas: tuple[str, ...]
    splits: Mapping[str, tuple[str, ...]]


def load(repo: Path) -> Source:
    """Import the telecom domain of a clone.

    The package's own `__init__`, which imports runners, servers and language models, is not executed.

    Imports are cached by Python: one process works with one clone at a time.

    Args:
        repo: The root of the clone.

    Raises:
        InvalidConfigError: There is no such clone there, or it lacks a file that is needed.
        MissingExtraError: A library that the domain imports is not installed.
    """
    missing = [name for name in NEEDED if not (repo / name).is_file()]
    if missing:
        raise InvalidConfigError(
            f"{repo.name!r} without {', '.join(missing)}",
            "the root of a clone of sierra-research/tau2-bench",
            "Clone it, or restore the files with git checkout, and name its folder.",
        )
    _stand_in(repo / "src" / "tau2")
    try:
        if find_spec("loguru") is not None:
            import_module("loguru").logger.disable("tau2")
        domain = "tau2.domains.telecom"
        environment = import_module(f"{domain}.environment")
        tasks = {name: import_module(f"{domain}.tasks.{name}") for name in _TASKS}
        splits = import_module("tau2.utils").load_file(repo / NEEDED[-1])
    except ModuleNotFoundError as error:
        _forget()
        raise MissingExtraError(
            f"no module named {error.name!r}",
            "what the telecom domain of tau2-bench imports",
            f"Run: {EXTRA}",
        ) from error
    return Source(
        environment=environment,
        composing=tasks["utils"],
        managing=tasks["manager"],
        managers=(
            tasks["mobile_data_issues"].mobile_data_task_manager,
            tasks["service_issues"].service_issues_task_manager,
            tasks["mms_issues"].mms_issue_task_manager,
        ),
        personas=tuple(tasks["const"].PERSONAS),
        splits={name: tuple(ids) for name, ids in splits.items()},
    )


_TASKS = ("const", "utils", "manager", "mobile_data_issues", "service_issues", "mms_issues")


def _stand_in(folder: Path) -> None:
    """Put an empty package in the place of `tau2`, so that its rooms can be entered without the hall."""
    standing = sys.modules.get("tau2")
    if standing is not None and list(getattr(standing, "__path__", [])) == [str(folder)]:
        return
    _forget()
    hall = ModuleType("tau2")
    hall.__path__ = [str(folder)]
    sys.modules["tau2"] = hall


def _forget() -> None:
    for name in [name for name in sys.modules if name == "tau2" or name.startswith("tau2.")]:
        del sys.modules[name]
