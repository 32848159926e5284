"""Masked diffusion language models of others as a `Reads`: LLaDA, Dream and block-causal families, any masked LM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, final

import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.errors import InvalidConfigError
from jaxtyping import Float, Int
from torch import Tensor

from agentic_diffusion_code.model.reading import Marks

Ask: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""From tokens (batch, length) and the block of each (length) to logits (batch, length, vocabulary)."""


def two_way(model: Any) -> Ask:
    """Ask a model that looks both ways and names each token where it stands: LLaDA, BERT, any masked LM."""

    def ask(tokens: Tensor, block: Tensor) -> Tensor:
        logits: Tensor = model(input_ids=tokens).logits
        return logits

    return ask


def shifted(model: Any) -> Ask:
    """Ask a model that names each token one place before it stands, as the Dream family does."""

    def ask(tokens: Tensor, block: Tensor) -> Tensor:
        logits: Tensor = model(input_ids=tokens).logits
        return torch.cat([logits[:, :1], logits[:, :-1]], dim=1)

    return ask


def block_causal(model: Any) -> Ask:
    """Ask a model of blocks that look at themselves and at what was before: LLaDA2, SDAR.

    The mask is additive and of four axes, which is what these families read.
    """

    def ask(tokens: Tensor, block: Tensor) -> Tensor:
        seen = block[:, None] >= block[None]
        mask = torch.zeros(seen.shape, device=tokens.device).masked_fill(~seen, -torch.inf)
        mask = mask.expand(tokens.shape[0], 1, -1, -1).to(next(iter(model.parameters())).dtype)
        logits: Tensor = model(input_ids=tokens, attention_mask=mask).logits
        return logits

    return ask


@final
@dataclass
class FullReading:
    """A reading that shows the model everything anew at each look: right for every family, and without a cache.

    Args:
        ask: How the model is asked.
        prompt: What is read first.
        longest: Tokens that the model can read; more is refused, never cut.
        device: Where the model is.
    """

    ask: Ask
    prompt: Tensor
    longest: int
    device: torch.device
    forwards: int = 0
    _kept: list[Tensor] = field(default_factory=list)

    @torch.inference_mode()
    def look(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length vocabulary"]:
        """Return the logits of each token of `x`.

        Raises:
            InvalidConfigError: There are more tokens than the model can read.
        """
        before = self.prompt.expand(x.shape[0], -1)
        parts = [before, *(kept.expand(x.shape[0], -1) for kept in self._kept), x]
        tokens = torch.cat(parts, dim=1).to(self.device)
        if tokens.shape[1] > self.longest:
            raise InvalidConfigError(
                f"{tokens.shape[1]} tokens", f"at most {self.longest}", "Ask for a shorter program."
            )
        sizes = torch.tensor([part.shape[1] for part in parts])
        block = torch.repeat_interleave(torch.arange(len(parts)), sizes).to(self.device)
        self.forwards += 1
        return self.ask(tokens, block)[:, -x.shape[1] :].float().cpu()

    def keep(self, x: Int[Tensor, "batch length"]) -> None:
        """Take finished tokens as read."""
        self._kept.append(x)

    def pick(self, index: Int[Tensor, " batch"]) -> None:
        """Go on with these candidates."""
        self._kept = [kept[index] for kept in self._kept]


@final
@dataclass(frozen=True)
class MaskedModel:
    """A masked diffusion language model as a model that reads.

    Args:
        ask: How it is asked: `two_way`, `shifted` or `block_causal` of the model.
        marks: Its mask, end and padding.
        longest: Tokens that it can read.
        device: Where it is.
    """

    ask: Ask
    marks: Marks
    longest: int = 2048
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def placed(self) -> Compute:
        """Where it computes."""
        return Compute(str(self.device))

    def open(self, prompt: Sequence[int]) -> FullReading:
        """Read a prompt."""
        tokens = torch.tensor([list(prompt)], dtype=torch.long)
        return FullReading(self.ask, tokens, self.longest, self.device)
