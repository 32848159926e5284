"""Exercise: what a loop of evolution needs of a coder: a world, a tuner, exams, and the way of its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import final

from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.records import DenoiseEvent, Outcome, Plan
from torch import Tensor

from .coder import Coder
from .domain import CodeRequest, Program
from .practice import Practice, trainable
from .proven import Proof, Proven


@final
@dataclass
class Exercise:
    """A world for practice: tells what the tests made of every program that was tried for a plan.

    It is what the coder tells its outcomes (`Coder.learns`), and keeps them until the plan comes. The first outcome of
    a plan is that of the plan itself, which is worth 1 where a program passed and 0 where the coder abstained.

    """

    _told: list[Outcome[CodeRequest, Program]] = field(default_factory=list)

    def learn(self, outcome: Outcome[CodeRequest, Program]) -> None:
        """Keep what came of one program."""
        self._told.append(outcome)

    def __call__(self, plan: Plan[CodeRequest, Program]) -> Sequence[Outcome[CodeRequest, Program]]:
        """Return what came of a plan and of what was tried on the way."""
        passed, source = not plan.abstained, plan.chosen.value.source
        mine = [outcome for outcome in self._told if outcome.request == plan.request]
        self._told.clear()
        whole: Outcome[CodeRequest, Program] = Outcome(
            request=plan.request,
            value=plan.chosen.value,
            reward=float(passed),
            source="tests",
            plan_seed=plan.seed,
        )
        return (whole, *(outcome for outcome in mine if not passed or outcome.value.source != source))


def proofs_in(
    memory: Iterable[Outcome[CodeRequest, Program]], *, most: int | None = None
) -> tuple[Proof, ...]:
    """Return what outcomes prove: each request that has a program, the first `most` of them."""
    proven = Proven()
    for outcome in memory:
        proven.learn(outcome)
    passed = tuple(proof for proof in proven.proofs() if proof.passed)
    return passed if most is None else passed[:most]


@final
@dataclass(frozen=True)
class Learner:
    """A tuner for the loop of evolution: practises with what a memory proves.

    Args:
        practice: How.
        most: Proven requests that are learned from at most, the oldest first.
    """

    practice: Practice
    most: int | None = None

    def __call__(self, coder: Coder, memory: Iterable[Outcome[CodeRequest, Program]]) -> Coder:
        """Return the coder that has practised; chance differs with the number of proofs."""
        proofs = proofs_in(memory, most=self.most)
        drill = replace(self.practice.drill, seed=self.practice.drill.seed + 1000 * len(proofs))
        return replace(self.practice, drill=drill)(coder, proofs)


@final
@dataclass(frozen=True)
class Sitting:
    """A coder that sits an exam: one program for each question, and a plan that was made is not made again.

    Args:
        coder: Who.
    """

    coder: Coder
    _made: dict[tuple[str, int], Plan[CodeRequest, Program]] = field(default_factory=dict)

    def plan(
        self,
        request: CodeRequest,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[CodeRequest, Program]:
        """Return the plan of the coder alone: the most likely program, neither drawn again nor mended."""
        key = (request.model_dump_json(), seed)
        if key not in self._made:
            alone = replace(
                self.coder, count=0, rounds=0, memory=None, glossary=None, learns=None, lints=False
            )
            self._made[key] = alone.plan(request, seed=seed, budget=budget, watch=watch)
        return self._made[key]


def weights_of(coder: Coder) -> Mapping[str, Tensor]:
    """Return the weights of a coder, for a lineage.

    Raises:
        InvalidConfigError: The coder's writer has no weights.
    """
    _, model = trainable(coder)
    return {name: value.detach().cpu().clone() for name, value in model.network.state_dict().items()}


def with_weights(coder: Coder, tensors: Mapping[str, Tensor]) -> Coder:
    """Return a new coder with these weights.

    Raises:
        InvalidConfigError: The coder's writer has no weights.
    """
    writer, model = trainable(coder)
    network = deepcopy(model.network)
    network.load_state_dict(dict(tensors))
    return replace(coder, writer=replace(writer, model=replace(model, network=network)))
