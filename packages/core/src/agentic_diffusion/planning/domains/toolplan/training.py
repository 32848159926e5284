"""Training a tool planner on (request, plan) examples: experience first, then the network on what it would not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import torch
from torch import Tensor, nn

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.denoiser import MaskedNet
from agentic_diffusion.denoising.state import Condition, Inpaint, Rng, Time, generator
from agentic_diffusion.denoising.train import Recipe, TrainStep, fit
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.confidence import fit_logistic
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.experience import Fold, fit_experience, sparse_product
from agentic_diffusion.planning.domains.toolplan.judging import Feasible
from agentic_diffusion.planning.domains.toolplan.net import ToolNet
from agentic_diffusion.planning.domains.toolplan.order import Beginnings
from agentic_diffusion.planning.domains.toolplan.planner import (
    ToolPlanner,
    agreement,
    assembled,
    essence,
    same_calls,
)
from agentic_diffusion.planning.domains.toolplan.reading import Reading
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest
from agentic_diffusion.planning.domains.toolplan.weighing import (
    SecondLook,
    Tried,
    Weighed,
    fit_weights,
    without_own,
)
from agentic_diffusion.planning.select import Consensus
from agentic_diffusion.records import Plan

Example: TypeAlias = tuple[ToolRequest, ToolPlan]


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


def prepare(domain: ToolPlanDomain, examples: Sequence[Example]) -> tuple[ToolPlanDomain, Lesson]:
    """Return the domain with experience of the examples, and the lesson they make.

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
    fold = fit_experience(torch.stack([rows[0] for rows in texts]), states, tools=len(domain.catalogue))
    told = replace(reading, experience=fold.experience)
    pinned = [domain.pinned(request) for request, _ in examples]
    pins = Inpaint(torch.cat([pin.values for pin in pinned]), torch.cat([pin.mask for pin in pinned]))
    known, new = (
        _read(fold, told, [request for request, _ in examples], texts, whole_group=whole)
        for whole in (False, True)
    )
    alike = torch.bincount(fold.groups)[fold.groups].float()
    return replace(domain, read=told), Lesson(states, pins, alike, known, new, fold.experience.known)


