"""Says a program in any of the languages, in its canonical form."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agentic_diffusion_code.corpus import ir, render_python
from agentic_diffusion_code.corpus.braced import Braced
from agentic_diffusion_code.corpus.errors import UnsayableError
from agentic_diffusion_code.corpus.render_c import C
from agentic_diffusion_code.corpus.render_go import Go
from agentic_diffusion_code.corpus.render_java import Java
from agentic_diffusion_code.corpus.render_javascript import Renderer, camel
from agentic_diffusion_code.corpus.render_rust import Rust

LANGUAGES = ("python", "javascript", "typescript", "java", "go", "rust", "c")
"""The languages that programs are rendered into."""

_SCRIPTS = {"javascript": Renderer(typed=False), "typescript": Renderer(typed=True)}
_COMPILED: Mapping[str, Callable[[], Braced]] = {"java": Java, "go": Go, "rust": Rust, "c": C}
_REFUSALS = {
    "python": ("Raise a ValueError", "ValueError"),
    "javascript": ("Throw an Error", "Error"),
    "typescript": ("Throw an Error", "Error"),
    "java": ("Throw an IllegalArgumentException", "IllegalArgumentException"),
    "go": ("Panic", "panic"),
    "rust": ("Panic", "panic"),
    "c": ("Refuse", ""),
}

__all__ = ["LANGUAGES", "UnsayableError", "entry_name", "refusal", "render", "signature"]


def render(program: ir.Program, language: str) -> str:
    """Return the text of a program.

    Raises:
        UnsayableError: When the language cannot say it plainly.
    """
    if language == "python":
        return render_python.render(program)
    if language in _COMPILED:
        return _COMPILED[language]().render(program)
    return _SCRIPTS[language].render(program)


def signature(program: ir.Program, language: str) -> str:
    """Return the line that declares the function that is asked for."""
    if language == "python":
        return render_python.signature(program.entry)
    if language in _COMPILED:
        return _COMPILED[language]().declared(program.entry)
    return _SCRIPTS[language].signature(program.entry)


def entry_name(program: ir.Program, language: str) -> str:
    """Return the name of the function that is asked for, as the language writes names."""
    if language in _COMPILED:
        return _COMPILED[language]().name(program.entry.name)
    return program.entry.name if language == "python" else camel(program.entry.name)


def refusal(language: str) -> tuple[str, str]:
    """Return how a request says that an input is refused, and the name of what is raised then."""
    return _REFUSALS[language]
