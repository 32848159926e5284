"""What a network reads of a request: what its texts have to do with each tool, clause by clause, and its facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, final
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.experience import Experience, Said, sparse_product
from agentic_diffusion.planning.domains.toolplan.phrases import Phrases
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest
from agentic_diffusion.planning.domains.toolplan.text import Encoder, clauses, describe

CLAUSES, SIGNS, TRUST, VOTERS = 8, 256, 3, 12
"""Clauses that are read, places that facts are hashed into, signs of trust, and neighbours that vote."""


def rows_of(encode: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> Tensor:
    """Return the rows of an encoder as `told_rows` does, those longer than 1 scaled to length 1.

    Encoders from elsewhere seldom do that; shorter rows say less and stay.

    Args:
        encode: Turns texts into rows, such as `embed_documents` of LangChain's embeddings.
        texts: What to encode.

    Raises:
        InvalidConfigError: There is not one row of finite numbers for each text.
    """
    rows = told_rows(encode, texts)
    long = rows.norm(dim=1, keepdim=True)
    return torch.where(long > 1 + 1e-3, rows / long.clamp(min=1e-12), rows)


def told_rows(encode: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> Tensor:
    """Return the rows of an encoder as a tensor on the host, whether it gives a tensor, an array or lists of numbers.

    Args:
        encode: Turns texts into rows.
        texts: What to encode.

    Raises:
        InvalidConfigError: There is not one row of finite numbers for each text.
    """
    given = encode(texts)
    try:
        rows = given if isinstance(given, Tensor) else torch.from_numpy(np.asarray(given, dtype=np.float32))
    except (TypeError, ValueError):
        rows = torch.zeros(0)
    rows = rows.detach().to("cpu", torch.float32)
    if rows.ndim != 2 or len(rows) != len(texts) or not bool(rows.isfinite().all()):
        raise InvalidConfigError(
            f"{type(given).__name__} of the shape {tuple(rows.shape)} from the encoder for {len(texts)} texts",
            "one row of finite numbers for each text: a tensor, an array or a list of lists",
            "Give a function from a list of texts to rows, such as `embeddings.embed_documents`.",
        )
    return rows


@final
@dataclass(frozen=True)
class Reading:
    """Reads a request against the texts of the tools and, where there is some, against experience.

    Args:
        catalogue: The tools.
        encode: Turns texts into rows.
        experience: What was learned by heart.
        stand: Turns goals into rows that say where their words stand (see `Standing`), if wanted.
        phrases: What was learned from phrases that told of one call each, if there were any.
    """

    catalogue: Catalogue
    encode: Encoder
    experience: Experience | None = None
    stand: Encoder | None = None
    phrases: Phrases | None = None
    _last: list[tuple[ToolRequest, Tensor, Tensor, Tensor | None]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )

    _told: list[tuple[ToolRequest, Mapping[str, Tensor]]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )

    @cached_property
    def tools(self) -> Tensor:
        """(tools, size): the texts of the tools."""
        return rows_of(self.encode, [describe(tool) for tool in self.catalogue.tools])

    @cached_property
    def columns(self) -> Tensor:
        """(size, tools): the same turned, so that the few places of a text can be picked out."""
        return self.tools.T.contiguous()

    def rows(self, request: ToolRequest) -> Tensor:
        """Return the row of the whole request with its facts, followed by the rows of its clauses."""
        facts = [f"{name} {value!r}".replace(" ", "_") for name, value in sorted(request.facts.items())]
        whole = " . ".join([request.goal, *facts])
        return rows_of(self.encode, [whole, *clauses(request.goal, most=CLAUSES)])

    def standing(self, request: ToolRequest) -> Tensor:
        """Return where the words of a request stand; nothing where nobody says."""
        return torch.zeros(0) if self.stand is None else self.stand([request.goal])[0]

    @cached_property
    def both(self) -> Tensor:
        """(size, tools + landmarks + examples): the texts of the tools, of phrases and of examples, turned."""
        known = [part.rows.T for part in (self.phrases, self.experience) if part is not None]
        return torch.cat([self.columns, *known], dim=1) if known else self.columns

    def look(self, request: ToolRequest) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return the rows of a request and their products with tools and with examples; the last answer is kept."""
        for known, rows, tools, products in self._last:
            if known is request:
                return rows, tools, products
        rows, count = self.rows(request), len(self.catalogue)
        marks = 0 if self.phrases is None else len(self.phrases.rows)
        both = sparse_product(rows, self.both)
        tools, products = both[:, :count], None if self.experience is None else both[:, count + marks :]
        if self.phrases is not None:
            tools = torch.stack([tools, self.phrases.said(both[:, count : count + marks])], dim=-1)
        self._last[:] = [(request, rows, tools, products)]
        return rows, tools, products

    def __call__(self, request: ToolRequest) -> Mapping[str, Tensor]:
        """Return the tensors that `told` describes; the last answer is kept."""
        for known, told in self._told:
            if known is request:
                return told
        fresh = self._read(request)
        self._told[:] = [(request, fresh)]  # other threads keep theirs in the same place
        return fresh

    def _read(self, request: ToolRequest) -> Mapping[str, Tensor]:
        _, tools, products = self.look(request)
        if self.experience is None or products is None:
            return {**self.told(request, tools), "plans": torch.zeros(1, 0, 1, dtype=torch.long)}
        said = self.experience.said(products, self.standing(request))
        told = self.told(request, tools, said=said, products=products[0])
        return {**told, "plans": self.experience.known[None]}

    def told(
        self, request: ToolRequest, tools: Tensor, *, said: Said | None = None, products: Tensor | None = None
    ) -> Mapping[str, Tensor]:
        """Return what the network reads, each with a first axis of 1.

        Args:
            request: The request.
            tools: The products of its texts with those of the tools, the whole, then the clauses; on a last axis
                behind them what phrases say, if they say anything.
            said: What experience says of each row.
            products: How near the whole is to each example.

        Returns:
            `meets` (1, 1 + CLAUSES, tools, 3): what experience, the tools' own texts and phrases say of the whole and
            of each clause; `places` (1, tools, 6): where known plans would put each tool, what the neighbours vote,
            with their mean place, how likely the tool is by the known plans, and what speaks for it as the first and
            as the last; `recalled` (1, plans): the chance of each known plan; `lengths` (1, slots + 1); `trust` (1, 3):
            how much speaks for the likeliest plan, how likely it is, and how near the nearest example is; `signs`
            (1, SIGNS): the facts.
        """
        count = len(self.catalogue)
        meets = torch.zeros(1 + CLAUSES, count, 3)
        meets[: len(tools), :, 1 : tools.ndim] = tools.view(*tools.shape[:2], -1)
        places, lengths, recalled, trust = (
            torch.zeros(count, 6),
            torch.zeros(1),
            torch.zeros(0),
            torch.zeros(3),
        )
        if said is not None and products is not None and self.experience is not None:
            meets[: len(tools), :, 0] = said.tools
            near, who = products.topk(min(VOTERS, len(products)))
            likely, which = said.plans.topk(min(8 * VOTERS, len(said.plans)))
            held, where = _votes(self.experience.known[which], likely, tools=count)
            voted, mean = _votes(self.experience.plans[who], (near * 12).softmax(dim=0), tools=count)
            places = torch.cat([torch.stack([where, voted, mean, held], dim=-1), said.ends], dim=-1)
            lengths, recalled = said.lengths, said.plans
            trust = torch.stack([torch.tensor(said.sure), likely[:1].sum(), near[0]])
        return {
            "meets": meets[None],
            "places": places[None],
            "recalled": recalled[None],
            "lengths": lengths[None],
            "trust": trust[None],
            "signs": signs(request)[None],
        }


