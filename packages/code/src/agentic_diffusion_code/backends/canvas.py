"""The library's own DiffusionGemma: an encoder reads what is finished, a decoder denoises a canvas of random tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from agentic_diffusion_code.backends.masked import Ask
from agentic_diffusion_code.backends.renoised import noised

BLOCK = 256
"""Tokens of the canvas that the published weights were trained with."""


def canvas(model: Any) -> Ask:
    """Ask `DiffusionGemmaForBlockDiffusion`: the last block is its canvas, all before it is what its encoder reads.

    The class draws a canvas of its own where it is given none, so prompt and canvas must go in by two ways. Holes must
    be random tokens already: use `renoised(canvas(model), size=...)`.
    """

    def ask(tokens: Tensor, block: Tensor) -> Tensor:
        last = block == block[-1]
        logits: Tensor = model(input_ids=tokens[:, ~last], decoder_input_ids=tokens[:, last]).logits
        before = logits.new_zeros(len(tokens), int((~last).sum()), logits.shape[-1])
        return torch.cat([before, logits], dim=1)

    return ask


@final
@dataclass(frozen=True)
class Canvas:
    """The same model with its cache: what is finished goes through the encoder once (see `cached.Keeps`).

    Args:
        model: A `DiffusionGemmaForBlockDiffusion`.
        size: Tokens of the model; the mask of the decoder is this number (see `without_mask`).
        seed: Where the noise comes from.
    """

    model: Any
    size: int
    seed: int = 0

    def read(self, tokens: Tensor, past: Any) -> Any:
        """Return the cache after these tokens."""
        return self.model.model.encoder(input_ids=tokens, past_key_values=past).past_key_values

    def look(self, x: Tensor, past: Any) -> Tensor:
        """Return the logits of a canvas; the decoder reads the cache and leaves it as it is."""
        shown = noised(x, size=self.size, seed=self.seed)
        logits: Tensor = self.model(decoder_input_ids=shown, past_key_values=past).logits
        never = logits.new_full((*logits.shape[:2], 1), -torch.inf)
        return torch.cat([logits[..., : self.size], never], dim=-1)
