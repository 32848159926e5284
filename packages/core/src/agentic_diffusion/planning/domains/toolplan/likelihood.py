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


@final
@dataclass(frozen=True)
class Chained:
    """log p(x) = Σᵢ log p(xᵢ | x₁ … xᵢ₋₁) with everything behind slot i hidden: all slots in one batch.

    Args:
        catalogue: Gives the mask token.
    """

    catalogue: Catalogue

    def __call__(self, ask: Ask, x: Int[Tensor, "batch slots"]) -> Float[Tensor, " batch"]:
        """Return the log-likelihood of each plan; equal rows are asked about once."""
        rows, back = torch.unique(x, dim=0, return_inverse=True)
        count, slots = rows.shape
        late = torch.ones(
            slots, slots, dtype=torch.bool, device=x.device
        ).triu()  # row i hides i and what follows
        partial = torch.where(late[None], self.catalogue.mask, rows[:, None].expand(-1, slots, -1))
        level = 1 - torch.arange(slots, device=x.device).repeat(count) / slots
        belief = ask(partial.flatten(0, 1), level)
        here = torch.arange(slots, device=x.device).repeat(count)
        logits = belief.logits[torch.arange(count * slots, device=x.device), here].float()
        told = logits.log_softmax(dim=-1).gather(1, rows.flatten()[:, None])
        return told.view(count, slots).sum(dim=1)[back]
