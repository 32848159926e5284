"""What is learned from: examples read as if each had never been seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import torch
from torch import Tensor

from agentic_diffusion.denoising.state import Condition, Inpaint, Rng
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.experience import Fold, fit_experience, sparse_product
from agentic_diffusion.planning.domains.toolplan.phrases import PhraseFold, fit_phrases
from agentic_diffusion.planning.domains.toolplan.reading import Reading, rows_of
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest

Example: TypeAlias = tuple[ToolRequest, ToolPlan]
Phrase: TypeAlias = tuple[str, str]
"""A text that tells of one call, and the tool that was called."""


@final
@dataclass(frozen=True)
class Lesson:
    """Examples as tensors, read as if each had never been seen.

    Args:
        states: The plans.
        pins: What was executed before.
        alike: How many examples have the plan.
        known: What is read of each request where other examples have its plan.
        new: What is read of each request where no other example has its plan.
        plans: The different plans.
    """

    states: Tensor
    pins: Inpaint
    alike: Tensor
    known: Mapping[str, Tensor]
    new: Mapping[str, Tensor]
    plans: Tensor

    def draw(self, rng: Rng, index: Tensor, *, unseen: float) -> tuple[Tensor, Condition[Tensor]]:
        """Return the examples with these numbers; a share is read as if no other example had its plan."""
        mark = torch.rand(len(index), generator=rng) < unseen
        context = {
            name: torch.where(mark.view(-1, *[1] * (told.ndim - 1)), self.new[name][index], told[index])
            for name, told in self.known.items()
        }
        states = self.states[index]
        context |= {"own": states, "times": torch.where(mark, self.alike[index], 1.0)}
        context["plans"] = self.plans[None]
        pin = Inpaint(self.pins.values[index], self.pins.mask[index])
        return states, Condition(pin, context)


def prepare(
    domain: ToolPlanDomain, examples: Sequence[Example], *, phrases: Sequence[Sequence[Phrase]] = ()
) -> tuple[ToolPlanDomain, Lesson]:
    """Return the domain with experience of the examples, and the lesson they make.

    Args:
        domain: The tools, the slots and how requests are read.
        examples: Requests with their plans.
        phrases: For each example the texts that told of one call each, with the tool. Phrases that were
            learned before are forgotten, also where this is left out, for experience is made anew from the examples.

    Raises:
        InvalidConfigError: There is no example, or the domain reads in another way.
        InvalidStateError: A plan does not fit the domain.
    """
    reading = domain.read
    if not examples or not isinstance(reading, Reading):
        raise InvalidConfigError(
            f"{len(examples)} examples and the reader {type(reading).__name__}",
            "at least one (request, plan) example and a planner that `tool_planner` made",
            "Give examples; write a `Draw` of your own for another reader.",
        )
    states = domain.encode([plan for _, plan in examples])
    texts = [reading.rows(request) for request, _ in examples]
    stands = torch.stack([reading.standing(request) for request, _ in examples])
    wholes = torch.stack([rows[0] for rows in texts])
    fold = fit_experience(wholes, states, tools=len(domain.catalogue), stands=stands)
    heard = _heard(reading, phrases, len(examples)) if any(phrases) else None
    told = replace(reading, experience=fold.experience, phrases=None if heard is None else heard.phrases)
    pinned = [domain.pinned(request) for request, _ in examples]
    pins = Inpaint(torch.cat([pin.values for pin in pinned]), torch.cat([pin.mask for pin in pinned]))
    known, new = (
        _read(fold, heard, told, [request for request, _ in examples], texts, whole_group=whole)
        for whole in (False, True)
    )
    alike = torch.bincount(fold.groups)[fold.groups].float()
    return replace(domain, read=told), Lesson(states, pins, alike, known, new, fold.experience.known)


@final
@dataclass(frozen=True)
class Told:
    """A reader that says what was read before, of one example; its own plan does not count among the habits."""

    lesson: Lesson
    index: int

    def __call__(self, request: ToolRequest) -> Mapping[str, Tensor]:
        """Return the row of the example."""
        told = {name: rows[self.index : self.index + 1] for name, rows in self.lesson.known.items()}
        own = {"own": self.lesson.states[self.index : self.index + 1], "times": torch.ones(1)}
        return {**told, **own, "plans": self.lesson.plans[None]}


def _heard(reading: Reading, phrases: Sequence[Sequence[Phrase]], count: int) -> PhraseFold:
    """Return what is learned from phrases.

    Raises:
        InvalidConfigError: There are phrases for another number of examples.
    """
    if len(phrases) != count:
        raise InvalidConfigError(
            f"phrases of {len(phrases)} examples",
            f"those of each of the {count} examples, in order",
            "Give an empty list for an example without phrases.",
        )
    every = [(text, tool, owner) for owner, some in enumerate(phrases) for text, tool in some]
    texts, tools, owners = zip(*every, strict=True)
    tokens = torch.tensor([reading.catalogue.token(tool) for tool in tools])
    return fit_phrases(
        rows_of(reading.encode, texts), tokens, torch.tensor(owners), count=len(reading.catalogue)
    )


def _read(
    fold: Fold,
    heard: PhraseFold | None,
    reading: Reading,
    requests: Sequence[ToolRequest],
    texts: Sequence[Tensor],
    *,
    whole_group: bool,
) -> Mapping[str, Tensor]:
    rows: list[Mapping[str, Tensor]] = [{}] * len(texts)
    spoken: dict[int, Tensor] = {}
    if heard is not None:
        spoken |= heard.without(texts, fold.groups if whole_group else torch.arange(len(texts)))
    for index, said, products in fold.without(texts, whole_group=whole_group):
        tools = sparse_product(texts[index], reading.columns)
        if index in spoken:
            tools = torch.stack([tools, spoken[index]], dim=-1)
        rows[index] = reading.told(requests[index], tools, said=said, products=products)
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
