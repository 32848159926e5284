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
from functools import lru_cache
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
State: TypeAlias = tuple[Stack, bool | None, int | None]
"""What is known between two tokens: open brackets, whether inside a string, and how many blocks are open."""
Known: TypeAlias = tuple[int, ...] | None
Beside: TypeAlias = tuple[int, int, int, bool]
"""The token before a position, the one before that, the one behind it, and whether nothing is before it."""
_FIRST: State = ([], False, 0)


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
        self._spread = lru_cache(maxsize=1 << 11)(self._over_vocabulary)
        self._barred = lru_cache(maxsize=1 << 14)(self._excluded)
        self._ahead: tuple[bytes, State] = (b"", _FIRST)

    def allowed(
        self, rows: Int[Tensor, "batch length"], begin: int = 0, *, start: int = 0
    ) -> Bool[Tensor, "batch rest vocabulary"]:
        """Return what may stand at each position; everything where a token is known, or before `begin`.

        It is what `agentic_diffusion.denoising.guidance.Allowed` asks for. All of a row is read, and what is said is
        said of the positions from `start`, because spreading it over the vocabulary is most of the work.
        """
        barred, beside = self._read(rows, begin, start)
        found = [
            self._spread(classes.tobytes(), near.tobytes())
            for row in zip(barred, beside, strict=True)
            for classes, near in zip(*row, strict=True)
        ]
        shape = rows.shape[0], rows.shape[1] - start, self.vocabulary.size
        return (
            torch.stack(found).view(shape).to(rows.device) if found else torch.ones(shape, dtype=torch.bool)
        )

    def _over_vocabulary(self, classes: bytes, near: bytes) -> Bool[Tensor, " vocabulary"]:
        """Return what may stand where some classes and groups are barred."""
        open_ = ~np.frombuffer(classes, dtype=bool)[self.classes]
        if self._adjacent is not None:
            open_ &= ~np.frombuffer(near, dtype=bool)[self._adjacent.groups]
        return torch.from_numpy(open_)

    def forbidden(
        self, rows: Int[Tensor, "batch length"], begin: int = 0
    ) -> Bool[Tensor, "batch length classes"]:
        """Return which classes of tokens are impossible at each hidden position."""
        return torch.from_numpy(self._read(rows, begin, 0)[0])

    def _read(self, rows: Tensor, begin: int, start: int) -> tuple[np.ndarray, np.ndarray]:
        """Return which classes are impossible at each hidden position from `start`, and which groups of neighbours."""
        tokens = rows.detach().cpu().numpy()
        table = self.classes[tokens]
        rest = table.shape[1] - start
        barred = np.zeros((len(table), rest, len(Class)), dtype=bool)
        beside = np.zeros((len(table), rest, len(Group)), dtype=bool)
        first = max(0, start - begin)
        for row, ids, out, near in zip(table, tokens, barred, beside, strict=True):
            code = self._row(row[begin:].tolist(), out[max(0, begin - start) :], first)
            if self._adjacent is not None:
                inside = ids[begin:].tolist()
                for index in code:
                    near[begin + index - start] = self._adjacent.barred(inside, index)
        return barred, beside

    def _until(self, row: list[int], first: int) -> State:
        """Return the state before a position, where all is known until there; that of the last one is remembered."""
        seen = bytes(row[:first])
        known, state = self._ahead
        if not seen.startswith(known):
            known, state = b"", _FIRST
        stack, text, blocks = state
        for token in seen[len(known) :]:
            stack, text = self._step(token, stack, text)
            blocks = _blocks(token, blocks)
        self._ahead = seen, (stack, text, blocks)
        return stack, text, blocks

    def _row(self, row: list[int], out: np.ndarray, first: int) -> list[int]:
        """Fill in what is barred from a position on; return the hidden ones known to lie outside of strings."""
        code: list[int] = []
        mask = int(Class.MASK)
        if mask not in row:
            return code
        right = self._right(row, first)
        if mask in row[:first] or int(Class.END) in row[:first]:
            begun, (stack, text, blocks) = 0, _FIRST
        else:
            begun, (stack, text, blocks) = first, self._until(row, first)
        for index, token in enumerate(row[begun:], begun):
            if token == mask:
                before = row[index - 1] if index else int(Class.NEWLINE)
                earlier = row[index - 2] if index > 1 else int(Class.OTHER)
                after = row[index + 1] if index + 1 < len(row) else mask
                beside = (before, earlier, after, index == 0)
                left, follows = (None if each is None else tuple(each) for each in (stack, right[index]))
                barred, marked = self._barred(beside, text, blocks == 0, left, follows)
                if index >= first:
                    code += [index] * (text is False)
                    out[index - first] = marked
                still = Class.INDENT in barred and Class.DEDENT in barred
                blocks = blocks if still else None
                stack, text = None, self._after(text, barred)
            elif token == Class.END:
                break
            else:
                stack, text = self._step(token, stack, text)
                blocks = _blocks(token, blocks)
        return code

    def _excluded(
        self, beside: Beside, text: bool | None, ground: bool, left: Known, right: Known
    ) -> tuple[frozenset[int], np.ndarray]:
        """Return the classes that cannot stand at a hidden position, and the same as a row of truth values.

        Where that would leave nothing, nothing is barred.

        Args:
            beside: The tokens around it.
            text: Whether it lies inside a string.
            ground: Whether no block is open.
            left: The brackets that are open.
            right: Those that close behind it.
        """
        barred = self._local(beside, text, ground)
        if text is not True:
            barred |= self._brackets(left if text is False else None, right)
        marked = np.zeros(len(Class), dtype=bool)
        if len(barred) < len(Class) - 1:
            marked[list(barred)] = True
        return frozenset(barred), marked

    def _after(self, text: bool | None, barred: frozenset[int]) -> bool | None:
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

    def _right(self, row: Sequence[int], first: int) -> list[Stack]:
        """Return for each position from one on which closing brackets follow it unopened, the innermost last."""
        found: list[Stack] = [None] * len(row)
        ends = Class.END in row
        stack: Stack = None
        for index in range(len(row) - 1, first - 1, -1):
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

    def _brackets(self, left: Known, right: Known) -> set[int]:
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

    def _local(self, beside: Beside, text: bool | None, ground: bool) -> set[int]:
        """Return the classes that the neighbours and the open string or block exclude."""
        before, earlier, after, begins = beside
        if text is True:
            return {*_OUTSIDE, Class.OPEN}
        barred: set[int] = set()
        if text is False:
            barred.add(Class.CLOSE)
            if before not in (Class.START, Class.REST, Class.MASK):
                barred.add(Class.REST)
        if before in _LINE or begins:
            barred.add(Class.NEWLINE)
        return barred | self._blocks(before, earlier, after, ground)

    def _blocks(self, before: int, earlier: int, after: int, ground: bool) -> set[int]:
        if not self._python:
            return {Class.INDENT, Class.DEDENT}
        everything: set[int] = set(Class)
        barred: set[int] = set()
        if before not in (Class.NEWLINE, Class.MASK) or earlier not in (Class.COLON, Class.MASK):
            if before != Class.MASK:
                barred.add(Class.INDENT)
        elif before == Class.NEWLINE and earlier == Class.COLON:
            return everything - {Class.INDENT, Class.MASK}
        if before not in (Class.NEWLINE, Class.DEDENT, Class.MASK) or ground:
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
