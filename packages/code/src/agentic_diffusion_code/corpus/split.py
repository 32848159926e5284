"""Decides what is seen in training and what is kept for tests: by pairs, by phrases, by languages.

Each decision is a hash of names, so it is the same everywhere and needs no list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import combinations
from typing import Literal, TypeAlias

Split: TypeAlias = Literal["train", "valid", "composition", "paraphrase", "language"]
"""`train`; `valid`: other rows of the same kind; and three splits that each hold one thing never seen:
a pair of primitives in one program, a way of saying something, a primitive in a language."""

SPLITS: tuple[Split, ...] = ("train", "valid", "composition", "paraphrase", "language")
PAIRS, LANGUAGES, ROWS = 10, 3, 2
"""How many of a hundred are held out."""


@cache
def bucket(*names: str) -> int:
    """Return a number below 100 that belongs to some names."""
    digest = hashlib.blake2b("\x00".join(names).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % 100


def pairs_of(primitives: Iterable[str]) -> list[tuple[str, str]]:
    """Return the unordered pairs of different primitives of one program."""
    return list(combinations(sorted(set(primitives)), 2))


def pair_is_held(pair: tuple[str, str]) -> bool:
    """Whether two primitives never meet in training."""
    return bucket("pair", *pair) < PAIRS


def language_is_held(language: str, primitive: str) -> bool:
    """Whether a primitive is never shown in a language in training."""
    return bucket("language", language, primitive) < LANGUAGES


def phrase_is_held(name: str, index: int, count: int) -> bool:
    """Whether a way of saying something is never used in training; one of it always is."""
    held = count >= 3 or (count == 2 and bucket("scarce", name) < 25)
    return held and index == bucket("phrase", name) % count


def row_is_held(identity: str) -> bool:
    """Whether a row is kept for validation."""
    return bucket("row", identity) < ROWS


def split_of(
    primitives: Sequence[str], language: str, *, phrases: Iterable[tuple[str, int, int]], identity: str
) -> Split | None:
    """Return the split of a row; None when more than one thing about it is unseen.

    Args:
        primitives: The primitives in it, without patterns.
        language: Its language.
        phrases: What was said how: the name, the index of the phrase, and how many there are.
        identity: What tells the row from others.
    """
    unseen: list[Split] = []
    if any(pair_is_held(pair) for pair in pairs_of(primitives)):
        unseen.append("composition")
    if any(phrase_is_held(*phrase) for phrase in phrases):
        unseen.append("paraphrase")
    if any(language_is_held(language, primitive) for primitive in primitives):
        unseen.append("language")
    if len(unseen) > 1:
        return None
    if unseen:
        return unseen[0]
    return "valid" if row_is_held(identity) else "train"
