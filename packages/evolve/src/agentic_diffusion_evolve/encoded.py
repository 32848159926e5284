"""Outcomes as tensors: states, rewards, trust and what each request pins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar, final

import torch
from agentic_diffusion.denoising.state import Condition, Inpaint
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.planner import Domain
from agentic_diffusion.records import Outcome
from torch import Tensor

Q = TypeVar("Q")
V = TypeVar("V")


@final
@dataclass(frozen=True)
class Encoded:
    """A batch of outcomes.

    Args:
        states: What was tried; the first axis is the batch, as everywhere here.
        rewards: What came of it.
        trust: How far each is believed.
        condition: What was pinned, and the context.
    """

    states: Tensor
    rewards: Tensor
    trust: Tensor
    condition: Condition[Tensor]

    def __len__(self) -> int:
        return self.states.shape[0]

    def __getitem__(self, index: Tensor) -> Encoded:
        """Return the rows with these numbers."""
        pin = self.condition.pin
        if isinstance(pin, Inpaint):
            pin = Inpaint(pin.values[index], pin.mask[index])
        context = {name: value[index] for name, value in self.condition.context.items()}
        return replace(
            self,
            states=self.states[index],
            rewards=self.rewards[index],
            trust=self.trust[index],
            condition=Condition(pin, context),
        )


def encode(outcomes: Iterable[Outcome[Q, V]], domain: Domain[Q, Tensor, V]) -> Encoded:
    """Turn outcomes into tensors.

    Pins are read off the domain: a pin writes constants, so what is equal after pinning two different states is
    pinned.

    Raises:
        InvalidConfigError: There is no outcome.
    """
    known = list(outcomes)
    if not known:
        raise InvalidConfigError("no outcome", "at least one", "Add outcomes to the memory first.")
    states = domain.encode([outcome.value for outcome in known])
    conditions = [domain.condition(outcome.request) for outcome in known]
    values, masks = zip(*(_pinned(condition, states[:1]) for condition in conditions), strict=True)
    names = conditions[0].context.keys()
    context = {name: torch.cat([c.context[name][:1] for c in conditions]) for name in names}
    return Encoded(
        states=states,
        rewards=torch.tensor([outcome.reward for outcome in known]),
        trust=torch.tensor([outcome.trust for outcome in known]),
        condition=Condition(Inpaint(torch.cat(values), torch.cat(masks)), context),
    )


def _pinned(condition: Condition[Tensor], like: Tensor) -> tuple[Tensor, Tensor]:
    one, two = condition.pin(torch.zeros_like(like)), condition.pin(torch.ones_like(like))
    return one, one == two
