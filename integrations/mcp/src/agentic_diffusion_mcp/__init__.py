"""Diffusion planners as an MCP server: this is its face, and importing it imports neither torch nor MCP."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentic_diffusion_mcp.answers import Answer, Explanation, Receipt
    from agentic_diffusion_mcp.desk import Desk, Organ
    from agentic_diffusion_mcp.limits import ServerLimits
    from agentic_diffusion_mcp.server import create_server, serve

_HOMES = {
    "answers": ("Answer", "Explanation", "Receipt"),
    "desk": ("Desk", "Organ"),
    "limits": ("ServerLimits",),
    "server": ("create_server", "serve"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__version__ = version("agentic-diffusion-mcp")

__all__ = [
    "Answer",
    "Desk",
    "Explanation",
    "Organ",
    "Receipt",
    "ServerLimits",
    "create_server",
    "serve",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
