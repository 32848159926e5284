"""What a planner believes that nobody taught: a call for each clause that a tool fits, what it needs, and an end."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.denoiser import MaskedNet
from agentic_diffusion.denoising.state import Condition, Time
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.net import LEXICAL
from agentic_diffusion.planning.domains.toolplan.reading import Reading, rows_of

SALADS, CHANCE = 96, 0.1
"""Texts that mean nothing, and the share of them that may seem to fit a tool better than what is taken for fitting."""

SHARP, LATER, COVERS = 40.0, 2.0, 0.2
"""Nats a point of likeness; nats a clause that is skipped; the share of the best likeness that covers a clause."""

BEYOND, EARLY = 8.0, 4.0
"""Nats against whatever fits nothing, all tools together; nats against an end while something is left to do."""

COMMON = """
time year people way day man thing woman life child world school state family student group country problem hand part
place case week company system program question work government number night point home water room mother area money
story fact month lot right study book eye job word business issue side kind head house service friend father power hour
game line end member law car city community name president team minute idea kid body information back parent face others
level office door health person art war history party result change morning reason research girl guy moment air teacher
force education good new first last long great little own other old big high different small large next early young
important few public bad same able be have do say get make go know take see come think look want give use find tell ask
seem feel try leave call keep let begin help show hear play run move live believe bring happen write provide sit stand
lose pay meet include continue set learn lead understand watch follow stop create speak read allow add spend grow open
walk win offer remember love consider appear buy wait serve die send expect build stay fall cut reach kill remain
"""
"""Words that people use most, in no order that means anything."""


def salads(count: int = SALADS) -> list[str]:
    """Return texts of three to seven common words each, which ask for nothing; always the same."""
    rng, words = random.Random(0), COMMON.split()  # noqa: S311 - no secret
    return [" ".join(rng.sample(words, rng.randint(3, 7))) for _ in range(count)]


@final
@dataclass(frozen=True, eq=False)
class Background:
    """How well texts that ask for nothing seem to fit the tools: what fits no better than most of them fits by chance.

    Args:
        read: How requests are read.
    """

    read: Reading

    @cached_property
    def products(self) -> Float[Tensor, "texts tools"]:
        """The likeness of each such text with each tool."""
        return rows_of(self.read.encode, salads()) @ self.read.tools.T

    def floor(self, available: Tensor) -> Float[Tensor, " batch"]:
        """Return how well a text must fit one of these tools to fit it not by chance.

        Args:
            available: (batch, tools): the tools that may be called.
        """
        seeming = self.products.to(available.device)[None].masked_fill(~available[:, None], 0.0)
        return torch.quantile(seeming.amax(dim=2), 1 - CHANCE, dim=1)

    def __deepcopy__(self, memo: dict[int, Any]) -> Background:
        return self  # encoders from elsewhere need not be copyable


@final
@dataclass(frozen=True)
class Fitting:
    """What fits a request, whatever is planned for it.

    Args:
        clauses: How well each tool fits each clause, as a share of the one that fits best; 0 where nothing fits.
        fits: Whether a tool fits the clause.
        wants: What those that fit a clause need.
        known: The facts that hold at the start.
        may: The tools that may be called, and that can be with what tools give.
        near: How well each tool fits whatever is said.
        words: What the network makes of the tools' texts before it learned anything.
        spoken: Whether there is a goal in words.
    """

    clauses: Float[Tensor, "batch clauses tools"]
    fits: Bool[Tensor, "batch clauses"]
    wants: Bool[Tensor, "batch clauses facts"]
    known: Bool[Tensor, "batch facts"]
    may: Bool[Tensor, "batch tools"]
    near: Float[Tensor, "batch tools"]
    words: Float[Tensor, "batch tools"]
    spoken: Bool[Tensor, " batch"]

    def helps(self, givers: Bool[Tensor, "some rows tools"]) -> Float[Tensor, "some rows tools"]:
        """Return how likely each of the tools that would help is, as a share of the one that fits best."""
        near = torch.where(givers, self.near[:, None], -torch.inf)
        likely: Tensor = (SHARP / 4 * (near - near.amax(dim=2, keepdim=True))).exp()
        return torch.where(givers, likely, 0.0)


@final
class Untaught(nn.Module):
    """A denoiser whose belief is led by words, as long as there are no examples to be led by.

    A clause of the goal counts where a tool fits it better than `Background` says is chance. The next slot holds the
    tool that fits the first clause which no call covers yet, or one that gives what this tool needs; after the last
    clause, and where the planner has `goals` after these hold, comes the end. A goal that fits no tool at all has a
    plan without calls, which no verifier passes: the planner knows that it does not know. This stands in place of what
    the network would make of the tools' texts at first, and what is learned in training is added to it.

    Requests without a goal in words are left to the network, unless the planner has goals.

    Args:
        denoiser: The network as a denoiser.
        catalogue: The tools.
        background: What fits by chance.
        goals: Facts that must hold at the end of a plan.
    """

    def __init__(
        self,
        denoiser: MaskedNet,
        catalogue: Catalogue,
        *,
        background: Background,
        goals: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.denoiser, self.background = denoiser, background
        facts = [*catalogue.facts, *(goal for goal in goals if goal not in catalogue.facts)]
        for name in ("needs", "gives"):
            told = [[fact in getattr(tool, name) for fact in facts] for tool in catalogue.tools]
            self.register_buffer(
                name, torch.tensor(told).view(len(told), len(facts)).float(), persistent=False
            )
        wanted = torch.tensor([fact in goals for fact in facts], dtype=torch.bool)
        self.register_buffer("goals", wanted, persistent=False)
        self._kept: list[tuple[Tensor, Fitting]] = []

    @property
    def network(self) -> nn.Module:
        """The network."""
        return self.denoiser.network

    def forward(self, x: Int[Tensor, "batch slots"], t: Time, condition: Condition[Tensor]) -> Categorical:
        """Return the belief."""
        belief: Categorical = self.denoiser(x, t, condition)
        said = self.said(x, condition.context)
        return replace(belief, logits=belief.logits + nn.functional.pad(said, (0, 1)))

    @torch.no_grad()
    def said(
        self, x: Int[Tensor, "batch slots"], context: Mapping[str, Tensor]
    ) -> Float[Tensor, "batch slots tokens"]:
        """Return what the words say of each tool, and of the end, in each slot that is hidden."""
        needs, gives, goals = (self.get_buffer(name) for name in ("needs", "gives", "goals"))
        fitting, tools = self._fitting(context), len(needs)
        used = (
            nn.functional.one_hot(x.clamp(max=tools), tools + 1)[..., :tools].sum(dim=1).clamp(max=1).float()
        )
        have = ((used @ gives > 0) | fitting.known).float()
        covered = ((fitting.clauses * used[:, None]).amax(dim=2) >= COVERS) | ~fitting.fits
        lacking = goals & (have == 0)
        open_ = torch.cat([~covered, lacking.any(dim=1, keepdim=True)], dim=1)
        wanted = torch.cat([fitting.wants & (have == 0)[:, None], lacking[:, None]], dim=1)
        givers = self._givers(wanted, have, fitting)
        likely = nn.functional.pad(fitting.clauses, (0, 0, 0, 1)).maximum(fitting.helps(givers))
        hidden = (x == tools + 1).long()
        ahead = (open_.long().cumsum(dim=1) - 1)[:, None] - (hidden.cumsum(dim=1) - hidden)[..., None]
        due = open_[:, None] & (ahead >= 0)
        told = torch.full((*x.shape, tools), -BEYOND - math.log(tools), device=x.device)
        for row in range(due.shape[2]):
            worth = likely[:, row, None].log() - LATER * ahead[..., row, None]
            told = torch.where(due[..., row, None], told.maximum(worth), told)
        end = torch.where(due.any(dim=2), -EARLY, 0.0)
        said = torch.cat([told - fitting.words[:, None], end[..., None]], dim=2)
        return said * (fitting.spoken | bool(goals.any()))[:, None, None]

    def _givers(self, wanted: Tensor, have: Tensor, fitting: Fitting) -> Tensor:
        """Return which tools give what is wanted, or what those need, and so on."""
        needs, gives = self.get_buffer("needs"), self.get_buffer("gives")
        lacks = (have == 0)[:, None]
        while True:
            givers = (wanted.float() @ gives.T > 0) & fitting.may[:, None]
            more = wanted | ((givers.float() @ needs > 0) & lacks)
            if bool((more == wanted).all()):
                return givers
            wanted = more

    def _fitting(self, context: Mapping[str, Tensor]) -> Fitting:
        """Return what fits the request; kept as long as the same one is asked about."""
        meets = context["meets"]
        for known, kept in self._kept[:1]:
            if known is meets:
                return kept
        fitting = self._fits(
            meets[..., 1], context
        )  # returned as it is: other threads keep theirs in the same place
        self._kept[:] = [(meets, fitting)]
        return fitting

    def _fits(self, meets: Float[Tensor, "batch rows tools"], context: Mapping[str, Tensor]) -> Fitting:
        needs, gives = self.get_buffer("needs"), self.get_buffer("gives")
        tools, known = len(needs), context["known"].to(needs.device)
        known = nn.functional.pad(known, (0, needs.shape[1] - known.shape[1]))
        available = context["available"][:, :tools].to(needs.device)
        may, have = torch.zeros_like(available), known
        while True:
            now = available & (needs.sum(dim=1) - have.float() @ needs.T < 0.5)
            if bool((now == may).all()):
                break
            may, have = now, have | (now.float() @ gives > 0)
        floor = self.background.floor(may)[:, None]
        like = meets.masked_fill(~may[:, None], 0.0)
        clauses, whole = like[:, 1:].clone(), like[:, 0]
        alone = (clauses.amax(dim=2) <= floor).all(dim=1)  # no clause fits anything: take the whole for one
        clauses[:, 0] = torch.where(alone[:, None], whole, clauses[:, 0])
        best = clauses.amax(dim=2)
        fits = best > floor
        share = (SHARP * (clauses - best[..., None])).exp() * (fits[..., None] & may[:, None])
        return Fitting(
            clauses=share,
            fits=fits,
            wants=(share > 0.5).float() @ needs > 0,
            known=known,
            may=may,
            near=like.amax(dim=1),
            words=LEXICAL / 2 * meets[:, 0] + LEXICAL * meets[:, 1:].amax(dim=1),
            spoken=context["spoken"][:, 0].to(needs.device),
        )

    if TYPE_CHECKING:

        def __call__(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Categorical:
            """See `forward`."""
            ...
