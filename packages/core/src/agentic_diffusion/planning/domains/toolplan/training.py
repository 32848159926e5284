"""Training a tool planner on (request, plan) examples: experience first, then the network on what it would not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias, final

import torch
from torch import Tensor, nn

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.denoiser import MaskedNet
from agentic_diffusion.denoising.process import Process
from agentic_diffusion.denoising.state import Condition, Rng, Time, generator
from agentic_diffusion.denoising.train import Recipe, TrainStep, fit
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.confidence import Logistic, fit_logistic
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.judging import Feasible
from agentic_diffusion.planning.domains.toolplan.lesson import Example, Lesson, Told, prepare
from agentic_diffusion.planning.domains.toolplan.net import ToolNet
from agentic_diffusion.planning.domains.toolplan.order import Beginnings
from agentic_diffusion.planning.domains.toolplan.planner import (
    ToolPlanner,
    agreement,
    assembled,
    essence,
    same_calls,
)
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan
from agentic_diffusion.planning.domains.toolplan.weighing import (
    Glance,
    SecondLook,
    Tried,
    Weighed,
    fit_glance,
    without_own,
)
from agentic_diffusion.planning.select import Consensus

Asked: TypeAlias = tuple[Mapping[str, Tensor], ToolPlan, Any]
"""What is read of a request, the plan that is right, and the plan that was made."""


CHOSEN: Consensus[ToolPlan] = Consensus(agreement, same_calls, essence=essence)
"""How candidates are chosen among before anything is fitted."""


@final
@dataclass(frozen=True)
class Judged:
    """What is fitted on examples that were not seen.

    Args:
        calibrate: From raw to calibrated confidence.
        glance: Weighs whole plans at a second look, if one is taken.
    """

    calibrate: Logistic
    glance: Glance | None = None


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
        planner: A planner that `tool_planner` made; it stays as it is, and its guides guide the new one too.
        examples: Requests with their plans.
        recipe: How to train the network.
        seed: Where batches, noise and the held-out examples come from.
        batch: Examples a step.
        lesson: What `prepare` made of the same planner's domain and examples; made here where it is left out.
        unseen: Share of a batch that is read as if no other example had its plan, which teaches new combinations.
        held_out: Share of the examples that the network does not see and its confidence is calibrated on.
        folds: Shares that the examples are dealt out in, 2 or more. For each share one more network is trained without
            it; confidence and second look are then fitted on all examples, each asked of the network that has not
            seen it, and the planner's own network goes without none. `held_out` is not used then.
        judged: A confidence and a second look that were fitted before; nothing is held out then.
        second: Takes a second look at whole plans, fitted on the examples that were not seen with so much weight decay
            (see `fit_glance`); likelihood alone decides where it is left out.
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
        folds: int = 0,
        judged: Judged | None = None,
        second: float | None = None,
    ) -> None:
        if not isinstance(planner.domain, ToolPlanDomain):
            raise InvalidConfigError(
                f"a planner over {type(planner.domain).__name__}", "a planner of tools", "Use `tool_planner`."
            )
        self.examples, self.recipe = list(examples), recipe or Recipe(steps=1000, learning_rate=2.5e-3)
        self.seed, self.batch, self.unseen, self.second = seed, batch, unseen, second
        self.domain, self.lesson = lesson or prepare(planner.domain, self.examples)
        if folds == 1 or not 0 <= folds <= len(self.examples):
            raise InvalidConfigError(
                f"folds={folds} for {len(self.examples)} examples",
                "none, or at least two and an example for each",
                "Three are a fair start.",
            )
        self._rng, self._old, self._judged = generator(seed), planner, judged
        self.network = self._begun()
        order = torch.randperm(len(self.examples), generator=self._rng)
        held = 0 if folds or judged else min(int(held_out * len(order)), len(order) - 1)
        self.held, self.seen = order[:held], order[held:]
        shares = [order[k::folds] for k in range(0 if judged else folds)]
        self.folds = [(self._begun(), share, order[~torch.isin(order, share)]) for share in shares]

    def _begun(self) -> ToolNet:
        """Return a network to begin with: habits counted, and rows of tools that are not all alike."""
        begun = deepcopy(network_of(self._old))
        with torch.no_grad():
            begun.own.add_(0.02 * torch.randn(begun.own.shape, generator=self._rng))
            begun.habits.count(self.lesson.states)
        return begun

    def run(
        self,
        *,
        learn: Callable[[MaskedNet], nn.Module] | None = None,
        noise: Process[Tensor, Categorical] | None = None,
    ) -> Iterator[TrainStep]:
        """Train the network to the end of the recipe, then those of the folds, yielding after each step.

        Args:
            learn: Makes of a denoiser one whose surprise is the loss; `Even` where it is left out.
            noise: What hides tokens; `Beginnings` of the planner's process where it is left out.
        """
        process: Any = self._old.process
        for network, seen in [(self.network, self.seen), *((net, seen) for net, _, seen in self.folds)]:
            net = MaskedNet(network, process.schedule, mask_token=self.domain.catalogue.mask)
            denoiser: Any = Even(net) if learn is None else learn(net)
            yield from fit(
                denoiser,
                noise or Beginnings(process),
                draw=partial(self._draw, seen),
                recipe=self.recipe,
                rng=self._rng,
                compute=self._old.compute,
            )

    def _draw(self, seen: Tensor, rng: Rng) -> tuple[Tensor, Condition[Tensor]]:
        index = seen[torch.randint(len(seen), (self.batch,), generator=rng)]
        return self.lesson.draw(rng, index, unseen=self.unseen)

    @property
    def planner(self) -> ToolPlanner:
        """The planner as it is now, with its confidence calibrated on examples that were not seen."""
        draft, judged = self._draft(self.network), self.judged
        if judged is None:
            return draft
        chosen = replace(CHOSEN, calibrate=judged.calibrate)
        if judged.glance is None:
            return replace(draft, select=chosen)
        second = SecondLook(self.domain, network_of(draft).habits, judged.glance)
        return replace(
            draft,
            verify=replace(draft.verify, second=second),  # type: ignore[type-var]
            select=replace(chosen, score=Weighed(judged.glance.likelihood)),
        )

    @property
    def judged(self) -> Judged | None:
        """Confidence and second look, fitted on examples that were not seen; None where there are none."""
        if self._judged is not None or not (self.folds or len(self.held)):
            return self._judged
        pairs = [(net, held) for net, held, _ in self.folds] or [(self.network, self.held)]
        asked = [told for net, held in pairs for told in self._asked(self._draft(net), held)]
        if self.second is not None:
            return self._seconded(asked, self.second)
        raw = [plan.confidence for _, _, plan in asked]
        right = [same_calls(essence(plan.chosen.value), essence(truth)) for _, truth, plan in asked]
        return Judged(fit_logistic(raw, right))

    def _draft(self, network: ToolNet) -> ToolPlanner:
        """Return the planner with this network as it is now, as sure of itself as one that nobody has calibrated."""
        old = self._old
        draft = assembled(
            self.domain,
            deepcopy(network).eval(),
            propose=old.propose,
            goals=old.verify.goals if isinstance(old.verify, Feasible) else (),
            count=old.count,
            compute=old.compute,
        )
        return replace(draft, guides=old.guides)

    def _asked(self, draft: ToolPlanner, held: Tensor) -> Iterator[Asked]:
        """Yield what is read of each of these examples, its truth, and the plan for it."""
        for index in held.tolist():
            request, truth = self.examples[index]
            read = Told(self.lesson, index)
            ask = replace(
                draft, domain=replace(self.domain, read=read), select=CHOSEN, propose=None, unfamiliar=None
            )
            yield read(request), truth, ask.plan(request, seed=self.seed)

    def _seconded(self, asked: Sequence[Asked], decay: float) -> Judged:
        """Return a second look, and a confidence from glances that had not seen the example.

        Raises:
            InvalidStateError: No candidate passed for any example that was not seen.
        """
        habits = self.network.habits
        found = [
            Tried.of(plan.considered, truth, context=context, domain=self.domain, habits=habits)
            for context, truth, plan in asked
        ]
        tried = [one for one in found if one is not None]
        if not tried:
            raise InvalidStateError(
                f"{len(found)} held-out examples, none with a candidate that passed",
                "candidates that pass, to fit the second look on",
                "Set `second` of this training to None to take the planner without it; or hold out more examples.",
            )
        raw, right = [], []
        for one, glance in zip(tried, without_own(tried, decay=decay), strict=True):
            pick, sure = replace(CHOSEN, score=Weighed(glance.likelihood))(one.seen(glance))
            raw.append(sure)
            right.append(same_calls(essence(pick.value), essence(one.truth)))
        return Judged(fit_logistic(raw, right), fit_glance(tried, decay=decay))


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
