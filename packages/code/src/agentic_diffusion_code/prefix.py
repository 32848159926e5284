"""Whether a beginning of a Python program can still become one: its grammar, and names that nothing binds.

The table of neighbours (`adjacent`) looks at two tokens; this reads everything that was written so far, whenever a
block is finished. A beginning that no continuation saves is denoised anew (see `model.decode.write`).
"""

from __future__ import annotations

import builtins
import symtable
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from .pushdown import State, opening, step
from .stream import Kind, Reader
from .tokens import Vocabulary

Viable: TypeAlias = Callable[[Tensor], Tensor]
"""From beginnings, one row of tokens each, to whether each can still become a program."""

_KNOWN = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}
_COMPLETE = frozenset(["for", "if", "else", "elif", "while", "def", "return", "lambda", "raise"])
"""Words that hardly any name begins with: what ends with one is judged with it."""
_KEPT = 32
"""Beginnings that are gone on from where a longer one is asked about."""


@final
@dataclass(frozen=True)
class _Begun:
    """A beginning that was read.

    Args:
        ids: Its tokens.
        reader: What they spell; the last lexeme may go on.
        read: How many lexemes the state stands for.
        state: Where these lead; None where no program begins so.
    """

    ids: tuple[int, ...]
    reader: Reader
    read: int
    state: State | None


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
        self._kept: list[_Begun] = []

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
        return self._begins(tuple(ids)) and self._bound(ids)

    def _begins(self, ids: tuple[int, ...]) -> bool:
        """Return whether the grammar has a program that begins so; what may still go on is left out."""
        kept = [each for each in self._kept if ids[: len(each.ids)] == each.ids]
        known = max(kept, key=lambda each: len(each.ids), default=None)
        known = known or _Begun((), Reader(self.vocabulary._shown), 0, opening())
        reader, kinds, state = known.reader.copy(), self.vocabulary.kinds, known.state
        for token in ids[len(known.ids) :]:
            reader.read(token, kinds[token])
        whole = reader.copy()
        whole.finish()
        for lexeme in reader.lexemes[known.read :]:
            state = step(state, lexeme)
        self._kept = [*self._kept[1 - _KEPT :], _Begun(ids, reader, len(reader.lexemes), state)]
        last = whole.lexemes[len(reader.lexemes) :]
        if last and self._open(ids) and last[-1] not in _COMPLETE:
            last = last[:-1]
        for lexeme in last:
            state = step(state, lexeme)
        return state is not None

    def _open(self, ids: Sequence[int]) -> bool:
        """Return whether the last lexeme may go on: a word, or a string that is not closed."""
        return self.vocabulary.kinds[ids[-1]] in (Kind.START, Kind.REST, Kind.OPEN)

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
