"""What cannot stand at a hidden position: brackets, line ends, blocks and strings, by an automaton.

Each row is read once from the left and once from the right. Where no hidden token lies between a
position and a point at which the state is known (the beginning, the end, a known line end of
Python), the open brackets are known exactly; elsewhere nothing is claimed. So no token of a
right program is ever forbidden, and with one hidden token between known ones the
brackets that remain are exactly those that balance. In Python the known neighbours of a hidden
token bar more (see `adjacent`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol, TypeAlias, final

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from agentic_diffusion_code.adjacent import Adjacent, Group
from agentic_diffusion_code.stream import Kind
from agentic_diffusion_code.tokens import Vocabulary


class Class(IntEnum):
    """What the automaton tells apart."""

    OTHER = 0
    MASK = 1
    END = 2
    NEWLINE = 3
    INDENT = 4
    DEDENT = 5
    OPERATOR = 6
    COLON = 7
    ROUND = 8
    SQUARE = 9
    CURLY = 10
    ROUND_CLOSE = 11
    SQUARE_CLOSE = 12
    CURLY_CLOSE = 13
    OPEN = 14
    CLOSE = 15
    START = 16
    REST = 17


_BRACKETS = {"(": Class.ROUND, "[": Class.SQUARE, "{": Class.CURLY}
_CLOSERS = {")": Class.ROUND_CLOSE, "]": Class.SQUARE_CLOSE, "}": Class.CURLY_CLOSE}
_SHIFT = Class.ROUND_CLOSE - Class.ROUND
_OPENING = (Class.ROUND, Class.SQUARE, Class.CURLY)
_CLOSING = (Class.ROUND_CLOSE, Class.SQUARE_CLOSE, Class.CURLY_CLOSE)
_OUTSIDE = (
    Class.END,
    Class.NEWLINE,
    Class.INDENT,
    Class.DEDENT,
    Class.OPERATOR,
    Class.COLON,
    *_OPENING,
    *_CLOSING,
)
_LINE = (Class.NEWLINE, Class.INDENT, Class.DEDENT)
_FLAT = {"python": frozenset(_OPENING)}
_FLAT_BRACES = frozenset({Class.ROUND, Class.SQUARE})

Stack: TypeAlias = list[int] | None
"""The brackets that are open, outermost first; None where that is not known."""


class Permits(Protocol):
    """Says what may stand at each position of some rows, from a position on."""

    def __call__(self, rows: Tensor, *, start: int) -> Tensor:
        """Return it for every token."""
        ...


@final
class Syntax:
    """Says for each hidden token which tokens are impossible.

    Args:
        vocabulary: The tokens.
        language: The language of the rows.
    """

    def __init__(self, vocabulary: Vocabulary, language: str) -> None:
        vocabulary.language(language)
        self.vocabulary = vocabulary
        self._python = language == "python"
        self._flat = _FLAT.get(language, _FLAT_BRACES)
        self.classes = np.array(
            [_class(vocabulary, token) for token in range(vocabulary.size)], dtype=np.int64
        )
        self._adjacent = Adjacent(vocabulary) if self._python else None
        self._classes = torch.from_numpy(self.classes)

    def allowed(
        self, rows: Int[Tensor, "batch length"], begin: int = 0, *, start: int = 0
    ) -> Bool[Tensor, "batch rest vocabulary"]:
        """Return what may stand at each position; everything where a token is known, or before `begin`.

        It is what `agentic_diffusion.denoising.guidance.Allowed` asks for. All of a row is read, and what is said is
        said of the positions from `start`, because spreading it over the vocabulary is most of the work.
        """
        barred, beside = (each[:, start:].to(rows.device) for each in self._read(rows, begin))
        open_ = ~barred[:, :, self._classes.to(rows.device)]
        if self._adjacent is None:
            return open_
        return open_ & ~beside[:, :, torch.from_numpy(self._adjacent.groups).to(rows.device)]

    def forbidden(
        self, rows: Int[Tensor, "batch length"], begin: int = 0
    ) -> Bool[Tensor, "batch length classes"]:
        """Return which classes of tokens are impossible at each hidden position."""
        return self._read(rows, begin)[0]

    def _read(self, rows: Tensor, begin: int) -> tuple[Tensor, Tensor]:
        """Return which classes are impossible at each hidden position, and which groups of neighbours."""
        tokens = rows.detach().cpu().numpy()
        table = self.classes[tokens]
        barred = np.zeros((*table.shape, len(Class)), dtype=bool)
        beside = np.zeros((*table.shape, len(Group)), dtype=bool)
        for row, ids, out, near in zip(table, tokens, barred, beside, strict=True):
            code = self._row(row[begin:].tolist(), out[begin:])
            if self._adjacent is not None:
                inside = ids[begin:].tolist()
                for index in code:
                    near[begin + index] = self._adjacent.barred(inside, index)
        return torch.from_numpy(barred), torch.from_numpy(beside)

    def _row(self, row: list[int], out: np.ndarray) -> list[int]:
        """Fill in what is barred; return the hidden positions that are known to lie outside of strings."""
        code: list[int] = []
        if Class.MASK not in row:
            return code
        right = self._right(row)
        stack: Stack = []
        text: bool | None = False  # whether inside a string; None where that is not known
        blocks: int | None = 0
        for index, token in enumerate(row):
            if token == Class.MASK:
                before = row[index - 1] if index else Class.NEWLINE
                barred = self._local(row, index, text, blocks)
                if text is False:
                    code.append(index)
                    barred |= self._brackets(stack, right[index])
                elif text is None:
                    barred |= self._brackets(None, right[index])
                if len(barred) < len(Class) - 1:
                    out[index, list(barred)] = True
                still = Class.INDENT in barred and Class.DEDENT in barred
                blocks = blocks if still else None
                stack, text = None, self._after(before, text, barred)
            elif token == Class.END:
                break
            else:
                stack, text = self._step(token, stack, text)
                blocks = _blocks(token, blocks)
        return code

    def _after(self, before: int, text: bool | None, barred: set[int]) -> bool | None:
        """Return whether a string is open after a hidden token."""
        if text is False and Class.OPEN in barred:
            return False
        return True if text is True and Class.CLOSE in barred else None

    def _step(self, token: int, stack: Stack, text: bool | None) -> tuple[Stack, bool | None]:
        if token == Class.NEWLINE and self._python:
            return [], False
        if token in (Class.OPEN, Class.CLOSE):
            return stack, token == Class.OPEN
        if token in _OPENING:
            return (None if stack is None else [*stack, token]), False
        if token in _CLOSING:
            fits = stack is not None and bool(stack) and stack[-1] + _SHIFT == token
            return (stack[:-1] if stack is not None and fits else None), False
        return stack, False if token in _OUTSIDE else text

    def _right(self, row: Sequence[int]) -> list[Stack]:
        """Return for each position which closing brackets follow it unopened, the innermost last."""
        found: list[Stack] = [None] * len(row)
        ends = Class.END in row
        stack: Stack = None
        for index in range(len(row) - 1, -1, -1):
            found[index] = stack
            token = row[index]
            if token == Class.END or (token == Class.NEWLINE and self._python):
                stack = []
            elif token == Class.MASK:
                stack = None
            elif stack is not None and token in _CLOSING:
                stack = [*stack, token - _SHIFT]
            elif stack is not None and token in _OPENING:
                stack = stack[:-1] if stack and stack[-1] == token else None
        return found if ends or self._python else [None] * len(row)

    def _brackets(self, left: Stack, right: Stack) -> set[int]:
        """Return the classes that leave brackets open or close what is not."""
        barred: set[int] = set()
        if left is not None:
            barred |= {each for each in _CLOSING if not left or left[-1] + _SHIFT != each}
            if left:
                barred.add(Class.END)
            if left and left[-1] in self._flat:
                barred |= set(_LINE)
        if right is not None:
            barred |= {each for each in _OPENING if not right or right[-1] != each}
            if right and right[-1] in self._flat:
                barred |= set(_LINE)
        if left is not None and right is not None:
            closes, opens = bool(left) and left[:-1] == right, bool(right) and left == right[:-1]
            barred |= set() if closes else set(_CLOSING)
            barred |= set() if opens else set(_OPENING)
            if closes or opens:
                barred |= set(Class) - {*_OPENING, *_CLOSING, Class.MASK}
        return barred

    def _local(self, row: Sequence[int], index: int, text: bool | None, blocks: int | None) -> set[int]:
        """Return the classes that the neighbours and the open string or block exclude."""
        before = row[index - 1] if index else Class.NEWLINE
        earlier = row[index - 2] if index > 1 else Class.OTHER
        after = row[index + 1] if index + 1 < len(row) else Class.MASK
        if text is True:
            return {*_OUTSIDE, Class.OPEN}
        barred: set[int] = set()
        if text is False:
            barred.add(Class.CLOSE)
            if before not in (Class.START, Class.REST, Class.MASK):
                barred.add(Class.REST)
        if before in _LINE or not index:
            barred.add(Class.NEWLINE)
        return barred | self._blocks(before, earlier, after, blocks)

    def _blocks(self, before: int, earlier: int, after: int, blocks: int | None) -> set[int]:
        if not self._python:
            return {Class.INDENT, Class.DEDENT}
        everything: set[int] = set(Class)
        barred: set[int] = set()
        if before not in (Class.NEWLINE, Class.MASK) or earlier not in (Class.COLON, Class.MASK):
            if before != Class.MASK:
                barred.add(Class.INDENT)
        elif before == Class.NEWLINE and earlier == Class.COLON:
            return everything - {Class.INDENT, Class.MASK}
        if before not in (Class.NEWLINE, Class.DEDENT, Class.MASK) or blocks == 0:
            barred.add(Class.DEDENT)
        if before not in (Class.NEWLINE, Class.DEDENT, Class.MASK):
            barred.add(Class.END)
        if after == Class.INDENT:
            return everything - {Class.NEWLINE, Class.MASK}
        if after == Class.DEDENT:
            barred |= everything - {Class.NEWLINE, Class.DEDENT, Class.MASK}
        return barred


def _blocks(token: int, blocks: int | None) -> int | None:
    if blocks is None or token not in (Class.INDENT, Class.DEDENT):
        return blocks
    return max(0, blocks + (1 if token == Class.INDENT else -1))


def _class(vocabulary: Vocabulary, token: int) -> Class:
    kind, text = vocabulary.kinds[token], vocabulary.texts[token]
    if kind is Kind.OPERATOR:
        return _BRACKETS.get(text) or _CLOSERS.get(text) or (Class.COLON if text == ":" else Class.OPERATOR)
    if token == vocabulary.mask:
        return Class.MASK
    if token == vocabulary.end:
        return Class.END
    known = {
        Kind.NEWLINE: Class.NEWLINE,
        Kind.INDENT: Class.INDENT,
        Kind.DEDENT: Class.DEDENT,
        Kind.OPEN: Class.OPEN,
        Kind.CLOSE: Class.CLOSE,
        Kind.START: Class.START,
        Kind.REST: Class.REST,
    }
    return known.get(kind, Class.OTHER)
