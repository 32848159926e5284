"""Which tokens of Python can never stand side by side, outside of strings.

Only what no program can hold is barred: two operands without an operator, an operator without its operand, a
statement's keyword inside an expression. Soft keywords (`match x`, `type X`), strings that are joined without an
operator, markers of parameters (`*,` and `/,`) and relative imports are let through.
"""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from enum import IntEnum
from typing import final

import numpy as np
from numpy.typing import NDArray

from agentic_diffusion_code.stream import Kind
from agentic_diffusion_code.tokens import Vocabulary


class Group(IntEnum):
    """What is told apart for neighbours."""

    FREE = 0
    """Never barred: pieces of words, masks, and all that is not Python."""
    NAME = 1
    SOFT = 2
    NUMBER = 3
    OPEN = 4
    CLOSE = 5
    LINE = 6
    OPENER = 7
    BRACE = 8
    CLOSER = 9
    COMMA = 10
    COLON = 11
    POINT = 12
    SIGN = 13
    """+ and -, before or between operands."""
    STAR = 14
    """*, ** and /, which may also stand alone among parameters."""
    BETWEEN = 15
    """An operator that only stands between operands, and what assigns."""
    TILDE = 16
    NOT = 17
    IN = 18
    IS = 19
    JOIN = 20
    """and, or."""
    IF = 21
    ELSE = 22
    FOR = 23
    STATEMENT = 24
    """A keyword that begins a statement and may end its line: return, raise."""
    BLOCK = 25
    """A keyword that begins a statement and needs an expression: while, elif, assert, del."""
    ALONE = 26
    """pass, break, continue, try, finally."""
    DEFINE = 27
    """def, class."""
    LAMBDA = 28
    END = 29


_WORDS = {
    **dict.fromkeys(("True", "False", "None"), Group.NAME),
    **dict.fromkeys(("match", "case", "type"), Group.SOFT),
    **dict.fromkeys(("and", "or"), Group.JOIN),
    **dict.fromkeys(("return", "raise"), Group.STATEMENT),
    **dict.fromkeys(("while", "elif", "assert", "del"), Group.BLOCK),
    **dict.fromkeys(("pass", "break", "continue", "try", "finally"), Group.ALONE),
    **dict.fromkeys(("def", "class"), Group.DEFINE),
    "not": Group.NOT,
    "in": Group.IN,
    "is": Group.IS,
    "if": Group.IF,
    "else": Group.ELSE,
    "for": Group.FOR,
    "lambda": Group.LAMBDA,
}
_SIGNS = {
    **dict.fromkeys("([", Group.OPENER),
    **dict.fromkeys(")]}", Group.CLOSER),
    **dict.fromkeys("+-", Group.SIGN),
    **dict.fromkeys(("*", "**", "/"), Group.STAR),
    **dict.fromkeys(("%", "&", "|", "^", "<", ">", "<=", ">=", "==", "!=", "//", "<<", ">>"), Group.BETWEEN),
    **dict.fromkeys(("=", ":=", "+=", "-=", "*=", "/=", "%=", "//=", "**=", "&=", "|=", "^="), Group.BETWEEN),
    "{": Group.BRACE,
    ",": Group.COMMA,
    ":": Group.COLON,
    ".": Group.POINT,
    "~": Group.TILDE,
}
_OPERANDS = (Group.NAME, Group.SOFT, Group.NUMBER)
_BINARY = (Group.BETWEEN, Group.IS, Group.JOIN, Group.ELSE)
_MOST = 1 << 14
"""Neighbours that are remembered."""
_CLAUSES = (Group.STATEMENT, Group.BLOCK, Group.ALONE, Group.DEFINE)


def groups(vocabulary: Vocabulary) -> NDArray[np.int64]:
    """Return the group of each token of a vocabulary, read as Python."""
    return np.array([_group(vocabulary, token) for token in range(vocabulary.size)], dtype=np.int64)


def _group(vocabulary: Vocabulary, token: int) -> Group:
    kind, text = vocabulary.kinds[token], vocabulary.texts[token]
    if token == vocabulary.end:
        return Group.END
    if kind in (Kind.NEWLINE, Kind.INDENT, Kind.DEDENT):
        return Group.LINE
    if kind is Kind.OPEN:
        return Group.OPEN
    if kind is Kind.CLOSE:
        return Group.CLOSE
    if kind is Kind.OPERATOR:
        return _SIGNS.get(text, Group.FREE)
    if kind is not Kind.START:
        return Group.FREE
    if text[:1].isdigit():
        return Group.NUMBER
    if text in _WORDS:
        return _WORDS[text]
    return Group.FREE if keyword.iskeyword(text) else Group.NAME