@final
class Even(nn.Module):
    """A denoiser whose surprise is the mean over hidden slots, so that no noise level weighs more than another.

    In expectation this is the bound of masked diffusion with its slots equally weighed; its variance is lower.

    Args:
        denoiser: The denoiser to train.
    """

    def __init__(self, denoiser: MaskedNet) -> None:
        super().__init__()
        self.denoiser = denoiser

    def forward(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Categorical:
        """Return the belief, with weights that make it so."""
        belief = self.denoiser(x, t, condition)
        return replace(belief, weight=x.shape[1] / belief.hidden.sum(dim=1).clamp(min=1))


@final
class ToolTraining:
    """A training run: iterate over `run`, then take the `planner`.

    Args:
        planner: A planner that `tool_planner` made; it stays as it is.
        examples: Requests with their plans.
        recipe: How to train the network.
        seed: Where batches, noise and the held-out examples come from.
        batch: Examples a step.
        lesson: What `prepare` made of the same planner's domain and examples; made here where it is left out.
        unseen: Share of a batch that is read as if no other example had its plan, which teaches new combinations.
        held_out: Share of the examples that the network does not see and its confidence is calibrated on.
        second: Takes a second look at whole plans, with weights fitted on the held-out examples and held back by so
            much (see `fit_weights`); likelihood alone decides where it is left out.
    """

    def __init__(
        self,
        planner: ToolPlanner,
        examples: Sequence[Example],
        *,
        recipe: Recipe | None = None,
        seed: int = 0,
        batch: int = 64,
        lesson: tuple[ToolPlanDomain, Lesson] | None = None,
        unseen: float = 0.1,
        held_out: float = 0.1,
        second: float | None = None,
    ) -> None:
        if not isinstance(planner.domain, ToolPlanDomain):
            raise InvalidConfigError(
                f"a planner over {type(planner.domain).__name__}", "a planner of tools", "Use `tool_planner`."
            )
        self.examples, self.recipe = list(examples), recipe or Recipe(steps=1000, learning_rate=2.5e-3)
        self.seed, self.batch, self.unseen, self.second = seed, batch, unseen, second
        self.domain, self.lesson = lesson or prepare(planner.domain, self.examples)
        network = deepcopy(network_of(planner))
        rng = generator(seed)
        with torch.no_grad():
            network.own.add_(0.02 * torch.randn(network.own.shape, generator=rng))
            network.habits.count(self.lesson.states)
        self._rng, self._old = rng, planner
        self.network = network
        order = torch.randperm(len(self.examples), generator=rng)
        held = min(int(held_out * len(order)), len(order) - 1)
        self.held, self.seen = order[:held], order[held:]

    def run(self) -> Iterator[TrainStep]:
        """Train the network to the end of the recipe, yielding after each step."""
        catalogue = self.domain.catalogue
        schedule = self._old.process.schedule  # type: ignore[attr-defined]
        denoiser = Even(MaskedNet(self.network, schedule, mask_token=catalogue.mask))

        def draw(rng: Rng) -> tuple[Tensor, Condition[Tensor]]:
            index = self.seen[torch.randint(len(self.seen), (self.batch,), generator=rng)]
            return self.lesson.draw(rng, index, unseen=self.unseen)

        yield from fit(
            denoiser,
            Beginnings(self._old.process),
            draw=draw,
            recipe=self.recipe,
            rng=self._rng,
            compute=self._old.compute,
        )

    @property
    def planner(self) -> ToolPlanner:
        """The planner as it is now, with its confidence calibrated on the held-out examples."""
        old, network = self._old, deepcopy(self.network).eval()
        chosen: Consensus[ToolPlan] = Consensus(agreement, same_calls, essence=essence)
        draft = assembled(
            self.domain,
            network,
            propose=old.propose,
            goals=old.verify.goals if isinstance(old.verify, Feasible) else (),
            count=old.count,
            compute=old.compute,
        )
        if len(self.held) == 0:
            return draft
        if self.second is not None:
            return self._seconded(draft, self.second)
        raw, right = [], []
        for _, truth, plan in self._asked(draft, chosen):
            raw.append(plan.confidence)
            right.append(same_calls(essence(plan.chosen.value), essence(truth)))
        return replace(draft, select=replace(chosen, calibrate=fit_logistic(raw, right)))

    def _asked(
        self, draft: ToolPlanner, select: Consensus[ToolPlan]
    ) -> Iterator[tuple[Mapping[str, Tensor], ToolPlan, Plan[ToolRequest, ToolPlan]]]:
        """Yield what is read of each held-out example, its truth, and the plan for it."""
        for index in self.held.tolist():
            request, truth = self.examples[index]
            read = Told(self.lesson, index)
            ask = replace(
                draft, domain=replace(self.domain, read=read), select=select, propose=None, unfamiliar=None
            )
            yield read(request), truth, ask.plan(request, seed=self.seed)

    def _seconded(self, draft: ToolPlanner, pull: float) -> ToolPlanner:
        """Return the planner with a second look, and with a confidence from weights that had not seen the example.

        Raises:
            InvalidStateError: No candidate passed for any held-out example.
        """
        chosen: Consensus[ToolPlan] = Consensus(agreement, same_calls, essence=essence)
        found = [
            Tried.of(plan.considered, truth, context=context, domain=self.domain)
            for context, truth, plan in self._asked(draft, chosen)
        ]
        tried = [one for one in found if one is not None]
        if not tried:
            raise InvalidStateError(
                f"{len(found)} held-out examples, none with a candidate that passed",
                "candidates that pass, to fit the second look on",
                "Set `second` of this training to None to take the planner without it; or hold out more examples.",
            )
        raw, right = [], []
        for one, weights in zip(tried, without_own(tried, pull=pull), strict=True):
            pick, sure = replace(chosen, score=Weighed(weights[0]))(one.seen(weights))
            raw.append(sure)
            right.append(same_calls(essence(pick.value), essence(one.truth)))
        weights = fit_weights(tried, pull=pull)
        calibrate = fit_logistic(raw, right)
        second = SecondLook(self.domain, weights)
        return replace(
            draft,
            verify=replace(draft.verify, second=second),  # type: ignore[type-var]
            select=replace(chosen, calibrate=calibrate, score=Weighed(weights[0])),
        )


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


def network_of(planner: ToolPlanner) -> ToolNet:
    """Return the network of a planner that `tool_planner` made.

    Raises:
        InvalidConfigError: It has another denoiser.
    """
    inner = getattr(getattr(planner.denoiser, "denoiser", None), "network", None)
    if not isinstance(inner, ToolNet):
        raise InvalidConfigError(
            f"the denoiser {type(planner.denoiser).__name__}", "a network of tools", "Use `tool_planner`."
        )
    return inner


def _read(
    fold: Fold,
    reading: Reading,
    requests: Sequence[ToolRequest],
    texts: Sequence[Tensor],
    *,
    whole_group: bool,
) -> Mapping[str, Tensor]:
    rows: list[Mapping[str, Tensor]] = [{}] * len(texts)
    for index, said, products in fold.without(texts, whole_group=whole_group):
        tools = sparse_product(texts[index], reading.columns)
        rows[index] = reading.told(requests[index], tools, said=said, products=products)
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
