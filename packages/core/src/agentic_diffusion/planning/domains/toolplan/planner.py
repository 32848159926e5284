"""Tool planners, put together: a list of tools in, a planner out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import is_
from typing import Any, TypeAlias, final

import torch
from torch import Tensor, nn

from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.denoiser import MaskedNet
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.schedule import LogLinear
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.ahead import Ahead
from agentic_diffusion.planning.domains.toolplan.binding import Told, bind
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.domain import Reader, ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.judging import Feasible
from agentic_diffusion.planning.domains.toolplan.likelihood import Chained
from agentic_diffusion.planning.domains.toolplan.net import ToolNet
from agentic_diffusion.planning.domains.toolplan.order import careful, searching
from agentic_diffusion.planning.domains.toolplan.reading import Reading
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest
from agentic_diffusion.planning.domains.toolplan.rules import Ruled
from agentic_diffusion.planning.domains.toolplan.text import Encoder, Lexical, describe
from agentic_diffusion.planning.domains.toolplan.untaught import Background, Untaught
from agentic_diffusion.planning.domains.toolplan.weighing import Glance, SecondLook, Weighed
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.planning.select import Consensus, likelihood_of
from agentic_diffusion.records import Candidate, Open, Result, ToolSpec, V

ToolPlanner: TypeAlias = Planner[ToolRequest, Tensor, Categorical, ToolPlan]
Proposer: TypeAlias = Callable[[ToolRequest], Sequence[ToolPlan]]
"""Gives candidate plans for a request: a language model, a memory, a person."""


UNTRAINED, FAR = 0.25, 1000.0
"""The largest confidence of a planner that nobody has trained, and how unfamiliar every request is to it."""


def untrained(raw: float) -> float:
    """Return a confidence that is never high, for the raw one was not learned from anything."""
    return UNTRAINED * raw


HEED, LIKING = 1e3, 0.1
"""Nats that a proposal is ahead of whatever else an untaught planner has, and what its own likelihood counts then."""


def heeded(candidate: Candidate[V]) -> float:
    """Return the log-weight of a candidate of an untaught planner, which heeds whoever proposes more than itself.

    A proposal is ahead of what words alone would call; among proposals each is a nat behind the one that was named
    before it, and the planner's own likelihood is a tenth of an opinion.
    """
    likely = likelihood_of(candidate)
    rank = candidate.verdict.evidence.get("proposed")
    return likely if not isinstance(rank, int) else HEED - rank + LIKING * max(likely, -HEED)


@final
@dataclass(frozen=True)
class Distance:
    """How unfamiliar a request is: its distance from the nearest example, over the distance that few examples exceed.

    Args:
        read: How requests are read; without experience everything is far.
    """

    read: Reader

    def __call__(self, request: ToolRequest) -> float:
        """Return the distance; above 1 for what counts as new."""
        if not isinstance(self.read, Reading) or self.read.experience is None:
            return FAR
        products = self.read.look(request)[2]
        assert products is not None
        return max(0.0, 1 - float(products[0].max())) / self.read.experience.reach


Essence: TypeAlias = tuple[frozenset[str], frozenset[tuple[str, str]]]


def essence(plan: ToolPlan) -> Essence:
    """Return the tools of a plan and its pairs of neighbours."""
    tools = plan.tools
    return frozenset(tools), frozenset(pairwise(tools))


def agreement(plan: Essence, truth: Essence) -> float:
    """Return what a plan is worth where another is right: overlap of tools and of neighbours, and both the same."""
    (one, near), (two, far) = plan, truth
    tools = 2 * len(one & two) / max(1, len(one) + len(two))
    pairs = 2 * len(near & far) / max(1, len(near) + len(far))
    return tools + pairs + float(one == two)


def same_calls(plan: Essence, other: Essence) -> bool:
    """Whether two plans call the same tools, in whatever order."""
    return plan[0] == other[0]


@final
@dataclass(frozen=True)
class Binder:
    """Binds the arguments of a plan and says what waits for what (see `bind`); equal plans of a request once.

    What a proposer said goes first: arguments that it gave are kept, as long as the tool has them and results are
    those of earlier steps, and its steps wait for what it said besides what the tools demand. Only one step after the
    other, as `chain` has it, says nothing about order.
    """

    catalogue: Catalogue
    _last: list[tuple[ToolRequest, dict[tuple[str, ...], ToolPlan], Told]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )

    def __call__(self, request: ToolRequest, plan: ToolPlan) -> ToolPlan:
        """Return the plan with what the request tells."""
        about, bound, told = self._last[0] if self._last else (None, {}, {})
        if about is not request:
            bound, told = {}, {}
            self._last[:] = [(request, bound, told)]
        tools = plan.tools
        if tools not in bound:
            bound[tools] = bind(request, plan, self.catalogue, told=told)
        return _as_said(plan, bound[tools])


def _as_said(said: ToolPlan, bound: ToolPlan) -> ToolPlan:
    """Return a bound plan with the arguments and the order that a proposal said; the same object where it said none."""
    ordered = any(step.after != ((place - 1,) if place else ()) for place, step in enumerate(said.steps))
    if not ordered and not any(step.arguments for step in said.steps):
        return bound
    steps = []
    for place, (mine, step) in enumerate(zip(said.steps, bound.steps, strict=True)):
        told = {
            name: argument
            for name, argument in mine.arguments.items()
            if name in step.arguments
            and not isinstance(argument, Open)
            and not (isinstance(argument, Result) and argument.step >= place)
        }
        used = {argument.step for argument in told.values() if isinstance(argument, Result)}
        after = {*step.after, *used, *(mine.after if ordered else ())}
        update = {"arguments": {**step.arguments, **told}, "after": tuple(sorted(after))}
        ahead = place >= bound.done and (told or after != {*step.after})
        steps.append(step.model_copy(update=update) if ahead else step)
    return bound if all(map(is_, steps, bound.steps)) else bound.model_copy(update={"steps": tuple(steps)})


def tool_planner(
    tools: Sequence[ToolSpec],
    *,
    links: Iterable[tuple[str, str]] | None = None,
    slots: int = 8,
    encode: Encoder | None = None,
    stand: Encoder | None = None,
    propose: Proposer | None = None,
    goals: tuple[str, ...] = (),
    width: int = 96,
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
        stand: Says where the words of a goal stand (see `Standing`); their order tells nothing where it is left out.
        propose: Gives further candidates. One that fails, or that names an unknown tool, is left out and told in the
            notes of the plan.
        goals: Facts that must hold at the end of a plan.
        width: Width of the network.
        depth: Blocks of the network.
        count: Candidates that are sampled for each request.
        seed: Where first weights come from.
        compute: Device and precision.

    Raises:
        InvalidConfigError: Tools that are none or cannot be told apart, strange links, or a goal that no tool gives.
    """
    catalogue = Catalogue.of(tools, links=links)
    given = {fact for tool in tools for fact in tool.gives}
    if not given.issuperset(goals):
        raise InvalidConfigError(
            f"goals with {sorted(set(goals) - given)[:3]}",
            f"facts that a tool gives, such as {sorted(given)[:3]}",
            "Say in its ToolSpec which tool gives it (`gives`), or leave the goal out: no plan could reach it.",
        )
    reading = Reading(catalogue, encode or Lexical().fit([describe(tool) for tool in tools]), stand=stand)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ToolNet(reading.tools, slots, width=width, depth=depth)
    return assembled(
        ToolPlanDomain(catalogue, slots, reading),
        network,
        propose=propose,
        goals=goals,
        count=count,
        compute=compute,
    )