def _votes(plans: Tensor, weights: Tensor, *, tools: int) -> tuple[Tensor, Tensor]:
    """Return how much of the weight of these plans holds each tool, and where they hold it, from -1 to 1."""
    length = (plans < tools).sum(dim=1, keepdim=True)
    place = 2 * torch.arange(plans.shape[1]) / (length - 1).clamp(min=1) - 1
    share = weights[:, None].expand(plans.shape)
    held = torch.zeros(tools + 1).scatter_add(0, plans.flatten(), share.flatten())
    where = torch.zeros(tools + 1).scatter_add(0, plans.flatten(), (share * place).flatten())
    return held[:tools], where[:tools]


def signs(request: ToolRequest) -> Tensor:
    """Return the facts, each with its value, in hashed places."""
    told = torch.zeros(SIGNS)
    for name, value in request.facts.items():
        for sign in (name, f"{name}={value!r}"):
            told[crc32(sign.encode()) % SIGNS] += 1.0
    return told


@final
@dataclass(frozen=True)
class Remembered:
    """Proposes the plans of the nearest examples, each once, and what another proposer says.

    Args:
        domain: The tools and the slots; its reader must have experience for anything to be remembered.
        most: Plans to remember.
        further: Gives candidates of its own.
    """

    domain: ToolPlanDomain
    most: int = 4
    further: Callable[[ToolRequest], Sequence[ToolPlan]] | None = None

    def __call__(self, request: ToolRequest) -> Sequence[ToolPlan]:
        """Return the plans, nearest first."""
        told = list(self.further(request)) if self.further is not None else []
        reading = self.domain.read
        if not isinstance(reading, Reading) or reading.experience is None:
            return told
        products = reading.look(request)[2]
        assert products is not None
        near = products[0].topk(min(4 * self.most, products.shape[1])).indices
        plans = dict.fromkeys(map(tuple, reading.experience.plans[near].tolist()))
        return [*told, *self.domain.decode(torch.tensor([*plans][: self.most]))]
