"""A diffusion planner as LangChain tools, with feedback: this is its face, and importing it imports no LangChain."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_agentic_diffusion.callbacks import OutcomeCallbackHandler
    from langchain_agentic_diffusion.chatting import ChatWriter
    from langchain_agentic_diffusion.codekit import CodeToolkit
    from langchain_agentic_diffusion.coding import CodeDiffusionTool, RefineCodeTool
    from langchain_agentic_diffusion.middleware import OutcomeFeedbackMiddleware
    from langchain_agentic_diffusion.proposing import ChatProposer
    from langchain_agentic_diffusion.toolkit import DiffusionToolkit
    from langchain_agentic_diffusion.tools import DiffusionPlanTool, Goal, ReportOutcomeTool, goal_request

_HOMES = {
    "callbacks": ("OutcomeCallbackHandler",),
    "chatting": ("ChatWriter",),
    "codekit": ("CodeToolkit",),
    "coding": ("CodeDiffusionTool", "RefineCodeTool"),
    "middleware": ("OutcomeFeedbackMiddleware",),
    "proposing": ("ChatProposer",),
    "toolkit": ("DiffusionToolkit",),
    "tools": ("DiffusionPlanTool", "Goal", "ReportOutcomeTool", "goal_request"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__version__ = version("langchain-agentic-diffusion")

__all__ = [
    "ChatProposer",
    "ChatWriter",
    "CodeDiffusionTool",
    "CodeToolkit",
    "DiffusionPlanTool",
    "DiffusionToolkit",
    "Goal",
    "OutcomeCallbackHandler",
    "OutcomeFeedbackMiddleware",
    "RefineCodeTool",
    "ReportOutcomeTool",
    "goal_request",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
