"""Tool planners, put together: a list of tools in, a planner out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from torch import Tensor

from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.denoiser import MaskedNet
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.schedule import Linear
from agentic_diffusion.planning.domains.toolplan.binding import bind
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.judging import Feasible
from agentic_diffusion.planning.domains.toolplan.likelihood import Chained
from agentic_diffusion.planning.domains.toolplan.net import ToolNet
from agentic_diffusion.planning.domains.toolplan.order import careful
from agentic_diffusion.planning.domains.toolplan.reading import Reading
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest
from agentic_diffusion.planning.domains.toolplan.rules import Ruled
from agentic_diffusion.planning.domains.toolplan.text import Encoder, Lexical, describe
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.planning.select import Likeliest
from agentic_diffusion.records import ToolSpec

ToolPlanner: TypeAlias = Planner[ToolRequest, Tensor, Categorical, ToolPlan]
Proposer: TypeAlias = Callable[[ToolRequest], Sequence[ToolPlan]]
"""Gives candidate plans for a request: a language model, a memory, a person."""


@final
@dataclass(frozen=True)
class Binder:
    """Binds the arguments of a plan and says what waits for what (see `bind`)."""

    catalogue: Catalogue

    def __call__(self, request: ToolRequest, plan: ToolPlan) -> ToolPlan:
        """Return the plan with what the request tells."""
        return bind(request, plan, self.catalogue)


def tool_planner(
    tools: Sequence[ToolSpec],
    *,
    links: Iterable[tuple[str, str]] | None = None,
    slots: int = 8,
    encode: Encoder | None = None,
    propose: Proposer | None = None,
    goals: tuple[str, ...] = (),
    width: int = 128,
    depth: int = 2,
    count: int = 8,
    seed: int = 0,
    compute: Compute | None = None,
) -> ToolPlanner:
    """Return a planner over these tools; it knows their texts and nothing else until it is trained.

    Args:
        tools: What may be called.
        links: Pairs of names that may stand next to each other; None where any may.
        slots: Calls in the longest plan.
        encode: Turns texts into rows; hashed words and letter groups where it is left out.
        propose: Gives further candidates.
        goals: Facts that must hold at the end of a plan.
        width: Width of the network.
        depth: Blocks of the network.
        count: Candidates that are sampled for each request.
        seed: Where first weights come from.
        compute: Device and precision.
    """
    catalogue = Catalogue.of(tools, links=links)
    encoder = encode or Lexical().fit([describe(tool) for tool in tools])
    reading = Reading(catalogue, encoder)
    schedule = Linear()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ToolNet(reading.tools, slots, width=width, depth=depth)
    net = MaskedNet(network, schedule, mask_token=catalogue.mask)
    process = MaskedProcess(schedule, catalogue.mask)
    return Planner(
        domain=ToolPlanDomain(catalogue, slots, reading),
        process=process,
        denoiser=Ruled(net, catalogue),
        verify=Feasible(catalogue, goals),
        select=Likeliest(),
        kernel=careful(process, leftmost=bool(catalogue.facts)),
        steps=slots,
        count=count,
        compute=compute or Compute("cpu"),
        propose=propose,
        finish=Binder(catalogue),
        likelihood=Chained(catalogue),
    )
