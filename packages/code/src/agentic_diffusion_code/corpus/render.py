"""Says a program in any of the languages, in its canonical form."""

from __future__ import annotations

from agentic_diffusion_code.corpus import ir, render_python

LANGUAGES = ("python",)
"""The languages that programs are rendered into."""


class UnsayableError(Exception):
    """A language has no plain way to say something: the task is drawn anew."""


def render(program: ir.Program, language: str) -> str:
    """Return the text of a program.

    Raises:
        UnsayableError: When the language cannot say it plainly.
    """
    return render_python.render(program)


def signature(program: ir.Program, language: str) -> str:
    """Return the line that declares the function that is asked for."""
    return render_python.signature(program.entry)
