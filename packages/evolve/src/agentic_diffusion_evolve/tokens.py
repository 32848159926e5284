"""A reward model of token plans: what each token is worth at each place, with what the members disagree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from agentic_diffusion.denoising.state import Condition, Rng, Time
from agentic_diffusion.errors import InvalidConfigError
from torch import Tensor, nn


@final
@dataclass(frozen=True)
class TokenReward:
    """J(x) = b + Σ_l w[l, x_l], an ensemble of tables; the `reward` of a `RewardLogits` as it is.

    For a sum over places the tilt exp(scale · J) is exact token by token. What depends on several tokens at once
    is beyond it: use a verifier for that.

    Args:
        tables: What each member says each token is worth at each place.
        base: The reward of a row of tokens that are worth nothing, by each member.
    """

    tables: Tensor  # (members, length, vocabulary)
    base: Tensor  # (members,)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the worth of every token at every place: (1, length, vocabulary)."""
        return self.tables.mean(dim=0, keepdim=True).to(x.device)

    def score(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Tensor:
        """Return the expected reward of each row; a hidden token counts as its place's mean, which is 0."""
        return self._told(x).mean(dim=0)

    def disagreement(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Tensor:
        """Return the standard deviation between the members."""
        return self._told(x).std(dim=0)

    def _told(self, x: Tensor) -> Tensor:
        places = torch.arange(x.shape[1], device=x.device)
        return self.base.to(x.device)[:, None] + self.tables.to(x.device)[:, places, x].sum(dim=-1)


def fit_tokens(
    rows: Tensor,
    rewards: Tensor,
    *,
    vocabulary: int,
    rng: Rng,
    trust: Tensor | None = None,
    ridge: float = 1.0,
    members: int = 5,
) -> TokenReward:
    """Return tables that explain the rewards: ridge regression on one-hot rows, exact for each resample.

    Args:
        rows: Token rows (batch, length).
        rewards: One a row.
        vocabulary: Number of tokens, the mask token included; it never stands in a row, so it is worth 0.
        rng: Where resamples come from.
        trust: How far each row is believed.
        ridge: Pull towards 0, in rows.
        members: Tables.
    """
    if rows.shape[0] == 0 or ridge <= 0 or members < 2:
        raise InvalidConfigError(
            f"{rows.shape[0]} rows, ridge={ridge}, members={members}",
            "at least one row, a ridge above 0 and two members",
            "Add outcomes to the memory first.",
        )
    count, length = rows.shape
    hot = nn.functional.one_hot(rows, vocabulary).double().flatten(1)
    believed = torch.ones(count) if trust is None else trust
    tables, bases = [], []
    for _ in range(members):
        share = (torch.poisson(torch.ones(count), generator=rng) * believed).double()
        share = share if bool(share.sum() > 0) else believed.double()
        base = (share * rewards).sum() / share.sum().clamp(min=1e-12)
        gram = hot.T @ (share[:, None] * hot) + ridge * torch.eye(hot.shape[1], dtype=torch.float64)
        worth = torch.linalg.solve(gram, hot.T @ (share * (rewards - base)))
        tables.append(worth.view(length, vocabulary).float())
        bases.append(base.float())
    return TokenReward(torch.stack(tables), torch.stack(bases))
