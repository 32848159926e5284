"""Decides the white space between lexemes, so that one program has one text.

The rules look at lexemes only, never at the white space of a source. They make text readable;
where two operators would become another one, a space keeps them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from agentic_diffusion_code.lexing import LEXICONS

BREAK, INDENT, DEDENT = "\n", "\n>", "\n<"
"""Lexemes that are no text: the end of a line, and a block that begins or ends (Python)."""

UNITS = {"go": "\t", "javascript": "  ", "typescript": "  "}
_CLOSING = {")": "(", "]": "[", "}": "{"}
_NO_SPACE_BEFORE = frozenset([")", "]", ",", ";", ".", "?.", "::", "..", "..="])
_NO_SPACE_AFTER = frozenset(["(", "[", ".", "?.", "::", "..", "..=", "!", "~", "@", "#", "$"])
_SIGNS = frozenset(["+", "-", "*", "&", "**", "&&", "<-", "...", "|"])
_STEPS = frozenset(["++", "--"])
_GENERIC = frozenset({"java", "typescript", "rust", "go"})
_C_TYPES = frozenset(
    ["char", "int", "long", "short", "void", "double", "float", "size_t", "bool", "const", "unsigned"]
)
_TURNS_INTO_TERNARY = frozenset({"javascript", "typescript", "java", "c"})


class Layout:
    """Places lexemes of one language one after the other.

    Args:
        language: The name of the language.
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._keywords = LEXICONS[language].keywords
        self._python = language == "python"
        self._unit = UNITS.get(language, "    ")
        self._stack: list[str] = []
        self._annotated: list[bool] = []
        self._ternary: list[int] = [0]
        self._indent = 0
        self._generic = 0
        self._closure = False  # between the bars of a closure (Rust)
        self._closed = False  # the lexeme before ended type arguments
        self._tight = False  # the lexeme before was a sign of what follows

    def gaps(self, lexemes: Sequence[str]) -> list[str]:
        """Return the white space before each lexeme; breaks and block marks have none."""
        gaps: list[str] = []
        before = BREAK
        for index, lexeme in enumerate(lexemes):
            if lexeme in (INDENT, DEDENT):
                self._indent = max(0, self._indent + (1 if lexeme == INDENT else -1))
                gaps.append("")
                continue
            if lexeme == BREAK:
                self._generic = 0
                self._tight = False
                gaps.append("")
            elif before == BREAK:
                gaps.append(self._unit * self._depth(lexeme))
                self._tight = self._is_sign(before, lexeme)
            else:
                after = lexemes[index + 1] if index + 1 < len(lexemes) else BREAK
                spaced = self._spaced(before, lexeme, after) or not _apart(before, lexeme, self._language)
                gaps.append(" " if spaced else "")
            self._track(before, lexeme)
            before = lexeme
        return gaps

    def _depth(self, lexeme: str) -> int:
        if self._python:
            return self._indent
        return max(0, len(self._stack) - (lexeme in _CLOSING))

    def _track(self, before: str, lexeme: str) -> None:
        if lexeme in ("(", "[", "{"):
            self._stack.append(lexeme)
            self._annotated.append(False)
            self._ternary.append(0)
        elif lexeme in _CLOSING:
            if self._stack:
                self._stack.pop()
                self._annotated.pop()
                self._ternary.pop()
        elif lexeme == "," and self._annotated:
            self._annotated[-1] = False
        elif lexeme == ":" and self._annotated:
            self._annotated[-1] = True

    def _spaced(self, before: str, lexeme: str, after: str) -> bool:  # noqa: C901  one rule a line
        tight, self._tight = self._tight, self._is_sign(before, lexeme)
        if before == "::" and lexeme == "<" and self._language == "rust":
            self._generic += 1
            return False
        if tight or before in _NO_SPACE_AFTER:
            return self._exception_after(before, lexeme)
        if lexeme == "|" and self._closure:
            self._closure = False
            return False
        if lexeme in _NO_SPACE_BEFORE:
            return (
                lexeme in (".", "..", "..=", "::")
                and not _is_operand(before, self._keywords)
                and before != "?"
            )
        if lexeme in _STEPS:
            return not _is_operand(before, self._keywords)
        if (angle := self._angle(before, lexeme)) is not None:
            return angle
        if lexeme == "(" or lexeme == "[":
            return self._before_open(before, lexeme, after)
        if lexeme == "{" or before == "{" or lexeme == "}":
            return self._brace(before, lexeme)
        if lexeme == ":" or before == ":":
            return self._colon(before, lexeme)
        if lexeme == "?":
            return self._question(after)
        if lexeme == "!" and self._language == "rust" and after in ("(", "[", "{"):
            return not (_is_word(before) and before not in self._keywords)
        if "=" in (lexeme, before) and self._python and self._stack[-1:] == ["("]:
            return self._annotated[-1]
        if before == "]" and self._language == "go" and (_is_word(lexeme) or lexeme == "*"):
            return lexeme == "*" or lexeme in self._keywords
        return True

    def _exception_after(self, before: str, lexeme: str) -> bool:
        return before == "!" and lexeme == "="

    def _is_sign(self, before: str, lexeme: str) -> bool:
        """Whether an operator belongs to what follows and not to what came before."""
        if lexeme in _STEPS or lexeme in _SIGNS:
            if self._language == "c" and lexeme == "*" and before in _C_TYPES:
                return True
            sign = not _is_operand(before, self._keywords)
            self._closure = self._closure or (sign and lexeme == "|")
            return sign and not (lexeme == "|" and self._language != "rust")
        return False

    def _angle(self, before: str, lexeme: str) -> bool | None:
        if self._language not in _GENERIC:
            return None
        opens = before in ("::", "fn", "static", "impl") or (_is_word(before) and before[:1].isupper())
        if lexeme == "<" and opens:
            self._generic += 1
            return False
        if lexeme in (">", ">>", ">>>") and self._generic >= len(lexeme):
            self._generic -= len(lexeme)
            self._closed = True
            return False
        if before == "<" and self._generic:
            return False
        closed, self._closed = self._closed, False
        if closed and lexeme == "(":
            return False
        return None

    def _before_open(self, before: str, lexeme: str, after: str) -> bool:
        if lexeme == "[" and self._language == "go" and _is_word(before) and after == "]":
            return before != "map"
        if self._language == "go" and before == ")":
            return True
        if _is_word(before):
            return before in self._keywords and not (lexeme == "(" and before == "new")
        if before == "!" and self._language == "rust":
            return False
        return not (before in _CLOSING or before[:1] in "\"'`" or before[-1:] in "\"'`" or before == "?.")

    def _brace(self, before: str, lexeme: str) -> bool:
        if self._python:
            return not (before == "{" or lexeme == "}")
        if before == "{" and lexeme == "}":
            return False
        return not (before == "$" or (before == "!" and self._language == "rust"))

    def _colon(self, before: str, lexeme: str) -> bool:
        if self._python and self._stack[-1:] == ["["]:
            return False
        if lexeme == ":":
            if self._ternary[-1]:
                self._ternary[-1] -= 1
                return True
            return before == ":" or (self._language == "java" and self._stack[-1:] == ["("])
        return True

    def _question(self, after: str) -> bool:
        if self._language not in _TURNS_INTO_TERNARY or after in (":", ")", ",", ">"):
            return False
        self._ternary[-1] += 1
        return True


def _is_word(lexeme: str) -> bool:
    return lexeme[:1].isalpha() or lexeme[:1] in "_$"


def _is_operand(lexeme: str, keywords: frozenset[str]) -> bool:
    if _is_word(lexeme):
        return lexeme not in keywords
    first = lexeme[:1]
    point = first == "." and lexeme[1:2].isdigit()
    return first.isdigit() or first in "\"'`)]}" or point or _is_regex(lexeme)


def _is_regex(lexeme: str) -> bool:
    return lexeme[:1] == "/" and len(lexeme) > 2 and lexeme != "//="


@cache
def _apart(before: str, lexeme: str, language: str) -> bool:
    """Whether two lexemes without a space between them are still these two."""
    if _is_regex(before):
        return not lexeme[:1].isalnum()
    if len(before) > 40 or len(lexeme) > 40:
        before, lexeme = before[-1:], lexeme[:1]
        return not (before.isalnum() and lexeme.isalnum())
    return LEXICONS[language].cut(before + lexeme) == [before, lexeme]
