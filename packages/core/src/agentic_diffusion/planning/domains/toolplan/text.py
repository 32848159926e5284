"""Text as numbers, cheaply: hashed words, pairs of words and letter groups, weighed by how rare they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, pairwise
from typing import TypeAlias, final
from zlib import crc32

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import ToolSpec

Encoder: TypeAlias = Callable[[Sequence[str]], Float[Tensor, "texts size"]]
"""From texts to one row each; rows have length 1 or are 0. A sentence encoder may take the place of ours; its rows may
be arrays or lists, and are scaled where they are longer (see `reading.rows_of`)."""

READ_LIMIT = 8_000
"""Characters of a text that are read; the rest is beyond what a goal or a description needs."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_PAUSE = re.compile(
    r"[.;:!?\n]+\s|,\s+|\b(?:and|then|after(?:wards?)?|before|also|finally|next|while|but)\b", re.I
)


def words(text: str) -> list[str]:
    """Return the words in lower case; names are split at underscores and humps, digits become one sign."""
    split = _HUMP.sub(" ", text[:READ_LIMIT])
    return _WORD.findall(_DIGITS.sub("0", split.lower()))


def clauses(text: str, *, most: int = 12) -> list[str]:
    """Return the pieces of a text between pauses and joining words, those without a word of two letters left out."""
    pieces = [piece.strip() for piece in _PAUSE.split(text[:READ_LIMIT]) if piece]
    told = [piece for piece in pieces if len(piece) > 3]
    return told[:most] or [text[:READ_LIMIT]]


def grams(text: str) -> Iterator[str]:
    """Yield words, pairs of neighbours and groups of three to five letters within words."""
    told = words(text)
    yield from told
    for one, two in pairwise(told):
        yield f"{one} {two}"
    for word in told:
        yield from _letters(word)


def _letters(word: str) -> Iterator[str]:
    """Yield the groups of three to five letters of a word, its ends marked."""
    whole = f"<{word}>"
    for size in (3, 4, 5):
        for start in range(max(0, len(whole) - size + 1)):
            yield "#" + whole[start : start + size]


@lru_cache(maxsize=1 << 14)
def _hashed(word: str) -> tuple[int, ...]:
    """Return the hashes of a word and of its groups of letters; words come again and again."""
    return tuple(crc32(gram.encode()) for gram in (word, *_letters(word)))


def hashes(text: str) -> list[int]:
    """Return the hash of each of the `grams` of a text, in another order."""
    told = words(text)
    found = [crc32(f"{one} {two}".encode()) for one, two in pairwise(told)]
    for word in told:
        found += _hashed(word)
    return found


@final
@dataclass(frozen=True)
class Lexical:
    """Counts of grams in hashed places, (1 + log count) · rarity, scaled to length 1.

    Args:
        size: Places.
        rarity: One weight a place, from the texts it was fitted on; all alike where it is None.
    """

    size: int = 4096
    rarity: Tensor | None = None

    def __post_init__(self) -> None:
        if self.size < 16 or (self.rarity is not None and self.rarity.shape != (self.size,)):
            raise InvalidConfigError(f"Lexical(size={self.size})", "at least 16 places", "4096 are plenty.")

    def counts(self, texts: Sequence[str]) -> Float[Tensor, "texts size"]:
        """Return 1 + log(count) of each place, 0 where it does not occur."""
        found = [hashes(text) for text in texts]
        start = np.repeat(np.arange(len(texts)) * self.size, [len(told) for told in found])
        places = np.fromiter(chain.from_iterable(found), np.int64, len(start)) % self.size + start
        counted = np.bincount(places, minlength=len(texts) * self.size)
        where = counted.nonzero()[0]
        table = np.zeros(len(counted), dtype=np.float32)
        table[where] = 1 + np.log(counted[where])
        return torch.from_numpy(table.reshape(len(texts), self.size))

    def fit(self, texts: Sequence[str], *, power: float = 1.0) -> Lexical:
        """Return the encoder with rarities (log((1 + n) / (1 + texts with it)) + 1)ᵖ.

        Args:
            texts: What is rare is counted in these.
            power: p; below 1 the rarest grams (names, numbers, dates) weigh less.
        """
        seen = (self.counts(texts) > 0).sum(dim=0)
        rarity = torch.log((1 + len(texts)) / (1 + seen.float())) + 1
        return replace(self, rarity=rarity**power)

    def __call__(self, texts: Sequence[str]) -> Float[Tensor, "texts size"]:
        """Return one row for each text."""
        rows = self.counts(texts)
        if self.rarity is not None:
            rows = rows * self.rarity
        return torch.nn.functional.normalize(rows, dim=1)


def describe(tool: ToolSpec) -> str:
    """Return what is read of a tool: its name twice, for a name tells most, its description and its arguments."""
    properties = tool.arguments.get("properties")
    arguments = " ".join(properties) if isinstance(properties, dict) else ""
    return f"{tool.name} {tool.name} {tool.description} {arguments}"
