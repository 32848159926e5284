"""What is asked about in the same call: looks that will be needed if guesses about this block and the next are right.

Blocks are written one after the other, and a block may take several looks. What they will hold is often known before
it is sure, so the looks that come next are asked for beforehand, as if the guesses were right. An answer is used only
where exactly the same look is wanted in the end: programs are those of asking one look at a time, up to rounding, and
calls are fewer. That is speculative decoding (Leviathan et al. 2023, arXiv:2211.17192) of a model that drafts for
itself; blocks begun before the ones to their left are finished are known from Wang et al. 2025 (D2F), arXiv:2508.09192.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from jaxtyping import Float
from torch import Tensor

Block: TypeAlias = tuple[int, ...]

LONGEST = 8
"""Tokens of the longest block that is looked beyond: networks have hardly seen blocks several times their own size."""


@final
@dataclass(frozen=True)
class Look:
    """One look at tokens with holes.

    Args:
        after: Blocks that stand between what was kept and the tokens.
        shown: The tokens.
    """

    after: tuple[Block, ...]
    shown: Block


@final
@dataclass(frozen=True)
class Guess:
    """What a block may come to hold.

    Args:
        block: The tokens.
        doubt: Uncertainty about each, in nats.
    """

    block: Block
    doubt: tuple[float, ...]

    def states(self, shown: Block, mask: int, count: int) -> Iterator[Block]:
        """Yield the guess with the most doubtful of the tokens that are not shown yet hidden: one, two, and so on."""
        hidden = [place for place, token in enumerate(shown) if token == mask]
        order = sorted(hidden, key=lambda place: -self.doubt[place])
        for least in range(1, min(count, len(order) - 1) + 1):
            yield tuple(mask if p in order[:least] else token for p, token in enumerate(self.block))


@final
class Foresight:
    """Remembers what was asked for beforehand and says what else to ask for, for one program.

    Args:
        mask: Stands for a hidden token.
        end: Ends a program; nothing is guessed behind it.
        ahead: Blocks that are begun beforehand.
        wide: Blocks that are guessed together with the present one, from nothing but what is finished.
        doubts: Looks at a block asked for beforehand: with its one, two, and so on most doubtful tokens hidden.
    """

    def __init__(self, mask: int, end: int, *, ahead: int = 2, wide: int = 2, doubts: int = 3) -> None:
        self.mask, self.end = mask, end
        self.ahead, self.wide, self.doubts = ahead, wide, doubts
        self._known: dict[Look, Tensor] = {}
        self._plan: list[Guess] = []

    def known(self, shown: Block) -> Float[Tensor, "1 length vocabulary"] | None:
        """Return the logits of a look, where they are known."""
        return self._known.get(Look((), shown))

    def wishes(self, shown: Block) -> Iterator[Look]:
        """Yield what to ask for beside a look."""
        blank, plan = (self.mask,) * len(shown), self._plan
        after: tuple[Block, ...] = ()
        fits = bool(plan) and len(plan[0].block) == len(shown)
        fits = fits and all(a in (self.mask, b) for a, b in zip(shown, plan[0].block, strict=True))
        for number, guess in enumerate(plan[: self.ahead + 1] if fits else ()):
            seen = shown if number == 0 else blank
            for state in guess.states(seen, self.mask, self.doubts):
                if state != seen:
                    yield Look(after, state)
            if number == self.ahead or self.end in guess.block:
                break
            after = (*after, guess.block)
            yield Look(after, blank)
        yield Look((), shown + blank * self.wide)

    def learn(self, shown: Block, told: Mapping[Look, Float[Tensor, "1 length vocabulary"]]) -> None:
        """Remember what was told, the look itself among it, and guess on."""
        size, blank = len(shown), (self.mask,) * len(shown)
        self._known = {look: logits for look, logits in told.items() if len(look.shown) == size}
        self._plan, look = [], Look((), shown)
        while (logits := self._known.get(look)) is not None:
            guess = self._guess(look.shown, logits[0])
            self._plan.append(guess)
            look = Look((*look.after, guess.block), blank)
        wide = told[Look((), shown + blank * self.wide)][0]
        for number in range(len(self._plan), 1 + self.wide):
            self._plan.append(self._guess(blank, wide[number * size : (number + 1) * size]))

    def _guess(self, shown: Block, logits: Float[Tensor, "length vocabulary"]) -> Guess:
        logits = logits.float().index_fill(1, torch.tensor([self.mask], device=logits.device), -torch.inf)
        chances = logits.log_softmax(-1)
        doubts = -(chances.exp() * chances.nan_to_num(neginf=0.0)).sum(-1)
        likely = chances.argmax(-1).tolist()
        return Guess(
            tuple(token if token != self.mask else other for token, other in zip(shown, likely, strict=True)),
            tuple(doubts.tolist()),
        )

    def keep(self, block: Block) -> None:
        """Go on behind a finished block."""
        self._known = {
            Look(look.after[1:], look.shown): logits
            for look, logits in self._known.items()
            if look.after[:1] == (block,)
        }
        self._plan = self._plan[1:] if self._plan and self._plan[0].block == block else []

    def forget(self) -> None:
        """Forget everything: what comes next does not follow what was seen."""
        self._known, self._plan = {}, []