def assembled(
    domain: ToolPlanDomain,
    network: ToolNet,
    *,
    propose: Proposer | None = None,
    goals: tuple[str, ...] = (),
    count: int = 8,
    compute: Compute | None = None,
    calibrate: Callable[[float], float] = untrained,
    glance: Glance | None = None,
) -> ToolPlanner:
    """Return the planner of a domain and a network.

    With experience its candidates are the likeliest plans. Without, it is led by words (see `Untaught`) and heeds
    proposals more than itself; its candidates are drawn, for a search would always take the same of equals.

    Args:
        domain: The tools, the slots and how requests are read.
        network: Fills the slots.
        propose: Gives further candidates.
        goals: Facts that must hold at the end of a plan.
        count: Candidates that are sampled for each request.
        compute: Device and precision.
        calibrate: From raw to calibrated confidence.
        glance: Weighs whole plans at a second look (see `SecondLook`); none is taken where it is left out.
    """
    catalogue, schedule = domain.catalogue, LogLinear()
    process = MaskedProcess(schedule, catalogue.mask)
    search = isinstance(domain.read, Reading) and domain.read.experience is not None
    second = None if glance is None else SecondLook(domain, network.habits, glance)
    masked = MaskedNet(network, schedule, mask_token=catalogue.mask)
    net: nn.Module = masked
    if isinstance(domain.read, Reading) and not search:
        net = Untaught(masked, catalogue, background=Background(domain.read), goals=goals)
    return Planner(
        domain=domain,
        process=process,
        denoiser=Ruled(net, catalogue, keep=True, ahead=Ahead(catalogue) if search else None),
        verify=Feasible(catalogue, goals, second),
        select=Consensus(agreement, same_calls, calibrate, essence, _weight(search, glance)),
        kernel=(searching(process, stop=catalogue.stop) if search else careful(process, leftmost=True)),
        steps=domain.slots,
        count=count,
        compute=compute or Compute("cpu"),
        propose=propose,
        finish=Binder(catalogue),
        likelihood=Chained(catalogue),
        unfamiliar=Distance(domain.read),
    )


def _weight(search: bool, glance: Glance | None) -> Callable[[Candidate[Any]], float] | None:
    """Return what weighs candidates: a second look, proposals before all where nothing was learned, or likelihood."""
    return Weighed(glance.likelihood) if glance is not None else None if search else heeded
