"""Several programs written side by side, each at its own pace, all asked about in one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import torch
from agentic_diffusion.denoising.state import generator
from torch import Tensor
from torch.nn import functional

from agentic_diffusion_code.model.decode import Draft, Guides, Viable, drafting, unguided
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.model.reading import Reads, Several


@runtime_checkable
class Opens(Reads, Protocol):
    """A model that reads a prompt for several programs at once, each of which goes its own way."""

    def several(self, prompt: Sequence[int], count: int) -> Several:
        """Read a prompt."""
        ...


def abreast(
    model: Opens,
    prompt: Sequence[int],
    *,
    heads: Sequence[Sequence[int]],
    seed: int,
    decoding: Decoding,
    guides: Guides = unguided,
    viable: Viable | None = None,
) -> Iterator[Draft]:
    """Denoise one program behind each beginning; the programs are those of writing each alone, up to rounding.

    None waits for another where it needs more looks, so that there are as many calls as the one needs that needs most.
    A program that nothing can save any more is written to its end.

    Args:
        model: What to believe.
        prompt: What is read first.
        heads: The first tokens of each program.
        seed: Of the tokens that are drawn, which happens where the likeliest ones cannot stand.
        decoding: How.
        guides: Tilt the beliefs of each block.
        viable: Refuses beginnings that nothing right can follow; their last block is denoised anew.

    Yields:
        A draft after every call; the last is `done`.
    """
    side, mask = model.several(prompt, len(heads)), model.marks.mask
    rows = [
        drafting(
            reading,
            model.marks,
            count=1,
            rng=generator(seed + number),
            fixed=[head] if head else [],
            decoding=decoding,
            guides=guides,
            viable=viable,
            rewinds=False,
        )
        for number, (reading, head) in enumerate(zip(side.readings, heads, strict=True))
    ]
    drafts = [next(row) for row in rows]
    while True:
        looks: dict[int, Tensor] = {}
        for number, row in enumerate(rows):
            while not drafts[number].done:
                look = drafts[number].tokens[:, -decoding.block :]
                if bool((look == mask).any()) and not side.known(number, look):
                    looks[number] = look
                    break
                drafts[number] = next(row)
        if not looks:
            break
        side.ask(looks)
        yield Draft(_beside(drafts, model.marks.pad), side.forwards)
    yield Draft(_beside(drafts, model.marks.pad), side.forwards, done=True)


def _beside(drafts: Sequence[Draft], pad: int) -> Tensor:
    longest = max(draft.tokens.shape[1] for draft in drafts)
    parts = [functional.pad(d.tokens, (0, longest - d.tokens.shape[1]), value=pad) for d in drafts]
    return torch.cat(parts)
