"""The planner of calls: masked diffusion over which calls are made, chosen by agreement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.denoiser import MaskedNet
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.sample import confident
from agentic_diffusion.denoising.schedule import LogLinear
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.planning.select import agreeing
from agentic_diffusion.records import Verdict
from torch import Tensor

from agentic_diffusion_worlds.acting.domain import HIDDEN, VOCABULARY, Acting
from agentic_diffusion_worlds.acting.network import FactNet
from agentic_diffusion_worlds.acting.situation import Calls, Situation
from agentic_diffusion_worlds.acting.trust import Trusting

CallPlanner: TypeAlias = Planner[Situation, Tensor, Any, Calls]
"""A planner of calls that mend a situation."""

Objects: TypeAlias = Callable[[Situation, Calls], bool]
"""Whether there is a reason not to make a plan, such as that it was just tried in vain."""


@final
@dataclass(frozen=True)
class Design:
    """How large the planner is and how it plans.

    Args:
        width: Width of the perceptron.
        dropout: Share of the context that is hidden while training.
        count: Candidates.
        steps: Denoising steps.
        bound: Joint uncertainty in nats up to which calls are decided at once.
        scale: How strongly trust tilts the belief.
        sharpness: Above 1 the likely becomes likelier.
    """

    width: int = 128
    dropout: float = 0.0
    count: int = 16
    steps: int = 6
    bound: float = 0.05
    scale: float = 3.0
    sharpness: float = 1.0


def make_planner(
    domain: Acting, design: Design | None = None, *, seed: int = 0, objects: Objects | None = None
) -> CallPlanner:
    """Return a planner that knows nothing yet.

    Args:
        domain: Its calls.
        design: How large it is and how it plans.
        seed: Its first weights.
        objects: A reason not to make a plan; by default that it is `futile`.
    """
    how = design or Design()
    schedule = LogLinear()
    process = MaskedProcess(schedule, HIDDEN)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = FactNet(
            len(domain.calls), VOCABULARY, context_dim=domain.width, width=how.width, dropout=how.dropout
        )
    return Planner(
        domain=domain,
        process=process,
        denoiser=Trusting(
            MaskedNet(network, schedule, mask_token=HIDDEN), scale=how.scale, sharpness=how.sharpness
        ).eval(),
        verify=Agreed(objects or futile),
        select=agreeing(lambda one, two: float(one != two), within=0.5),
        kernel=confident(process, bound=how.bound),
        steps=how.steps,
        count=how.count,
        compute=Compute(device="cpu"),
    )


def trainable(planner: CallPlanner) -> Trusting:
    """Return the denoiser of a planner that `make_planner` made."""
    denoiser: Any = planner.denoiser
    assert isinstance(denoiser, Trusting)
    return denoiser


def futile(situation: Situation, calls: Calls) -> bool:
    """Object to a plan without calls, and to one that begins with a call that was refused when it was last tried.

    A plan ends with the call that is refused, so that nothing has changed since.
    """
    return not calls or situation.tried.get(calls[0]) == "refused"


@final
@dataclass(frozen=True)
class Agreed:
    """Scores each plan by the share of the candidates that say the same (Wang et al. 2022, arXiv:2203.11171).

    Args:
        objects: A reason to reject a plan.
    """

    objects: Objects

    def __call__(self, request: Situation, values: Sequence[Calls]) -> Sequence[Verdict]:
        """Return one verdict a plan; plans that say the same share one."""
        judged = {
            value: Verdict(passed=not self.objects(request, value), score=votes / len(values))
            for value, votes in Counter(values).items()
        }
        return [judged[value] for value in values]
