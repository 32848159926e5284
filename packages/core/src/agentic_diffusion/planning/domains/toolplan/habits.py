"""Habits: which tools stood next to which, before which and together with which, as log-odds a network can weigh."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

SMOOTH, TIE = 2.0, 0.5
"""Pseudo-counts: of habits of neighbours and company, and of the order of a pair."""

LOCAL, GLOBAL = 4, 3
"""Numbers told of each tool in each slot, and of each tool in the request as a whole."""


@final
class Habits(nn.Module):
    """Counts of pairs in plans, and what they say of each tool beside what is shown.

    In training an example must not be told of itself: `own` is its plan, and `times` how often that plan was counted.

    Args:
        tools: Number of tools; token `tools` is the start of a plan on the left and its end on the right.
    """

    def __init__(self, tools: int) -> None:
        super().__init__()
        for name in ("next", "before", "together"):
            self.register_buffer(name, torch.zeros(tools + 1, tools + 1))
        self.register_buffer("share", torch.full((tools + 1,), 1 / (tools + 1)))
        self.register_buffer("tables", torch.zeros(LOCAL, tools + 1, tools + 1))

    def count(self, plans: Int[Tensor, "examples slots"]) -> None:
        """Count the pairs of these plans, instead of those counted before."""
        size = self.get_buffer("share").shape[0]
        ends = torch.full((len(plans), 1), size - 1)
        chain = torch.cat([ends, plans, ends], dim=1)
        following, before = torch.zeros(size, size), torch.zeros(size, size)
        for left in range(chain.shape[1] - 1):
            one, two = chain[:, left], chain[:, left + 1]
            real = (one < size - 1) | (two < size - 1) | (left == 0)
            following.index_put_((one[real], two[real]), torch.ones(int(real.sum())), accumulate=True)
        for left in range(plans.shape[1]):
            for right in range(left + 1, plans.shape[1]):
                one, two = plans[:, left], plans[:, right]
                real = (one < size - 1) & (two < size - 1)
                before.index_put_((one[real], two[real]), torch.ones(int(real.sum())), accumulate=True)
        self.get_buffer("next").copy_(following)
        self.get_buffer("before").copy_(before)
        self.get_buffer("together").copy_(before + before.T)
        used = following.sum(dim=0) + TIE
        self.get_buffer("share").copy_(used / used.sum())
        every = torch.arange(size)
        a, b, none = every[:, None].expand(size, size), every[None].expand(size, size), torch.zeros(())
        order = self.order(a, b, none, forward=torch.ones((), dtype=torch.bool))
        told = (self.right_of(a, b, none), self.left_of(a, b, none), order, self.with_(a, b, none))
        self.get_buffer("tables").copy_(torch.stack(told))

    def right_of(self, a: Tensor, b: Tensor, less: Tensor) -> Tensor:
        """Return how much likelier b is right behind a than anywhere, with `less` of the pairs left out."""
        counts, share = self.get_buffer("next"), self.get_buffer("share")
        return torch.log(
            ((counts[a, b] - less).clamp(min=0) / share[b] + SMOOTH) / (counts.sum(1)[a] + SMOOTH)
        )

    def left_of(self, a: Tensor, b: Tensor, less: Tensor) -> Tensor:
        """Return how much likelier b is right before a than anywhere."""
        counts, share = self.get_buffer("next"), self.get_buffer("share")
        return torch.log(
            ((counts[b, a] - less).clamp(min=0) / share[b] + SMOOTH) / (counts.sum(0)[a] + SMOOTH)
        )

    def with_(self, a: Tensor, b: Tensor, less: Tensor) -> Tensor:
        """Return how much likelier b is in a plan with a than in any."""
        counts, share = self.get_buffer("together"), self.get_buffer("share")
        return torch.log(
            ((counts[a, b] - less).clamp(min=0) / share[b] + SMOOTH) / (counts.sum(1)[a] + SMOOTH)
        )

    def order(self, a: Tensor, b: Tensor, less: Tensor, *, forward: Tensor) -> Tensor:
        """Return the log-odds that a comes before b; `less` is left out of the direction that the example has."""
        counts = self.get_buffer("before")
        there = (counts[a, b] - less * forward).clamp(min=0) + TIE
        back = (counts[b, a] - less * ~forward).clamp(min=0) + TIE
        return torch.log(there / back)

    def local(
        self, x: Int[Tensor, "batch slots"], own: Tensor | None = None, times: Tensor | None = None
    ) -> Float[Tensor, "batch slots tokens 4"]:
        """Return what the shown neighbours and companions of each slot say of each token."""
        told = self._shown(x)
        if own is not None and times is not None:
            own, times = own.expand(len(x), -1), times.expand(len(x))
            honest = self._beside(x, own[..., None], times)
            index = own[..., None, None].expand(-1, -1, 1, LOCAL)
            told = told.scatter(2, index, honest)
        return told

    def _shown(self, x: Tensor) -> Tensor:
        """Return the four numbers of every token beside what is shown."""
        batch = x.shape[0]
        tables = self.get_buffer("tables")
        end = tables.shape[1] - 1
        edge = torch.full((batch, 1), end, device=x.device)
        left, right = torch.cat([edge, x[:, :-1]], dim=1), torch.cat([x[:, 1:], edge], dim=1)
        after = tables[0][left.clamp(max=end)] * (left <= end)[..., None]
        ahead = tables[1][right.clamp(max=end)] * (right <= end)[..., None]
        real = (x < end).to(after)
        order = tables[2][x.clamp(max=end)] * real[..., None]
        company = tables[3][x.clamp(max=end)] * real[..., None]
        total = order.sum(dim=1, keepdim=True)
        seen = order.cumsum(dim=1)  # this slot and those before
        order = (seen - order) - (total - seen)
        shown = real.sum(dim=1).clamp(min=1)[:, None, None]
        company = (company.sum(dim=1, keepdim=True) - company) / shown
        keep = torch.ones(end + 1, device=x.device)
        keep[end] = 0.0
        return torch.stack([after, ahead, order * keep, company * keep], dim=-1)

    def _beside(self, x: Tensor, b: Tensor, less: Tensor) -> Tensor:
        """Return the four numbers of the tokens `b` (batch, slots, some) beside what is shown."""
        batch, slots = x.shape
        end = self.get_buffer("share").shape[0] - 1
        edge = torch.full((batch, 1), end, device=x.device)
        left, right = torch.cat([edge, x[:, :-1]], 1)[..., None], torch.cat([x[:, 1:], edge], 1)[..., None]
        m = less[:, None, None]
        after = torch.where(left <= end, self.right_of(left.clamp(max=end), b, m), 0.0)
        ahead = torch.where(right <= end, self.left_of(right.clamp(max=end), b, m), 0.0)
        order, company = torch.zeros_like(after), torch.zeros_like(after)
        place = torch.arange(slots, device=x.device)
        shown = (x < end).sum(dim=1).clamp(min=1)[:, None, None]
        for other in range(slots):
            a = x[:, other].clamp(max=end)[:, None, None]
            real = (x[:, other] < end)[:, None, None] & (place != other)[None, :, None] & (b < end)
            forward = (place > other)[None, :, None]
            told = self.order(a, b, m, forward=forward)
            order = order + torch.where(real, torch.where(forward, told, -told), 0.0)
            company = company + torch.where(real, self.with_(a, b, m), 0.0) / shown
        return torch.stack([after, ahead, order, company], dim=-1)

    def overall(
        self, hope: Float[Tensor, "batch tools"], own: Tensor | None = None, times: Tensor | None = None
    ) -> Float[Tensor, "batch tools 3"]:
        """Return what the tools that are hoped for say of each other: who follows, who comes first, who goes along."""
        tools = hope.shape[1]
        weights = hope.clamp(min=0, max=1) / hope.clamp(min=0, max=1).sum(dim=1, keepdim=True).clamp(min=1e-3)
        after, _, order, company = self.get_buffer("tables")[:, :tools, :tools]
        told = torch.stack([weights @ after, -(weights @ order), weights @ company], dim=-1)
        if own is None or times is None:
            return told
        m = times[:, None]
        for i in range(own.shape[1]):
            for j in range(own.shape[1]):
                if i == j:
                    continue
                a, b = own[:, i : i + 1], own[:, j : j + 1]
                real = (a < tools) & (b < tools) & (a != b)
                a, b = a.clamp(max=tools - 1), b.clamp(max=tools - 1)
                forward = torch.full_like(real, i < j)
                next_to = m if j == i + 1 else torch.zeros_like(m)
                change = torch.stack(
                    [
                        self.right_of(a, b, next_to) - self.right_of(a, b, 0 * m),
                        self.order(a, b, 0 * m, forward=forward) - self.order(a, b, m, forward=forward),
                        self.with_(a, b, m) - self.with_(a, b, 0 * m),
                    ],
                    dim=-1,
                )
                change = torch.where(real[..., None], change * weights.gather(1, a)[..., None], 0.0)
                told = told.scatter_add(1, b[..., None].expand(-1, -1, GLOBAL), change)
        return told
