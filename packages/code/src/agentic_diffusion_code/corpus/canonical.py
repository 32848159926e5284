"""Gives a program in a language of braces its canonical text, without any vocabulary."""

from __future__ import annotations

from agentic_diffusion_code.lexing import LEXICONS
from agentic_diffusion_code.spacing import BREAK, Layout
from agentic_diffusion_code.stream import Marks, brace_stream


def canonical(source: str, language: str) -> str:
    """Return what the tokens of a program spell: no comments, no blank lines, white space by rule.

    Args:
        source: The program.
        language: Any language but Python, whose blocks are no braces.
    """
    lexicon = LEXICONS[language]
    known = [BREAK]

    def place(lexeme: str) -> tuple[int, ...]:
        if lexeme.startswith(lexicon.comments):
            return ()
        known.append(lexeme)
        return (len(known) - 1,)

    ids = brace_stream(lexicon.cut("\n" + source.replace("\r\n", "\n")), place, Marks(0, -1, -1))
    lexemes = [known[number] for number in ids]
    gaps = Layout(language).gaps(lexemes)
    return "".join(f"{gap}{lexeme}" for gap, lexeme in zip(gaps, lexemes, strict=True))
