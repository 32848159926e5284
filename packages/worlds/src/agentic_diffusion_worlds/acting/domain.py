"""Plans of calls as tokens: one token for each call, saying whether it is made; the order is the domain's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from typing import final

import torch
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from torch import Tensor

from agentic_diffusion_worlds.acting.situation import Calls, Situation

LEFT_OUT, MADE, HIDDEN = 0, 1, 2
"""The tokens."""

VOCABULARY = 3


@final
@dataclass(frozen=True)
class Acting:
    """The domain of situations and plans in which each call is made once or not at all.

    A situation becomes a vector of hashed words (Weinberger et al. 2009, arXiv:0902.2206, without signs), so that
    facts need not be listed beforehand; a plan becomes a row of tokens, one for each call. What must be called twice is
    left to the next round of the loop.

    Args:
        calls: Every call there is, in the order in which calls of a plan are made.
        width: Length of the vector of a situation.
    """

    calls: tuple[str, ...]
    width: int = 1024

    def __post_init__(self) -> None:
        if len(set(self.calls)) != len(self.calls) or not self.calls or self.width < 1:
            raise InvalidConfigError(
                f"{len(self.calls)} calls, width={self.width}",
                "different calls and a positive width",
                "Correct them.",
            )

    def condition(self, request: Situation) -> Condition[Tensor]:
        """Return the situation as a context; nothing is pinned."""
        return Condition(context={"context": self.read([request])})

    def read(self, situations: Iterable[Situation]) -> Tensor:
        """Return one vector of hashed words for each situation: (count, width), of ones and zeros."""
        known = list(situations)
        told = torch.zeros(len(known), self.width)
        for row, situation in enumerate(known):
            told[row, [bucket(word, self.width) for word in situation.words()]] = 1.0
        return told

    def blank(self, request: Situation, count: int) -> Tensor:
        """Return rows of tokens to sample."""
        return torch.zeros(count, len(self.calls), dtype=torch.long)

    def decode(self, x: Tensor) -> Sequence[Calls]:
        """Return the calls that each row of tokens makes; equal rows share one plan."""
        rows = [tuple(row) for row in (x == MADE).tolist()]
        made = {row: tuple(compress(self.calls, row)) for row in set(rows)}
        return [made[row] for row in rows]

    def encode(self, values: Sequence[Calls]) -> Tensor:
        """Return a row of tokens for each plan; order and repetition are lost.

        Raises:
            InvalidStateError: A plan makes a call that is not known.
        """
        place = {call: index for index, call in enumerate(self.calls)}
        rows = torch.full((len(values), len(self.calls)), LEFT_OUT)
        for row, calls in enumerate(values):
            for call in calls:
                if call not in place:
                    raise InvalidStateError(
                        f"the call {call!r}", f"one of {len(place)} calls", "Name a known one."
                    )
                rows[row, place[call]] = MADE
        return rows


@lru_cache(maxsize=65536)
def bucket(word: str, width: int) -> int:
    """Return the place of a word, the same in every process."""
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big") % width


def order(plans: Iterable[Calls], calls: Sequence[str]) -> Calls:
    """Return calls in the order that agrees best with plans that worked.

    A call is placed before another where more plans made it first; conflicts are settled in favour of the call that
    precedes more of the others (Copeland's rule), and what no plan says stays as it was.

    Args:
        plans: Plans that worked.
        calls: Every call there is.
    """
    place = {call: index for index, call in enumerate(calls)}
    before = torch.zeros(len(place), len(place))
    for plan in plans:
        for index, first in enumerate(plan):
            for second in plan[index + 1 :]:
                before[place[first], place[second]] += 1
    ahead = before > before.T
    left, done = list(calls), list[str]()
    while left:
        free = [c for c in left if not any(ahead[place[o], place[c]] for o in left if o != c)]
        chosen = (free or sorted(left, key=lambda c: int(sum(ahead[place[o], place[c]] for o in left))))[0]
        done.append(chosen)
        left.remove(chosen)
    return tuple(done)
