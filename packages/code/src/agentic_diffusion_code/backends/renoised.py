"""Diffusion language models without a mask token: what is not known yet is random tokens, drawn anew at each look."""

from __future__ import annotations

import torch
from torch import Tensor

from agentic_diffusion_code.backends.masked import Ask
from agentic_diffusion_code.model.reading import Marks

_STEP = 0x9E3779B97F4A7C15  # an odd number with bits all over: neighbouring counts give unlike seeds
_WORD = (1 << 63) - 1


def without_mask(*, size: int, end: int, pad: int) -> Marks:
    """Return marks whose mask is no token of the model: the number after its last one.

    Args:
        size: Tokens of the model.
        end: Ends a program.
        pad: Fills what comes after the end.
    """
    return Marks(mask=size, end=end, pad=pad)


def renoised(ask: Ask, *, size: int, seed: int = 0) -> Ask:
    """Ask a model of uniform noise: holes are shown as random tokens.

    The decoder hides and reveals as it does for a masked model; here each hole becomes a token drawn evenly from all
    tokens of the model. What is revealed stays; all else is drawn anew at each look, so no early guess is kept by
    accident. The noise of a row follows from the seed and from how many of its holes are left, never from the rows
    beside it, so one candidate and many are asked alike.

    Austin et al. 2021 (D3PM, uniform transitions), arXiv:2107.03006, sec. 3.1.

    Args:
        ask: How the model is asked: `two_way(model)` for one network, `canvas.canvas(model)` for the library's own
            DiffusionGemma, which would read a canvas of its own through `two_way`.
        size: Tokens of the model; the mask of the decoder is this number (see `without_mask`).
        seed: Where the noise comes from.
    """

    def asked(tokens: Tensor, block: Tensor) -> Tensor:
        logits = ask(noised(tokens, size=size, seed=seed), block)
        never = logits.new_full((*logits.shape[:2], 1), -torch.inf)
        return torch.cat([logits[..., :size], never], dim=-1)

    return asked


def noised(tokens: Tensor, *, size: int, seed: int) -> Tensor:
    """Return rows of tokens with random ones in their holes, which are the number `size`."""
    holes = tokens == size
    return torch.where(holes, _noise(holes, size, seed).to(tokens.device), tokens)


def _noise(holes: Tensor, size: int, seed: int) -> Tensor:
    """Return random tokens for each row; rows with as many holes have the same."""
    drawn: dict[int, Tensor] = {}
    for left in holes.sum(dim=1).tolist():
        if left not in drawn:
            rng = torch.Generator().manual_seed((seed + (left + 1) * _STEP) & _WORD)
            drawn[left] = torch.randint(size, (holes.shape[1],), generator=rng)
    return torch.stack([drawn[left] for left in holes.sum(dim=1).tolist()])
