"""Turns the lexemes of a program into a stream of tokens with explicit line ends and blocks, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import final

from agentic_diffusion_code.lexing import closer
from agentic_diffusion_code.spacing import BREAK, DEDENT, INDENT

TAB = 8
Encode = Callable[[str], tuple[int, ...]]


class Kind(IntEnum):
    """What a token can do."""

    SPECIAL = 0
    NEWLINE = 1
    INDENT = 2
    DEDENT = 3
    OPERATOR = 4
    OPEN = 5
    CLOSE = 6
    START = 7
    REST = 8


@final
@dataclass(frozen=True)
class Marks:
    """The tokens that are no text."""

    newline: int
    indent: int
    dedent: int


def brace_stream(lexemes: Sequence[str], encode: Encode, marks: Marks) -> list[int]:
    """Return the tokens of a language whose blocks stand in braces.

    A line break inside round or square brackets, or before a point, means nothing and is dropped.
    """
    ids: list[int] = []
    stack: list[str] = []
    pending = False
    for lexeme in lexemes:
        first = lexeme[0]
        if first == "\n":
            if not stack or stack[-1] == "{":
                pending = True
            continue
        known = encode(lexeme)
        if not known:
            continue
        if pending:
            if ids and lexeme != "." and lexeme != "?.":
                ids.append(marks.newline)
            pending = False
        if first in "([{":
            stack.append(first)
        elif first in ")]}" and stack:
            stack.pop()
        ids += known
    if ids:
        ids.append(marks.newline)
    return ids


def indented_stream(lexemes: Sequence[str], encode: Encode, marks: Marks) -> list[int]:
    """Return the tokens of Python: a break inside any bracket is dropped, blocks are marked."""
    ids: list[int] = []
    indents: list[int] = []
    depth = 0
    pending = -1
    for lexeme in lexemes:
        first = lexeme[0]
        if first == "\n":
            if depth == 0:
                pending = len(lexeme.expandtabs(TAB)) - 1
            continue
        known = encode(lexeme)
        if not known:
            continue
        if pending >= 0:
            _block(ids, indents, pending, marks=marks)
            pending = -1
        if first in "([{":
            depth += 1
        elif first in ")]}":
            depth = max(0, depth - 1)
        ids += known
    if ids:
        ids.append(marks.newline)
        ids += [marks.dedent] * (len(indents) - 1)
    return ids


def _block(ids: list[int], indents: list[int], width: int, *, marks: Marks) -> None:
    if not ids:
        indents[:] = [width]
        return
    ids.append(marks.newline)
    while len(indents) > 1 and width < indents[-1]:
        indents.pop()
        ids.append(marks.dedent)
    if width > indents[-1]:
        indents.append(width)
        ids.append(marks.indent)


def lexemes_of(
    ids: Sequence[int], kinds: Sequence[Kind], shown: Sequence[bytes]
) -> tuple[list[str], list[int]]:
    """Return the lexemes that tokens spell, and for each token the lexeme it belongs to, or -1.

    Any stream is read, also one that no program has: what is left open is closed.
    """
    reader = Reader(shown)
    for token in ids:
        reader.read(token, kinds[token])
    reader.finish()
    return reader.lexemes, reader.owners


@final
class Reader:
    """Collects tokens into lexemes.

    Args:
        shown: What each token adds to a text.
    """

    def __init__(self, shown: Sequence[bytes]) -> None:
        self._shown = shown
        self._open: bytes | None = None
        self._body = bytearray()
        self._is_word = False
        self.lexemes: list[str] = []
        self.owners: list[int] = []

    def copy(self) -> Reader:
        """Return one that goes on from here by itself."""
        other = Reader(self._shown)
        other._open, other._body, other._is_word = self._open, bytearray(self._body), self._is_word
        other.lexemes, other.owners = list(self.lexemes), list(self.owners)
        return other

    def read(self, token: int, kind: Kind) -> None:
        """Take one more token."""
        if self._open is not None and self._inside(token, kind):
            return
        text = self._shown[token]
        if kind is Kind.REST and self._is_word:
            self._body += text
            self.owners.append(len(self.lexemes))
            return
        self.finish()
        if kind is Kind.START or kind is Kind.REST:
            self._is_word = True
            self._body += text
        elif kind is Kind.OPEN:
            self._open = text
        elif kind is Kind.OPERATOR:
            self.lexemes.append(text.decode())
            self.owners.append(len(self.lexemes) - 1)
            return
        elif kind in (Kind.NEWLINE, Kind.INDENT, Kind.DEDENT):
            self.lexemes.append({Kind.NEWLINE: BREAK, Kind.INDENT: INDENT}.get(kind, DEDENT))
            self.owners.append(len(self.lexemes) - 1)
            return
        else:
            self.owners.append(-1)
            return
        self.owners.append(len(self.lexemes))

    def _inside(self, token: int, kind: Kind) -> bool:
        """Take a token inside a string; False when it cannot stand there and the string ends."""
        if kind is Kind.START or kind is Kind.REST:
            self._body += b" " if kind is Kind.START and self._body else b""
            self._body += self._shown[token]
        elif kind is Kind.CLOSE:
            self.owners.append(len(self.lexemes))
            self.finish()
            return True
        elif kind is not Kind.SPECIAL:
            return False
        self.owners.append(-1 if kind is Kind.SPECIAL else len(self.lexemes))
        return True

    def finish(self) -> None:
        """End the lexeme that is being read."""
        text = self._body.decode("utf-8", "replace")
        if self._open is not None:
            start = self._open.decode()
            text = f"{start}{text}{closer(start)}"
        if text:
            self.lexemes.append(text)
        elif self._open is not None or self._is_word:  # an opening without text spells nothing
            self.owners = [-1 if owner == len(self.lexemes) else owner for owner in self.owners]
        self._open = None
        self._is_word = False
        self._body.clear()


def prose_of(ids: Sequence[int], kinds: Sequence[Kind], shown: Sequence[bytes]) -> str:
    """Return the description that tokens spell."""
    parts = bytearray()
    start: str | None = None
    fresh = True
    for token in ids:
        kind = kinds[token]
        if kind is Kind.START:
            parts += (b"" if fresh else b" ") + shown[token]
        elif kind is Kind.REST:
            parts += shown[token]
        elif kind is Kind.OPEN:
            parts += (b" " if parts else b"") + shown[token]
            start, fresh = shown[token].decode(), True
            continue
        elif kind is Kind.CLOSE and start is not None:
            parts += closer(start).encode()
            start = None
        else:
            continue
        fresh = False
    return parts.decode("utf-8", "replace")
