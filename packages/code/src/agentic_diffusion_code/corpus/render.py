"""Says a program in any of the languages, in its canonical form."""

from __future__ import annotations

from agentic_diffusion_code.corpus import ir, render_python
from agentic_diffusion_code.corpus.errors import UnsayableError
from agentic_diffusion_code.corpus.render_javascript import Renderer, camel

LANGUAGES = ("python", "javascript", "typescript")
"""The languages that programs are rendered into."""

_SCRIPTS = {"javascript": Renderer(typed=False), "typescript": Renderer(typed=True)}

__all__ = ["LANGUAGES", "UnsayableError", "entry_name", "render", "signature"]


def render(program: ir.Program, language: str) -> str:
    """Return the text of a program.

    Raises:
        UnsayableError: When the language cannot say it plainly.
    """
    if language == "python":
        return render_python.render(program)
    return _SCRIPTS[language].render(program)


def signature(program: ir.Program, language: str) -> str:
    """Return the line that declares the function that is asked for."""
    if language == "python":
        return render_python.signature(program.entry)
    return _SCRIPTS[language].signature(program.entry)


def entry_name(program: ir.Program, language: str) -> str:
    """Return the name of the function that is asked for, as the language writes names."""
    return program.entry.name if language == "python" else camel(program.entry.name)
