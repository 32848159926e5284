"""Keeps the signature that was asked for: once its name is begun in a definition, the rest of it is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Bool, Int
from torch import Tensor

DEFINES = ("def", "function", "func", "fn")
"""Words that begin the definition of a function, and nothing else."""


@final
@dataclass(frozen=True)
class Signed:
    """Says what may stand at hidden positions of a definition that began as the signature does.

    Helpers may come first and have names of their own, so nothing is claimed before a part of the name is known. While
    the name is open it goes on as asked for or ends there, for a helper may be called by the beginning of it. Behind
    the whole name everything is decided.

    Args:
        signature: The tokens of the declaration, the word that defines first.
        name: How many of them come before the bracket of the parameters.
        mask: Stands for a hidden token.
    """

    signature: tuple[int, ...]
    name: int
    mask: int

    @classmethod
    def of(cls, signature: Sequence[int], *, opener: int, mask: int) -> Signed | None:
        """Return the guide of a signature; None where it has no name before a bracket."""
        at = list(signature).index(opener) if opener in signature else 0
        return cls(tuple(signature), at, mask) if at >= 2 else None

    def narrow(
        self, allowed: Bool[Tensor, "batch length vocabulary"], rows: Int[Tensor, "batch length"]
    ) -> None:
        """Bar everything else at the positions that the signature decides, in place.

        Args:
            allowed: What may stand at the last positions of the rows; as many as there are columns.
            rows: All tokens.
        """
        first = rows.shape[1] - allowed.shape[1]
        for number, row in enumerate(rows.tolist()):
            for index, tokens in self._decided(row):
                if index >= first:
                    kept = allowed[number, index - first, list(tokens)].clone()
                    allowed[number, index - first] = False
                    allowed[number, index - first, list(tokens)] = kept

    def _decided(self, row: Sequence[int]) -> list[tuple[int, tuple[int, ...]]]:
        """Return the hidden positions that are decided, each with what may stand there."""
        whole = self.signature
        found: list[tuple[int, tuple[int, ...]]] = []
        for start, token in enumerate(row):
            if token != whole[0]:
                continue
            here = row[start : start + len(whole)]
            known = next((i for i, (a, b) in enumerate(zip(here, whole, strict=False)) if a != b), len(here))
            if known < 2 or known >= len(here) or here[known] != self.mask:
                continue
            if any(a not in (b, self.mask) for a, b in zip(here[known:], whole[known:], strict=False)):
                continue
            if known < self.name:
                found.append((start + known, (whole[known], whole[self.name])))
                continue
            found += [(start + i, (whole[i],)) for i in range(known, len(here)) if here[i] == self.mask]
        return found


def decides(signature: str) -> bool:
    """Whether a signature begins with a word that only definitions begin with."""
    return signature.split(maxsplit=1)[:1] != [] and signature.split(maxsplit=1)[0] in DEFINES


def narrowed(
    allowed: Bool[Tensor, "batch length vocabulary"], rows: Int[Tensor, "batch length"], guide: Signed | None
) -> Bool[Tensor, "batch length vocabulary"]:
    """Return what may stand at hidden positions when the signature is kept as well."""
    if guide is None:
        return allowed
    own = torch.clone(allowed)
    guide.narrow(own, rows)
    return own
