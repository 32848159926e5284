"""A corpus that is generated: requests in words, right programs, and cases that wrong programs fail."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentic_diffusion_code.corpus.rows import generate
    from agentic_diffusion_code.corpus.task import Task

_HOME = {"Task": "task", "generate": "rows"}

__all__ = ["Task", "generate"]


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
