"""How likely a denoiser finds whole plans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.state import Time
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue

Ask = Callable[[Tensor, Time], Categorical]
AskOf = Callable[[Tensor, Time, Tensor], Categorical]
Plan = tuple[int, tuple[int, ...]]
"""The number of a request, and the tokens of a plan, or of the beginning of one."""
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
        return self.of_many(lambda rows, t, of: ask(rows, t), [x])[0]

    def of_many(self, ask: AskOf, states: Sequence[Int[Tensor, "_ slots"]]) -> Sequence[Float[Tensor, " _"]]:
        """Return the log-likelihood of each plan of each request, all beginnings of all of them in one batch.

        Args:
            ask: From beginnings, their noise level and the request of each to the belief about them.
            states: The plans of each request.
        """
        slots, device = states[0].shape[1], states[0].device
        plans = [[(request, tuple(row)) for row in x.tolist()] for request, x in enumerate(states)]
        asked, wanted = self._wanted(plans, slots=slots)
        shown = [sum(token != self.catalogue.mask for token in begun) for _, begun in asked]
        logits = ask(
            torch.tensor([begun for _, begun in asked], device=device),
            1 - torch.tensor(shown, device=device) / slots,
            torch.tensor([request for request, _ in asked], device=device),
        ).logits
        which, here, token = torch.tensor([one for told in wanted.values() for one in told]).to(device).T
        told = logits[which, here].float().log_softmax(dim=-1).gather(1, token[:, None])[:, 0].cpu()
        sums, start = dict[Plan, float](), 0
        for plan, places in wanted.items():
            sums[plan] = float(told[start : start + len(places)].sum())
            start += len(places)
        return [torch.tensor([sums[plan] for plan in some], device=device) for some in plans]

    def _wanted(
        self, plans: Sequence[Sequence[Plan]], *, slots: int
    ) -> tuple[Sequence[Plan], dict[Plan, list[Place]]]:
        """Return the beginnings to ask about, and where the answers about each plan stand."""
        stop, mask = self.catalogue.stop, self.catalogue.mask
        asked, wanted = dict[Plan, int](), dict[Plan, list[Place]]()
        for plan in dict.fromkeys(one for some in plans for one in some):
            request, row = plan
            end = row.index(stop) if stop in row else slots - 1
            begun = [(request, (*row[:place], *[mask] * (slots - place))) for place in range(end + 1)]
            wanted[plan] = [
                (asked.setdefault(some, len(asked)), place, row[place]) for place, some in enumerate(begun)
            ]
        return [*asked], wanted
