"""Cuts program text into lexemes, one regular expression a language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

_WORD = r"[^\W\d]\w*"
_DOLLAR_WORD = r"(?:[^\W\d]|\$)[\w$]*"
_NUMBER = r"(?:\d\w*(?:\.\d\w*|\.(?![.\w]))?|\.\d\w*)(?:(?<=[eE])[+-]\d+)?"
_SHORT = r'"(?:[^"\\\n]|\\.)*"' + "|" + r"'(?:[^'\\\n]|\\.)*'"
_LONG = r'"""(?:[^"\\]|\\.|"(?!""))*"""' + "|" + r"'''(?:[^'\\]|\\.|'(?!''))*'''"
_BACKTICK = r"`(?:[^`\\]|\\.)*`"
_CHAR = r"'(?:\\[^']+|[^\\'\n])'"
_C_COMMENT = r"//[^\n]*|/\*.*?\*/"
_REGEX_BODY = r"/(?![/*\s])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*"
_REGEX = "|".join(
    rf"(?<={before}){_REGEX_BODY}" for before in (r"[=(,:\[!&|?{;>\n]", r"[=(,:\[!&|?{;>] ", "return ")
)

PYTHON_OPERATORS = (
    "**= //= >>= <<= ... != == <= >= -> := += -= *= /= %= &= |= ^= @= ** // << >> "
    "+ - * / % @ & | ^ ~ < > = ( ) [ ] { } , : ; ."
)
BRACE_OPERATORS = (
    ">>>= ... ..= <<= >>= >>> === !== **= &&= ||= ??= &^= == != <= >= && || ++ -- += -= *= /= %= &= |= ^= "
    "<< >> => -> :: := <- .. ?? ?. ** &^ + - * / % & | ^ ~ ! < > = ( ) [ ] { } , : ; . ? @ # $"
)
OPERATORS = tuple(dict.fromkeys([*PYTHON_OPERATORS.split(), *BRACE_OPERATORS.split()]))

OPENERS = tuple(
    [
        f"{prefix}{quote}"
        for prefix in ("", "r", "b", "f", "u", "rb", "br", "fr", "rf")
        for quote in ('"', "'", '"""', "'''")
    ]
    + ["`", 'r#"', 'br#"', 'c"', 'L"']
)
"""What can begin a string, in any of the languages."""

_OPENER = re.compile(r"""[A-Za-z]*#?(?:\"\"\"|'''|"|'|`)""")


@final
@dataclass(frozen=True)
class Lexicon:
    """How one language is cut into lexemes.

    Args:
        pattern: The alternatives, in order; white space between lexemes is matched by none of them.
        comments: What a lexeme begins with when it is a comment, which is dropped.
        flat: Brackets inside which a line break means nothing.
        keywords: Words that are followed by a space even before a bracket.
        directives: What a lexeme begins with when it is a whole line for a preprocessor.
    """

    pattern: str
    comments: tuple[str, ...]
    flat: str
    keywords: frozenset[str]
    directives: tuple[str, ...] = ()

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The one expression."""
        return re.compile(self.pattern, re.DOTALL)

    def cut(self, source: str) -> list[str]:
        """Return the lexemes of a source, line breaks with their indentation among them, comments too."""
        return self.regex.findall(source)


def opener(lexeme: str) -> str:
    """Return what opens a string lexeme, or nothing when the lexeme is no finished string."""
    found = _OPENER.match(lexeme)
    if found is None:
        return ""
    start = found.group()
    whole = len(lexeme) >= len(start) + len(closer(start)) and lexeme.endswith(closer(start))
    return start if whole else ""


def closer(start: str) -> str:
    """Return what closes a string that begins so."""
    quote = start.lstrip("rbfucLRBFU#")
    return quote + "#" if "#" in start else quote


def _operators(text: str) -> str:
    return "|".join(re.escape(each) for each in sorted(text.split(), key=len, reverse=True))


def _pattern(*parts: str, operators: str = BRACE_OPERATORS) -> str:
    return "|".join([*parts, _operators(operators), r"\S"])


_LINE = r"\n[ \t]*"
_PYTHON_STRING = rf"(?i:rb|br|fr|rf|[rbfu])?(?:{_LONG}|{_SHORT})"
_CONTROL = "if for while switch return else do case catch throw new typeof in of instanceof await yield"

LEXICONS: Mapping[str, Lexicon] = {
    "python": Lexicon(
        _pattern(r"#[^\n]*", _PYTHON_STRING, r"\\\r?\n", _LINE, _NUMBER, _WORD, operators=PYTHON_OPERATORS),
        ("#", "\\\n", "\\\r"),
        "([{",
        frozenset(
            [
                "if",
                "elif",
                "else",
                "for",
                "while",
                "return",
                "in",
                "not",
                "and",
                "or",
                "is",
                "lambda",
                "yield",
                "import",
                "from",
                "as",
                "with",
                "assert",
                "raise",
                "del",
                "except",
                "except",
                "await",
                "global",
                "nonlocal",
                "case",
                "match",
            ]
        ),
    ),
    "javascript": Lexicon(
        _pattern(_C_COMMENT, _SHORT, _BACKTICK, _LINE, _REGEX, _NUMBER, _DOLLAR_WORD),
        ("//", "/*"),
        "([",
        frozenset([*_CONTROL.split(), "const", "let", "var", "delete", "void"]),
    ),
    "java": Lexicon(
        _pattern(_C_COMMENT, _LONG.split("|'''")[0], _SHORT, _LINE, _NUMBER, _DOLLAR_WORD),
        ("//", "/*"),
        "([",
        frozenset([*_CONTROL.split(), "try", "synchronized", "assert"]),
    ),
    "go": Lexicon(
        _pattern(_C_COMMENT, r"`[^`]*`", _SHORT, _LINE, _NUMBER, _WORD),
        ("//", "/*"),
        "([",
        frozenset([*_CONTROL.split(), "range", "import", "var", "const", "type", "go", "defer"]),
    ),
    "rust": Lexicon(
        _pattern(
            _C_COMMENT,
            r'b?r#"(?:[^"]|"(?!#))*"#|b?r"[^"]*"',
            r'[bc]?"(?:[^"\\]|\\.)*"',
            rf"b?{_CHAR}",
            r"'[^\W\d]\w*",
            _LINE,
            _NUMBER,
            _WORD,
        ),
        ("//", "/*"),
        "([",
        frozenset([*_CONTROL.split(), "match", "let", "mut", "ref", "as", "where", "impl", "move", "loop"]),
    ),
    "c": Lexicon(
        _pattern(_C_COMMENT, r"#(?:\\\n|[^\n])*", rf"[Lu]?(?:{_SHORT})", _LINE, _NUMBER, _WORD),
        ("//", "/*"),
        "([",
        frozenset(_CONTROL.split()),
        ("#",),
    ),
}
LEXICONS = {**LEXICONS, "typescript": LEXICONS["javascript"]}
