"""Whether a beginning of a Python program can still become one: its grammar, and names that nothing binds.

The table of neighbours (`adjacent`) looks at two tokens; this reads everything that was written so far, whenever a
block is finished. A beginning that no continuation saves is denoised anew (see `model.decode.write`).
"""

from __future__ import annotations

import builtins
import symtable
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias, final

import torch
from jaxtyping import Bool, Int
from parso.grammar import load_grammar
from parso.parser import BaseParser, InternalParseError, ParserSyntaxError
from parso.python.token import PythonTokenTypes
from parso.python.tokenize import PythonToken
from torch import Tensor

from .spacing import BREAK, DEDENT, INDENT
from .stream import Kind, lexemes_of
from .tokens import Vocabulary

Viable: TypeAlias = Callable[[Tensor], Tensor]
"""From beginnings, one row of tokens each, to whether each can still become a program."""

VERSION = "3.13"
_KNOWN = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}
_COMPLETE = frozenset(["for", "if", "else", "elif", "while", "def", "return", "lambda", "raise"])
"""Words that hardly any name begins with: what ends with one is judged with it."""
_MARKS = {
    BREAK: PythonTokenTypes.NEWLINE,
    INDENT: PythonTokenTypes.INDENT,
    DEDENT: PythonTokenTypes.DEDENT,
}


@final
class Prefixes:
    """Judges beginnings of Python programs.

    What a name or a string that is still being written will be is not known: it is left out. So no beginning of a
    right program is refused, but for statements newer than the grammar, and for names that are bound further below.

    Args:
        vocabulary: The tokens.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._grammar = _grammar()

    def __call__(self, rows: Int[Tensor, "batch length"]) -> Bool[Tensor, " batch"]:
        """Return which rows can still become programs; a row with a hidden token is not judged."""
        return torch.tensor([self.viable(row) for row in rows.tolist()], dtype=torch.bool)

    def viable(self, ids: Sequence[int]) -> bool:
        """Return whether these tokens can still become a program, or are one where the end is among them."""
        known = self.vocabulary
        if known.mask in ids:
            return True
        if known.end in ids:
            ids = list(ids)[: list(ids).index(known.end)]
            return _whole(known.decode(ids, "python"))
        lexemes, _ = lexemes_of(list(ids), known.kinds, known._shown)
        if lexemes and self._open(ids) and lexemes[-1] not in _COMPLETE:
            lexemes = lexemes[:-1]
        return self._begins(lexemes) and self._bound(ids)

    def _open(self, ids: Sequence[int]) -> bool:
        """Return whether the last lexeme may go on: a word, or a string that is not closed."""
        return self.vocabulary.kinds[ids[-1]] in (Kind.START, Kind.REST, Kind.OPEN)

    def _begins(self, lexemes: Sequence[str]) -> bool:
        """Return whether the grammar has a program that begins so."""
        parser = BaseParser(self._grammar)  # type: ignore[no-untyped-call]
        try:
            parser.parse([_token(each) for each in lexemes] or [_token(BREAK)])  # type: ignore[no-untyped-call]
        except ParserSyntaxError:
            return False
        except InternalParseError as error:
            return "incomplete" in str(error)
        return True

    def _bound(self, ids: Sequence[int]) -> bool:
        """Return whether all finished lines use names that something above them binds."""
        known = self.vocabulary
        if ids[-1] not in (known.newline, known.indent, known.dedent):
            return True
        text = known.decode(ids, "python")
        last = text.rstrip().rsplit("\n", 1)[-1]
        if last.endswith(":"):
            text = text.rstrip() + "\n" + " " * (len(last) - len(last.lstrip()) + 1) + "pass\n"
        return not unbound(text)


def _token(lexeme: str) -> PythonToken:
    kind = _MARKS.get(lexeme)
    if kind is not None:
        return PythonToken(kind, "\n" if lexeme == BREAK else "", (1, 0), "")
    if lexeme[0].isdigit() or (lexeme[0] == "." and lexeme[1:2].isdigit()):
        kind = PythonTokenTypes.NUMBER
    elif lexeme[-1] in "\"'":
        kind = PythonTokenTypes.STRING
    elif lexeme[0].isalpha() or lexeme[0] == "_":
        kind = PythonTokenTypes.NAME
    else:
        kind = PythonTokenTypes.OP
    return PythonToken(kind, lexeme, (1, 0), "")


@cache
def _grammar() -> Any:
    return load_grammar(version=VERSION)._pgen_grammar


def _whole(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the compiler thinks of a draft is no news for the caller
            compile(source, "<program>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return not unbound(source)


def unbound(source: str) -> set[str]:
    """Return the names that functions use and nothing binds; none where it cannot be told."""
    try:
        table = symtable.symtable(source, "<program>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    bound = {
        each.get_name()
        for each in table.get_symbols()
        if each.is_assigned() or each.is_imported() or each.is_namespace()
    }
    used: set[str] = set()
    ahead = [table]
    while ahead:
        scope = ahead.pop()
        ahead += scope.get_children()
        used |= {
            each.get_name()
            for each in scope.get_symbols()
            if each.is_referenced() and (each.is_global() or scope is table)
        }
    return used - bound - _KNOWN
