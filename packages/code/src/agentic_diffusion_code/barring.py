"""What is barred while a program is denoised: what syntax excludes, what leaves a signature, and empty programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from .signed import Signed, decides, narrowed
from .syntax import Permits
from .writes import Tokens


@final
@dataclass(frozen=True)
class Barring:
    """Says what may stand at hidden positions of the programs for one request.

    Args:
        tokens: The vocabulary.
        permits: What syntax lets stand there.
        signed: Keeps the signature, where one is decided.
    """

    tokens: Tokens
    permits: Permits
    signed: Signed | None

    @classmethod
    def of(cls, tokens: Tokens, permits: Permits, *, declared: str, language: str) -> Barring:
        """Return what bars programs that are declared so; a declaration counts that begins with a word that defines."""
        opener = tokens.encode("(", language)[:1]
        if not decides(declared) or not opener:
            return cls(tokens, permits, None)
        whole = tokens.encode(declared, language)
        return cls(tokens, permits, Signed.of(whole, opener=opener[0], mask=tokens.mask))

    def behind(self, before: Tensor) -> Callable[[Tensor], Tensor]:
        """Return what says, of a block behind finished tokens, what may stand at each of its positions."""

        def inside(x: Tensor) -> Tensor:
            rows = torch.cat([before.expand(x.shape[0], -1), x], dim=1)
            return self._allowed(rows, before.shape[1])

        return inside

    def permitted(self, before: Sequence[int], token: int) -> bool:
        """Return whether a token may follow a beginning."""
        return bool(self._allowed(torch.tensor([[*before, self.tokens.mask]]), len(before))[0, 0, token])

    def _allowed(self, rows: Tensor, start: int) -> Tensor:
        allowed = narrowed(self.permits(rows, start=start), rows, self.signed)
        if start == 0:  # no program is empty
            allowed = allowed.clone()
            allowed[:, 0, self.tokens.end] = False
        return allowed
