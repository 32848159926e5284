"""Where the words of a text stand: what comes first and what comes last, as numbers beside which words there are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final
from zlib import crc32

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.text import words


@final
@dataclass(frozen=True)
class Standing:
    """For each word √share · (1 + log count) · rarity · mean of cos(π place), in hashed places.

    A place runs from 0, the beginning of the text, to 1: words at the beginning count positive and words at the end
    negative, so that two texts have a high product where the same words stand in the same half. Before √share, rows
    are scaled by the length of the row that the counts alone would have; they are never longer than √share.

    Args:
        size: Hashed places.
        share: What the standing of words counts beside which words there are.
        rarity: One weight a hashed place, from the texts it was fitted on; all alike where it is None.
    """

    size: int = 1024
    share: float = 0.7
    rarity: Tensor | None = None

    def __post_init__(self) -> None:
        if (
            self.size < 16
            or self.share < 0
            or (self.rarity is not None and self.rarity.shape != (self.size,))
        ):
            raise InvalidConfigError(
                f"Standing(size={self.size}, share={self.share})",
                "at least 16 places, a share of 0 or more, and one rarity a place",
                "1024 places and a share of 0.7 are a fair start.",
            )

    def __call__(self, texts: Sequence[str]) -> Float[Tensor, "texts size"]:
        """Return one row for each text."""
        rows = np.zeros((len(texts), self.size), dtype=np.float32)
        rare = None if self.rarity is None else self.rarity.numpy()
        for row, text in zip(rows, texts, strict=True):
            found = self._found(text)
            if not len(found):
                continue
            count = np.bincount(found, minlength=self.size)
            turns = np.cos(math.pi * (np.arange(len(found)) + 0.5) / len(found))
            where = count.nonzero()[0]
            much = 1 + np.log(count[where])
            if rare is not None:
                much = much * rare[where]
            turned = np.bincount(found, weights=turns, minlength=self.size)[where] / count[where]
            row[where] = math.sqrt(self.share) * much * turned / math.sqrt(float(much @ much))
        return torch.from_numpy(rows)

    def fit(self, texts: Sequence[str], *, power: float = 0.5) -> Standing:
        """Return it with rarities (log((1 + n) / (1 + texts with it)) + 1)ᵖ.

        Args:
            texts: What is rare is counted in these.
            power: p.
        """
        seen = np.zeros(self.size)
        for text in texts:
            seen[np.unique(self._found(text))] += 1
        rare = (np.log((1 + len(texts)) / (1 + seen)) + 1) ** power
        return replace(self, rarity=torch.from_numpy(rare.astype(np.float32)))

    def _found(self, text: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array([crc32(word.encode()) % self.size for word in words(text)], dtype=np.int64)
