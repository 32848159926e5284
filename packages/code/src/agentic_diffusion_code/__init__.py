"""Programs as data: languages, tokens, a generated corpus, and a fence to run them in."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentic_diffusion_code.asking import CodeAsk
    from agentic_diffusion_code.coder import Coder
    from agentic_diffusion_code.domain import CodeRequest, Program, asked
    from agentic_diffusion_code.embedded import load_coder
    from agentic_diffusion_code.language import Language, Span, by_name
    from agentic_diffusion_code.stream import Kind
    from agentic_diffusion_code.tokens import Vocabulary
    from agentic_diffusion_code.writer import TokenWriter

_HOMES = {
    "asking": ("CodeAsk",),
    "coder": ("Coder",),
    "domain": ("CodeRequest", "Program", "asked"),
    "embedded": ("load_coder",),
    "language": ("Language", "Span", "by_name"),
    "stream": ("Kind",),
    "tokens": ("Vocabulary",),
    "writer": ("TokenWriter",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "CodeAsk",
    "CodeRequest",
    "Coder",
    "Kind",
    "Language",
    "Program",
    "Span",
    "TokenWriter",
    "Vocabulary",
    "asked",
    "by_name",
    "load_coder",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
