"""The vocabulary: programs and descriptions as numbers, no number across the border of a lexeme.

A word begins with a *start* token and goes on with *rest* tokens. Inside a string and inside a
description a start token stands for a word after a space, so code and prose share their words.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import ClassVar, final

from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_code.lexing import LEXICONS, OPENERS, OPERATORS, Lexicon, closer, opener
from agentic_diffusion_code.spacing import DEDENT, INDENT, Layout
from agentic_diffusion_code.stream import Kind, Marks, brace_stream, indented_stream, lexemes_of, prose_of

NAMES = ("python", "javascript", "typescript", "java", "go", "rust", "c")
SPECIALS = (
    "<pad>",
    "<mask>",
    "<end>",
    "<text>",
    "<code>",
    "<expand>",  # this and the next are in the table and used by nothing: lengths of holes are searched (holes.py)
    "<delete>",
    "<newline>",
    "<indent>",
    "<dedent>",
    "<word>",
    "<raw>",
    "<close>",
    *(f"<{name}>" for name in NAMES),
)
MAX_CACHED = 200_000
BODY = re.compile(r" ?\w+|\s+(?= \w)|\s+(?=[^\w\s]|$)|\s|[^\w\s]+")
_QUOTED = r"""(?:^| )(?:'[^'\n]*'|"[^"\n]*"|`[^`\n]*`)(?=$|[\s.,;:!?)])"""
_PROSE = re.compile(f"{_QUOTED}|{BODY.pattern}")


