"""Tool plans as a domain: slots that hold tools, ended by a stop token, with executed steps pinned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeAlias, final

import torch
from jaxtyping import Int
from torch import Tensor

from agentic_diffusion.denoising.state import Condition, Inpaint
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest, chain
from agentic_diffusion.records import STEP_LIMIT

Reader: TypeAlias = Callable[[ToolRequest], Mapping[str, Tensor]]
"""From a request to what the network reads of it: named tensors with a first axis of 1."""


def read_nothing(request: ToolRequest) -> Mapping[str, Tensor]:
    """Read nothing of a request: for denoisers that know their plans by heart."""
    return {}


@final
@dataclass(frozen=True)
class ToolPlanDomain:
    """Plans of at most `slots` calls, as rows of tokens: the tools in order, then stop tokens.

    Arguments are not part of the state: they are bound when the request is at hand again (see `bind`).

    Args:
        catalogue: The tools.
        slots: Calls in the longest plan, the executed ones included.
        read: What the network reads of a request.
        further: What else is told of it, for guides.
    """

    catalogue: Catalogue
    slots: int
    read: Reader = read_nothing
    further: Reader = read_nothing

    def __post_init__(self) -> None:
        if not 1 <= self.slots <= STEP_LIMIT:
            raise InvalidConfigError(
                f"slots={self.slots}", f"1 to {STEP_LIMIT}", "Take the length of the longest plan."
            )

    def condition(self, request: ToolRequest) -> Condition[Tensor]:
        """Pin the executed steps; tell which tools may be called, which facts hold and if there is a goal in words.

        Raises:
            InvalidStateError: It is no ToolRequest, a tool is unknown, none is available, or more steps were executed
                than there are slots.
        """
        told: object = request
        if not isinstance(told, ToolRequest):
            raise InvalidStateError(
                f"a request of the type {type(told).__name__}",
                "a ToolRequest",
                "Make one: `ToolRequest(goal=...)`, or `ToolRequest.model_validate(...)` of its fields.",
            )
        pin = self.pinned(request)
        spoken = torch.tensor([[any(map(str.isalnum, request.goal))]])
        context = {"available": self._available(request), "known": self._known(request), "spoken": spoken}
        return Condition(pin, {**self.read(request), **self.further(request), **context})

    def pinned(self, request: ToolRequest) -> Inpaint:
        """Return the executed steps as what is pinned.

        Raises:
            InvalidStateError: A tool is unknown, or more steps were executed than there are slots.
        """
        done = [self.catalogue.token(step.tool) for step in request.done]
        if len(done) > self.slots:
            raise InvalidStateError(
                f"{len(done)} executed steps",
                f"at most {self.slots}, the slots of the planner",
                "Leave the oldest steps out and tell what they found as facts.",
            )
        values = torch.full((1, self.slots), self.catalogue.stop)
        values[0, : len(done)] = torch.tensor(done, dtype=torch.long)
        mask = torch.arange(self.slots)[None] < len(done)
        return Inpaint(values, mask)

    def _available(self, request: ToolRequest) -> Tensor:
        open_to = torch.zeros(1, self.catalogue.stop + 1, dtype=torch.bool)
        open_to[0, self.catalogue.stop] = True
        if not request.tools:
            open_to[:] = True
        for name in request.tools:
            open_to[0, self.catalogue.token(name)] = True
        return open_to

    def _known(self, request: ToolRequest) -> Tensor:
        known = torch.zeros(1, len(self.catalogue.facts), dtype=torch.bool)
        for name, value in request.facts.items():
            if name in self.catalogue.facts and value is not None and value is not False:
                known[0, self.catalogue.facts[name]] = True
        return known

    def blank(self, request: ToolRequest, count: int) -> Int[Tensor, "count slots"]:
        """Return empty plans."""
        return torch.full((count, self.slots), self.catalogue.stop)

    def decode(self, x: Int[Tensor, "count slots"]) -> Sequence[ToolPlan]:
        """Return the plans up to their first stop; a slot that is still hidden ends a plan too."""
        tools, stop = self.catalogue.tools, self.catalogue.stop
        rows = [tuple(takewhile(lambda token: token < stop, row)) for row in x.tolist()]
        plans = {row: chain(*(tools[token].name for token in row)) for row in dict.fromkeys(rows)}
        return [plans[row] for row in rows]

    def encode(self, values: Sequence[ToolPlan]) -> Int[Tensor, "count slots"]:
        """Return the tokens of the plans.

        Raises:
            InvalidStateError: A plan holds an unknown tool or is too long.
        """
        rows = torch.full((len(values), self.slots), self.catalogue.stop)
        for row, plan in zip(rows, values, strict=True):
            if len(plan.steps) > self.slots:
                raise InvalidStateError(
                    f"a plan of {len(plan.steps)} steps",
                    f"at most {self.slots}, the slots of the planner",
                    "Build the planner with more slots.",
                )
            tokens = [self.catalogue.token(name) for name in plan.tools]
            row[: len(tokens)] = torch.tensor(tokens, dtype=torch.long)
        return rows

    def restored(self, values: Sequence[ToolPlan], proposed: Sequence[ToolPlan]) -> Sequence[ToolPlan]:
        """Return the decoded plans with what proposals say of arguments and order, which states do not hold.

        A proposal keeps its own, as long as the executed steps did not change its tools; a sampled plan takes over
        that of the first proposal with the same tools.

        Args:
            values: Decoded plans; the last are those of the proposals.
            proposed: The proposals.
        """
        sampled = len(values) - len(proposed)
        first = {plan.tools: plan for plan in reversed(proposed)}
        own = [
            plan if plan.tools == value.tools else value
            for value, plan in zip(values[sampled:], proposed, strict=True)
        ]
        return [*(first.get(value.tools, value) for value in values[:sampled]), *own]
