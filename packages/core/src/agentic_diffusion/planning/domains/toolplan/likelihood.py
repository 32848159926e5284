"""How likely a denoiser finds whole plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.state import Time
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue

Ask = Callable[[Tensor, Time], Categorical]
Place = tuple[int, int, int]
"""The beginning that is asked about, the slot, and the token that stands there."""


@final
@dataclass(frozen=True)
class Chained:
    """log p(x) = Σᵢ log p(xᵢ | x₁ … xᵢ₋₁) with everything behind slot i hidden: all slots in one batch.

    What stands behind the first stop is certain, for only stops do; it is not asked about. Beginnings that plans
    share are asked about once.

    Args:
        catalogue: Gives the mask token.
    """

    catalogue: Catalogue

    def __call__(self, ask: Ask, x: Int[Tensor, "batch slots"]) -> Float[Tensor, " batch"]:
        """Return the log-likelihood of each plan; equal rows are asked about once."""
        stop, mask = self.catalogue.stop, self.catalogue.mask
        rows = [tuple(row) for row in x.tolist()]
        slots, asked, wanted = x.shape[1], dict[tuple[int, ...], int](), dict[tuple[int, ...], list[Place]]()
        for row in dict.fromkeys(rows):
            end = row.index(stop) if stop in row else slots - 1
            begun = [(*row[:place], *[mask] * (slots - place)) for place in range(end + 1)]
            wanted[row] = [
                (asked.setdefault(some, len(asked)), place, row[place]) for place, some in enumerate(begun)
            ]
        shown = torch.tensor([sum(token != mask for token in some) for some in asked], device=x.device)
        logits = ask(torch.tensor([*asked], device=x.device), 1 - shown / slots).logits
        which, here, token = torch.tensor([one for told in wanted.values() for one in told]).to(x.device).T
        told = logits[which, here].float().log_softmax(dim=-1).gather(1, token[:, None])[:, 0].cpu()
        sums, start = dict[tuple[int, ...], float](), 0
        for row, places in wanted.items():
            sums[row] = float(told[start : start + len(places)].sum())
            start += len(places)
        return torch.tensor([sums[row] for row in rows], device=x.device)