def begun(table: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the table for right neighbours that may be the beginning of a longer name, as `is` is of `isdigit`."""
    loose = table.copy()
    loose[:, Group.NOT :] &= table[:, [Group.NAME]]
    loose[:, Group.END] = table[:, Group.END]
    return loose


def clashes() -> NDArray[np.bool_]:
    """Return the table of neighbours, left in rows and right in columns: True where no Python has them."""
    table = np.zeros((len(Group), len(Group)), dtype=bool)

    def bar(left: tuple[Group, ...], right: tuple[Group, ...]) -> None:
        table[np.ix_(left, right)] = True

    g = Group
    ends = (g.NAME, g.NUMBER, g.CLOSE, g.CLOSER)
    wanting = (g.BETWEEN, g.SIGN, g.TILDE, g.NOT, g.IN, g.IS, g.JOIN, g.IF, g.FOR, g.BLOCK)
    bar(ends, (*_OPERANDS, g.BRACE, g.TILDE, g.LAMBDA, *_CLAUSES))
    bar((g.NAME, g.NUMBER, g.CLOSER), (g.OPEN,))
    bar(wanting, (g.CLOSER, g.COMMA, g.COLON, g.LINE, g.END, g.POINT, *_BINARY, g.IF, g.FOR, *_CLAUSES))
    bar((g.BETWEEN, g.SIGN, g.TILDE, g.IN, g.IS, g.JOIN, g.IF, g.FOR, g.BLOCK), (g.IN,))
    bar((g.OPENER, g.BRACE), (g.COMMA, g.POINT, *_BINARY, g.IN, g.IF, g.FOR, g.LINE, g.END, *_CLAUSES))
    bar((g.COMMA,), (g.COMMA, g.POINT, g.IS, g.JOIN, g.ELSE, g.IF, *_CLAUSES))
    bar((g.LINE,), (g.COMMA, g.COLON, g.POINT, g.BETWEEN, g.IS, g.JOIN, g.IN, g.CLOSER))
    bar((g.STATEMENT, g.ELSE), (g.COMMA, g.POINT, g.CLOSER, *_BINARY, g.IN, g.IF, g.FOR, *_CLAUSES))
    bar((g.STATEMENT,), (g.COLON,))
    bar((g.DEFINE,), tuple(each for each in Group if each not in (g.FREE, g.NAME, g.SOFT)))
    bar((g.POINT,), tuple(each for each in Group if each not in (g.FREE, g.NAME, g.SOFT, g.POINT)))
    bar((g.NUMBER,), (g.OPENER,))
    bar((g.COLON,), (g.POINT, g.IS, g.JOIN, g.IN, g.ELSE))
    return table


@final
class Adjacent:
    """Says which groups cannot stand at a hidden position, by the tokens on its left and right.

    Args:
        vocabulary: The tokens, read as Python.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.groups = groups(vocabulary)
        self._kinds = [vocabulary.kinds[token] for token in range(vocabulary.size)]
        self._mask = vocabulary.mask
        self._table = clashes()
        self._begun = begun(self._table)
        self._seen: dict[tuple[int, tuple[int, ...]], NDArray[np.bool_]] = {}

    def barred(self, row: Sequence[int], index: int) -> NDArray[np.bool_]:
        """Return True for each group that cannot stand at a hidden position outside of strings.

        A word is known to be a keyword only where no further piece of a name follows it.
        """
        return self._between(row[index - 1] if index else -1, tuple(row[index + 1 : index + 3]))

    def _between(self, left: int, after: tuple[int, ...]) -> NDArray[np.bool_]:
        known = self._seen.get((left, after))
        if known is None:
            if len(self._seen) > _MOST:
                self._seen.clear()
            known = self._seen[left, after] = self._found(left, after)
        return known

    def _found(self, left: int, after: tuple[int, ...]) -> NDArray[np.bool_]:
        found = np.zeros(len(Group), dtype=bool)
        if left != self._mask:
            group = Group.LINE if left < 0 else Group.NAME if self._rest(left) else self.groups[left]
            found |= self._begun[group]
        if not after or after[0] == self._mask or self._rest(after[0]):
            return found
        longer = len(after) < 2 or after[1] == self._mask
        word = self._kinds[after[0]] is Kind.START
        if word and not longer and self._rest(after[1]):
            return found | self._table[:, Group.NAME]
        exact = self._table[:, self.groups[after[0]]]
        return found | (exact & self._table[:, Group.NAME] if word and longer else exact)

    def _rest(self, token: int) -> bool:
        return self._kinds[token] is Kind.REST
