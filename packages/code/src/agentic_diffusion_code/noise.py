"""Noise that programs suffer: the pieces that may be hidden whole, and visible tokens that are plausible but wrong."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cache

from agentic_diffusion_code.language import by_name
from agentic_diffusion_code.stream import Kind
from agentic_diffusion_code.tokens import Vocabulary

_GROUPS = (
    ("==", "!=", "<", "<=", ">", ">="),
    ("+", "-", "*", "/", "//", "%", "**"),
    ("+=", "-=", "*=", "/=", "//="),
    ("&&", "||"),
    ("===", "!=="),
    ("(", "["),
    (")", "]"),
    (",", ":", "."),
)
_WORDS = (
    ("True", "False", "None"),
    ("true", "false"),
    ("and", "or"),
    ("min", "max", "sum", "len", "sorted"),
    ("any", "all"),
    ("upper", "lower", "strip", "title"),
    ("if", "while"),
    ("break", "continue"),
    ("append", "extend"),
    ("startswith", "endswith"),
    ("int", "str", "float", "bool"),
)


def spans(
    tokens: Sequence[int], language: str, vocabulary: Vocabulary | None = None
) -> list[tuple[int, int]]:
    """Return the pieces of a program that are nodes of its syntax tree, as ranges of tokens.

    A range never cuts a lexeme. Ranges are distinct; the whole program is not among them.

    Args:
        tokens: The program.
        language: Its language.
        vocabulary: The tokens; the shipped ones by default.
    """
    words = vocabulary or Vocabulary.load()
    text, places = words.layout(tokens, language)
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    at, byte = 0, [0]
    for char in text:
        at += len(char.encode("utf-8", "replace"))
        byte.append(at)
    for index, (first, last) in enumerate(places):
        if first < last:
            starts.setdefault(byte[first], index)
            ends[byte[last]] = index + 1
    found = {
        (starts[span.start], ends[span.end])
        for span in by_name(language).spans(text)
        if span.start in starts and span.end in ends
    }
    return sorted(each for each in found if each[0] < each[1] and each != (0, len(places)))


def corrupt_visible(
    tokens: Sequence[int], rng: random.Random, *, share: float = 0.1, vocabulary: Vocabulary | None = None
) -> list[int]:
    """Return tokens some of which are replaced by others of the same class; the length stays.

    Words become other words of the same row, or their usual counterparts; numbers other numbers; operators
    others of their group. Marks and specials stay.

    Args:
        tokens: The program.
        rng: Where the chance comes from.
        share: How many of the tokens are tried.
        vocabulary: The tokens; the shipped ones by default.
    """
    words = vocabulary or Vocabulary.load()
    peers = _peers(words)
    own = sorted(
        {token for token in tokens if words.kinds[token] is Kind.START and words.texts[token][:1].isalpha()}
    )
    result = list(tokens)
    for index, token in enumerate(tokens):
        if rng.random() >= share:
            continue
        choices = peers.get(token) or (own if words.kinds[token] is Kind.START else ())
        others = [each for each in choices if each != token]
        if others:
            result[index] = rng.choice(others)
    return result


@cache
def _peers(words: Vocabulary) -> Mapping[int, tuple[int, ...]]:
    """Return for each token the tokens it is easily mistaken for."""
    table: dict[int, tuple[int, ...]] = {}
    groups: list[tuple[tuple[str, ...], Kind]] = [(group, Kind.OPERATOR) for group in _GROUPS]
    groups += [(group, Kind.START) for group in _WORDS]
    groups.append((tuple(str(number) for number in range(11)), Kind.START))
    for group, kind in groups:
        ids = tuple(found for text in group if (found := words.id_of(text, kind)) is not None)
        table |= dict.fromkeys(ids, ids)
    return table
