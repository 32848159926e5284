"""What a network reads of a request: its text, its facts, and how each tool's own text meets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.requests import ToolRequest
from agentic_diffusion.planning.domains.toolplan.text import Encoder, clauses, describe

HINTS = 3
"""Numbers told of each tool: how its text meets the goal, the clause that fits best, and where that clause is."""


@final
@dataclass(frozen=True)
class Reading:
    """Reads a request against the texts of the tools.

    Args:
        catalogue: The tools.
        encode: Turns texts into rows.
    """

    catalogue: Catalogue
    encode: Encoder

    @cached_property
    def tools(self) -> Tensor:
        """(tools, size): the texts of the tools."""
        return self.encode([describe(tool) for tool in self.catalogue.tools])

    def __call__(self, request: ToolRequest) -> Mapping[str, Tensor]:
        """Return `goal` (1, size), `facts` (1, size) and `hints` (1, tokens, HINTS)."""
        parts = clauses(request.goal)
        told = [f"{name} is {value}" for name, value in request.facts.items()]
        rows = self.encode([request.goal, " . ".join(told), *parts])
        meets = rows @ self.tools.T
        best, where = meets[2:].max(dim=0)
        place = torch.where(best > 0, (where + 1) / len(parts), 0.0)
        hints = torch.stack([meets[0], best, place], dim=-1)
        hints = torch.cat([hints, torch.zeros(1, HINTS)])  # the stop token has no text
        return {"goal": rows[:1], "facts": rows[1:2], "hints": hints[None]}
