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

    What stands behind the first stop is certain, for only stops do; it is not asked about. Beginnings that plans
    share are asked about once.

    Args:
        catalogue: Gives the mask token.
    """

    catalogue: Catalogue

    def __call__(self, ask: Ask, x: Int[Tensor, "batch slots"]) -> Float[Tensor, " batch"]:
        """Return the log-likelihood of each plan; equal rows are asked about once."""
        rows, back = torch.unique(x, dim=0, return_inverse=True)
        count, slots = rows.shape
        behind = (rows == self.catalogue.stop).long()
        which, here = (behind.cumsum(dim=1) - behind == 0).nonzero(as_tuple=True)
        late = torch.arange(slots, device=x.device) >= here[:, None]  # slot i and what follows it is hidden
        beginnings, same = torch.unique(
            torch.where(late, self.catalogue.mask, rows[which]), dim=0, return_inverse=True
        )
        shown = (beginnings != self.catalogue.mask).sum(dim=1)
        logits = ask(beginnings, 1 - shown / slots).logits[same, here].float()
        told = logits.log_softmax(dim=-1).gather(1, rows[which, here][:, None])[:, 0]
        return torch.zeros(count, device=x.device).index_add(0, which, told)[back]