@final
@dataclass(frozen=True)
class Vocabulary:
    """A fixed table of tokens.

    Args:
        starts: Words, and beginnings of words.
        rests: Pieces that continue a word or a string, besides the 256 single bytes.
    """

    starts: tuple[str, ...]
    rests: tuple[str, ...]

    pad: ClassVar[int] = 0
    """Fills a row."""
    mask: ClassVar[int] = 1
    """Stands for a token that is hidden."""
    end: ClassVar[int] = 2
    """Ends a program."""
    text: ClassVar[int] = 3
    """Begins a description."""
    code: ClassVar[int] = 4
    """Begins a program."""
    newline: ClassVar[int] = 7
    """Ends a line."""
    indent: ClassVar[int] = 8
    """Begins a block (Python)."""
    dedent: ClassVar[int] = 9
    """Ends a block (Python)."""
    word: ClassVar[int] = 10
    """Begins a word for which there is no start token."""
    raw: ClassVar[int] = 11
    """Begins a lexeme of another kind: a regular expression, a line for a preprocessor."""
    close: ClassVar[int] = 12
    """Ends a string or a raw lexeme."""

    def __post_init__(self) -> None:
        for group in (self.starts, self.rests):
            if len(set(group)) != len(group) or "" in group:
                raise InvalidConfigError(
                    "a vocabulary with repeated or empty entries", "distinct words", "Build it anew."
                )

    @classmethod
    def load(cls) -> Vocabulary:
        """Return the vocabulary that is shipped."""
        return _shipped()

    @classmethod
    def from_json(cls, text: str) -> Vocabulary:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        return cls(tuple(data["starts"]), tuple(data["rests"]))

    def to_json(self) -> str:
        """Return the table as text, the same each time."""
        data = {"starts": list(self.starts), "rests": list(self.rests)}
        return json.dumps(data, indent=0, ensure_ascii=True) + "\n"

    @cached_property
    def fingerprint(self) -> str:
        """A short hash that changes with any token; weights belong to one fingerprint."""
        return hashlib.sha256(json.dumps([self.texts, [int(k) for k in self.kinds]]).encode()).hexdigest()[
            :16
        ]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The text of each token; of a byte, its number in brackets."""
        single = [f"[{byte}]" for byte in range(256)]
        return (*SPECIALS, *OPERATORS, *OPENERS, *single, *self.rests, *self.starts)

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """What each token can do."""
        marks = {"<newline>": Kind.NEWLINE, "<indent>": Kind.INDENT, "<dedent>": Kind.DEDENT}
        marks.update({"<word>": Kind.START, "<raw>": Kind.OPEN, "<close>": Kind.CLOSE})
        return (
            *(marks.get(name, Kind.SPECIAL) for name in SPECIALS),
            *(Kind.OPERATOR for _ in OPERATORS),
            *(Kind.OPEN for _ in OPENERS),
            *(Kind.REST for _ in range(256 + len(self.rests))),
            *(Kind.START for _ in self.starts),
        )

    @property
    def size(self) -> int:
        """The number of tokens."""
        return len(self.texts)

    def language(self, name: str) -> int:
        """Return the tag of a language.

        Raises:
            InvalidConfigError: When it is none of the seven.
        """
        if name not in NAMES:
            raise InvalidConfigError(f"language {name!r}", ", ".join(NAMES), "Choose one of them.")
        return SPECIALS.index(f"<{name}>")

    def id_of(self, text: str, kind: Kind) -> int | None:
        """Return the token with a text and a kind, where there is one."""
        return self._index.get((kind, text))

    @cached_property
    def _index(self) -> dict[tuple[Kind, str], int]:
        return {(kind, text): i for i, (text, kind) in enumerate(zip(self.texts, self.kinds, strict=True))}

    @cached_property
    def _shown(self) -> tuple[bytes, ...]:
        """What each token adds to a text."""
        texts = [text.encode() for text in self.texts]
        texts[self._base : self._base + 256] = [bytes([byte]) for byte in range(256)]
        texts[: len(SPECIALS)] = [b""] * len(SPECIALS)
        return tuple(texts)

    @cached_property
    def _base(self) -> int:
        """The token of byte 0."""
        return len(SPECIALS) + len(OPERATORS) + len(OPENERS)

    @cached_property
    def _starts(self) -> dict[str, int]:
        first = self._base + 256 + len(self.rests)
        return {text: first + i for i, text in enumerate(self.starts)}

    @cached_property
    def _rests(self) -> dict[str, int]:
        first = self._base + 256
        single = {chr(byte): self._base + byte for byte in range(128)}
        return {**single, **{text: first + i for i, text in enumerate(self.rests)}}

    @cached_property
    def _longest(self) -> tuple[int, int]:
        return max(map(len, self.starts), default=1), max(map(len, self.rests), default=1)

    @cached_property
    def _caches(self) -> dict[str, dict[str, tuple[int, ...]]]:
        return {name: {} for name in NAMES}

    def encode(self, source: str, language: str) -> list[int]:
        """Return the tokens of a program; comments, blank lines and free white space are dropped."""
        self.language(language)
        lexicon = LEXICONS[language]
        cache = self._caches[language]
        if len(cache) > MAX_CACHED:
            cache.clear()
        marks = Marks(self.newline, self.indent, self.dedent)

        def lexeme(text: str) -> tuple[int, ...]:
            found = cache.get(text)
            if found is None:
                found = cache[text] = self._lexeme(text, lexicon)
            return found

        cut = lexicon.cut("\n" + source.replace("\r\n", "\n"))
        return (indented_stream if language == "python" else brace_stream)(cut, lexeme, marks)

    def encode_text(self, text: str) -> list[int]:
        """Return the tokens of a description; quoted parts become strings, as in a program."""
        ids: list[int] = []
        for found in _PROSE.finditer(" ".join(text.split())):
            piece = found.group()
            bare = piece.removeprefix(" ")
            apart = piece != bare or not ids
            if apart and len(bare) > 1 and bare[0] in "'\"`" and bare[0] == bare[-1]:
                ids += [self._index[Kind.OPEN, bare[0]], *self._body(bare[1:-1]), self.close]
            elif (bare[:1].isalnum() and (piece != bare or not ids)) or (bare[:1] == "_" and piece != bare):
                ids += self._word(bare)
            else:
                ids += self._pieces(piece)
        return ids

    def decode(self, ids: Iterable[int], language: str) -> str:
        """Return the text of a program; masks and marks that are no text are left out."""
        return self.layout(ids, language)[0]

    def decode_text(self, ids: Iterable[int]) -> str:
        """Return a description."""
        return prose_of(list(ids), self.kinds, self._shown)

    def layout(self, ids: Iterable[int], language: str) -> tuple[str, list[tuple[int, int]]]:
        """Return the text of a program, and where in it each token lies (start, end)."""
        lexemes, owners = lexemes_of(list(ids), self.kinds, self._shown)
        gaps = Layout(language).gaps(lexemes)
        parts: list[str] = []
        places: list[tuple[int, int]] = []
        at = 0
        for gap, lexeme in zip(gaps, lexemes, strict=True):
            shown = "" if lexeme in (INDENT, DEDENT) else lexeme
            parts += [gap, shown]
            places.append((at + len(gap), at + len(gap) + len(shown)))
            at += len(gap) + len(shown)
        return "".join(parts), [places[i] if i >= 0 else (at, at) for i in owners]

    def _lexeme(self, lexeme: str, lexicon: Lexicon) -> tuple[int, ...]:
        """Return the tokens of one lexeme that is neither a break nor a comment."""
        known = self._index.get((Kind.OPERATOR, lexeme))
        if known is not None:
            return (known,)
        if lexicon.directives and lexeme.startswith(lexicon.directives):
            return self.raw, *self._pieces(lexeme.rstrip()), self.close
        if lexeme.startswith(lexicon.comments):
            return ()
        start = opener(lexeme)
        if start:
            begin = self._index.get((Kind.OPEN, start)) or self._index.get((Kind.OPEN, start.lower()))
            if begin is not None:
                body = lexeme[len(start) : len(lexeme) - len(closer(start))]
                return begin, *self._body(body), self.close
        if lexeme[0].isalnum() or lexeme[0] in "_$" or (lexeme[0] == "." and lexeme[1:2].isdigit()):
            return tuple(self._word(lexeme))
        return self.raw, *self._pieces(lexeme), self.close

    def _word(self, word: str) -> list[int]:
        for length in range(min(len(word), self._longest[0]), 0, -1):
            found = self._starts.get(word[:length])
            if found is not None:
                return [found, *self._pieces(word[length:])]
        return [self.word, *self._pieces(word)]

    def _pieces(self, text: str) -> list[int]:
        ids: list[int] = []
        at = 0
        table, longest = self._rests, self._longest[1]
        while at < len(text):
            for length in range(min(len(text) - at, longest), 0, -1):
                found = table.get(text[at : at + length])
                if found is not None:
                    ids.append(found)
                    at += length
                    break
            else:
                ids += [self._base + byte for byte in text[at].encode("utf-8", "surrogatepass")]
                at += 1
        return ids

    def _body(self, body: str) -> list[int]:
        """Return the tokens of what stands in a string, piece by piece."""
        ids: list[int] = []
        for found in BODY.finditer(body):
            piece = found.group()
            first = found.start() == 0
            if piece[0] == " " and len(piece) > 1 and not first:
                ids += self._word(piece[1:])
            elif first and piece[0] != " " and (piece[0].isalnum() or piece[0] == "_"):
                ids += self._word(piece)
            else:
                ids += self._pieces(piece)
        return ids


@lru_cache(maxsize=1)
def _shipped() -> Vocabulary:
    text = files("agentic_diffusion_code").joinpath("vocabulary.json").read_text(encoding="utf-8")
    return Vocabulary.from_json(text)
