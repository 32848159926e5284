"""What is told of whole plans beside their likelihood: does the request speak of all their tools, and in that order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from agentic_diffusion.planning.domains.toolplan.habits import TIE, Habits

LOOKS = 29
"""Numbers that are told of a whole plan beside its likelihood."""

FEW, SOME = 0.3, 3.0
"""Pseudo-counts of a link, and of all links from its first tool."""


def looks(
    x: Int[Tensor, "plans slots"], context: Mapping[str, Tensor], *, habits: Habits
) -> Float[Tensor, "plans looks"]:
    """Return what is told of each plan.

    Of the tools together: log chance of the plan by what was learned by heart and whether it is unknown; its length,
    whether it is 1, whether it is 3 or more; of what experience says of its tools the sum and the least, by the whole
    request and by the clause that fits each best; of what the tools' texts say the sum and the least by clause, and the
    sum by the whole; sum of the log shares that known plans and neighbours give its tools, and the least of the known
    plans; what speaks for its length, for its first tool as the first and for its last as the last; of what phrases say
    of its tools the sum by the whole, and the sum and the least by clause.

    Of their order: how many neighbours stand against the order of the clauses that phrases find for them; how far
    apart neighbours are in the request, by phrases and by experience, the sum and the least; the log-frequency of
    its links, and the log-odds of the order of its pairs, the sum and the least.

    Args:
        x: The plans, as tokens.
        context: What was read of the request (see `Reading.told`).
        habits: What stood where in the examples.
    """
    meets, places, rows = context["meets"][0], context["places"][0], x.tolist()
    tools = meets.shape[1]
    used = sorted({token for row in rows for token in row if token < tools})
    spoken = (meets[1:] != 0).flatten(1).any(dim=1)
    clauses = meets[1:, used][spoken] if bool(spoken.any()) else meets[:1, used]
    best, shares = clauses.max(dim=0), (places[used][:, [3, 1]].clamp(min=0) + 0.01).log()
    told = torch.cat([meets[0, used], best.values, shares, places[used, 4:]], dim=1)
    order = torch.cat([best.indices[:, 2:], _where(clauses[..., [2, 0]])], dim=1)
    table = dict(zip(used, told.tolist(), strict=True))
    where = dict(zip(used, order.tolist(), strict=True))
    counted = Counted(used, context, habits)
    same = (x[:, None] == context["plans"][0]).all(dim=-1)
    chances, lengths = (same * context["recalled"]).sum(dim=1).tolist(), context["lengths"][0].tolist()
    plans = [[token for token in row if token < tools] for row in rows]
    return torch.tensor(
        [
            [*_together([table[token] for token in plan], chance, lengths), *_ordered(plan, where, counted)]
            for plan, chance in zip(plans, chances, strict=True)
        ]
    ).reshape(len(rows), LOOKS)


def _together(told: Sequence[Sequence[float]], chance: float, lengths: Sequence[float]) -> list[float]:
    """Return the numbers of the tools of one plan.

    `told` of each tool: what experience, text and phrases say of the whole, then of the best clause, then known plans,
    neighbours, first, last.
    """
    count = len(told)
    columns = zip(*told, strict=True) if count else ((0.0,),) * 10
    whole, text, said, clause, spelled, spoken, held, voted, first, last = columns
    numbers = [math.log(chance + 1e-3), float(chance <= 1e-6), count, float(count == 1), float(count >= 3)]
    numbers += [sum(whole), min(whole), sum(clause), min(clause), sum(spelled), min(spelled), sum(text)]
    numbers += [sum(held), sum(voted), min(held), lengths[count], first[0], last[-1]]
    return [*numbers, sum(said), sum(spoken), min(spoken)]


@final
class Counted:
    """What was counted of the tools that are used; the plan of an example does not count for itself.

    Args:
        used: The tools.
        context: What was read of the request.
        habits: What stood where in the examples.
    """

    def __init__(self, used: Sequence[int], context: Mapping[str, Tensor], habits: Habits) -> None:
        follow, before = habits.get_buffer("next"), habits.get_buffer("before")
        ends, some = len(follow) - 1, torch.tensor(used, dtype=torch.long)
        self._at = {tool: place for place, tool in enumerate(used)}
        self._outs = follow[some, :ends].sum(dim=1).tolist()
        self._links: list[list[float]] = follow[some][:, some].tolist()
        self._firsts: list[list[float]] = before[some][:, some].tolist()
        told = context["own"][0].tolist() if "own" in context else []
        own = [token for token in told if token < ends]
        self._times = float(context["times"][0]) if own else 0.0
        self._mine, self._befores = Counter(pairwise(own)), Counter(combinations(own, 2))
        self._mine_outs = Counter(one for one, _ in pairwise(own))

    def link(self, a: int, b: int) -> float:
        """Return the log-frequency of b right behind a."""
        out = self._outs[self._at[a]] - self._times * self._mine_outs[a]
        link = self._links[self._at[a]][self._at[b]] - self._times * self._mine[a, b]
        return math.log((max(0.0, link) + FEW) / (max(0.0, out) + SOME))

    def first(self, a: int, b: int) -> float:
        """Return the log-odds that a comes before b."""
        return math.log(self._before(a, b) / self._before(b, a))

    def _before(self, a: int, b: int) -> float:
        count = self._firsts[self._at[a]][self._at[b]] - self._times * self._befores[a, b]
        return max(0.0, count) + TIE


def _ordered(plan: Sequence[int], where: Mapping[int, Sequence[float]], counted: Counted) -> list[float]:
    """Return the numbers of the order of one plan; `where`: the best clause, then the mean place by two measures."""
    pairs = [*pairwise(plan)]
    spoken = [where[b][1] - where[a][1] for a, b in pairs] or [0.0]
    said = [where[b][2] - where[a][2] for a, b in pairs] or [0.0]
    odds = [counted.first(*pair) for pair in combinations(plan, 2)] or [0.0]
    against = sum(where[a][0] > where[b][0] for a, b in pairs)
    numbers = [float(against), sum(counted.link(*pair) for pair in pairs), sum(spoken), min(spoken)]
    return [*numbers, sum(said), min(said), sum(odds), min(odds)]


def _where(clauses: Float[Tensor, "clauses tools some"]) -> Float[Tensor, "tools some"]:
    """Return where in the request each tool is meant, from -1 to 1: sharp means over the clauses."""
    sharp = clauses.clamp(min=0) ** 4
    place = (
        2 * torch.arange(len(clauses)) / max(1, len(clauses) - 1) - 1 if len(clauses) > 1 else torch.zeros(1)
    )
    return (sharp * place[:, None, None]).sum(dim=0) / (sharp.sum(dim=0) + 1e-8)
