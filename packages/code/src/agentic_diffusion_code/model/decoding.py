"""How programs are denoised: the settings of decoding, and the kernel that they make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.sample import Kernel, confident, revising
from agentic_diffusion.errors import InvalidConfigError
from torch import Tensor

DRAWN = 2
"""The number of the first try whose tokens are drawn."""


@final
@dataclass(frozen=True)
class Decoding:
    """How programs are denoised.

    Args:
        block: Tokens denoised together; finished blocks are read from the cache.
        bound: Joint uncertainty in nats that may be accepted in one move (see `confident`); 0 reveals one by one.
        temperature: Of the tokens that are drawn; 0 takes the most likely ones.
        revise: Probability under which a shown token is hidden again; 0 never.
        longest: Tokens of the longest program.
        end_penalty: Subtracted from the logits of end and padding while a block is denoised.
        reward: How much better a candidate of worth 1 is than one of worth 0, in nats: several that are drawn together
            compete after each block (see `rewards`); 0 lets each go its own way.
        again: How often a block after which nothing right can follow is denoised anew, one token a call: first the most
            likely ones, then drawn ones.
    """

    block: int = 16
    bound: float = 0.3
    temperature: float = 0.0
    revise: float = 0.0
    longest: int = 320
    end_penalty: float = 0.0
    again: int = 2
    reward: float = 0.0

    def __post_init__(self) -> None:
        least = min(self.bound, self.temperature, self.again, self.end_penalty, self.reward)
        if min(self.block, self.longest) < 1 or least < 0 or not 0 <= self.revise < 1:
            raise InvalidConfigError(
                repr(self),
                "block, longest >= 1, 0 <= revise < 1 and all others >= 0",
                "Decoding() is a fair start.",
            )

    def trying(self, number: int) -> Decoding:
        """Return how a block is denoised when so many tries of it were in vain."""
        if number == 0:
            return self
        return replace(
            self, bound=0.0, temperature=max(1.0, self.temperature) if number >= DRAWN else self.temperature
        )

    def kernel(self, process: MaskedProcess) -> Kernel[Tensor, Categorical]:
        """Return how one move is made."""
        move = confident(process, bound=self.bound, temperature=self.temperature)
        return revising(move, process, below=self.revise) if self.revise > 0 else move
