"""Progress of a tool: to the custom stream of a graph where there is one, to callback handlers otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.callbacks import dispatch_custom_event
from langchain_core.runnables.config import ensure_config
from langgraph.config import get_stream_writer
from langgraph_agentic_diffusion import PROGRESS


def progress_writer() -> Callable[[dict[str, Any]], None]:
    """Return where progress events go from here; made in the context of the tool, it may be called in a thread."""
    try:
        write = get_stream_writer()
    except (RuntimeError, KeyError):  # no run at all; or one that is not in a graph
        pass
    else:
        return write
    config = ensure_config()
    if getattr(config.get("callbacks"), "parent_run_id", None) is None:
        return _nowhere
    return lambda event: dispatch_custom_event(PROGRESS, event, config=config)


def _nowhere(event: dict[str, Any]) -> None:
    """Nobody listens."""
