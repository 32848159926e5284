"""Proposers: which tasks to try next, from what came of those that were tried."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, final, runtime_checkable
from zlib import crc32

import torch
from agentic_diffusion.denoising.state import Rng, generator
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome

from agentic_diffusion_evolve.estimate import EACH_TASK, Estimate, round_of, trusted_mean
from agentic_diffusion_evolve.memory import SHARPNESS, task_key

Q = TypeVar("Q")
Q_co = TypeVar("Q_co", covariant=True)
V = TypeVar("V")

Need: TypeAlias = Callable[[Sequence[Outcome[Q, V]]], float]
"""From the outcomes of one task, oldest first, to how much it needs another try."""


@runtime_checkable
class Proposer(Protocol[Q_co]):
    """Names the tasks of a round; `evolve` calls it with the number of the round alone.

    The same number must give the same tasks, also when a round that was interrupted is taken up again. The proposers
    here look only at outcomes of earlier rounds and at outcomes that no round has made.
    """

    def __call__(self, number: int, *, count: int | None = None) -> Sequence[Q_co]:
        """Return the tasks of a round, `count` of them or the proposer's own number; fewer where it knows fewer."""
        ...


def shortfall(outcomes: Sequence[Outcome[Any, Any]]) -> float:
    """Return minus the mean reward, each weighted by trust: what goes badly needs another try."""
    return -trusted_mean(outcomes)


def disagreement(outcomes: Sequence[Outcome[Any, Any]]) -> float:
    """Return the standard deviation of rewards, each weighted by trust: what is not settled needs another try."""
    middle, total = trusted_mean(outcomes), sum(o.trust for o in outcomes)
    if total <= 0:
        return 0.0
    return math.sqrt(sum(o.trust * (o.reward - middle) ** 2 for o in outcomes) / total)


def progress(outcomes: Sequence[Outcome[Any, Any]]) -> float:
    """Return how much the mean reward changed from the older half to the newer one, up or down.

    Learning progress (Oudeyer et al. 2007, IEEE Trans. Evol. Comput. 11(2)): what is being learned or forgotten
    needs another try, what is mastered or hopeless does not.
    """
    if len(outcomes) < 2:
        return 0.0
    half = len(outcomes) // 2
    return abs(trusted_mean(outcomes[half:]) - trusted_mean(outcomes[:half]))


@final
@dataclass(frozen=True)
class Fresh(Generic[Q]):
    """New tasks from a caller-given draw, the same for the same round.

    Args:
        draw: Draws so many tasks.
        count: Tasks a round.
        seed: Where they come from.
    """

    draw: Callable[[Rng, int], Sequence[Q]]
    count: int = 8
    seed: int = 0

    def __call__(self, number: int, *, count: int | None = None) -> Sequence[Q]:
        """Return the tasks of a round."""
        return self.draw(_rng("fresh", self.seed, number), self.count if count is None else count)


@final
@dataclass(frozen=True)
class Replay(Generic[Q, V]):
    """Tasks from memory by priority, each with chance ∝ 1 / rank^sharpness; drawn anew only when all were drawn.

    Schaul et al. 2016, arXiv:1511.05952, sec. 3.3, over tasks instead of transitions.

    Args:
        memory: What is remembered.
        count: Tasks a round.
        need: What ranks the tasks, the neediest first.
        sharpness: 0 draws evenly.
        seed: Where draws come from.
        name: The name of the run, as `evolve` was given it.
    """

    memory: Iterable[Outcome[Q, V]]
    count: int = 8
    need: Need[Q, V] = shortfall
    sharpness: float = SHARPNESS
    seed: int = 0
    name: str = "evolve"

    def __call__(self, number: int, *, count: int | None = None) -> Sequence[Q]:
        """Return the tasks of a round; none from an empty memory."""
        tasks = list(_history(self.memory, number, self.name).values())
        needs = [self.need(outcomes) for outcomes in tasks]
        ranks = [sum(other > need for other in needs) + (needs.count(need) + 1) / 2 for need in needs]
        chances = [rank**-self.sharpness for rank in ranks]
        wanted = self.count if count is None else count
        return [tasks[i][0].request for i in _drawn(chances, wanted, _rng("replay", self.seed, number))]


@final
@dataclass(frozen=True)
class Perturb(Generic[Q]):
    """Tasks like those of another proposer, each changed a little.

    Args:
        source: Proposes what is changed, such as a `Replay`.
        change: Returns a task near the one given.
        seed: Where changes come from.
    """

    source: Proposer[Q]
    change: Callable[[Q, Rng], Q]
    seed: int = 0

    def __call__(self, number: int, *, count: int | None = None) -> Sequence[Q]:
        """Return the changed tasks of a round."""
        rng = _rng("perturb", self.seed, number)
        return [self.change(task, rng) for task in self.source(number, count=count)]


@final
@dataclass(frozen=True)
class Frontier(Generic[Q, V]):
    """Tasks at the edge of what the planner can do: chance ∝ (4 p (1 - p))^sharpness for estimated success p.

    A task that always or never works teaches nothing; the variance of its success, p (1 - p), is largest at one half
    (Florensa et al. 2018, arXiv:1705.06366, call these goals of intermediate difficulty).

    Args:
        memory: What is remembered; its tasks are candidates.
        estimate: Fits the estimate of success to the outcomes of earlier rounds.
        count: Tasks a round.
        source: Proposes further candidates, `pool` of them; only remembered tasks when left out.
        pool: How many further candidates are asked for.
        sharpness: Larger keeps closer to one half.
        seed: Where draws come from.
        name: The name of the run, as `evolve` was given it.
    """

    memory: Iterable[Outcome[Q, V]]
    estimate: Estimate[Q, V] = EACH_TASK
    count: int = 8
    source: Proposer[Q] | None = None
    pool: int = 64
    sharpness: float = 2.0
    seed: int = 0
    name: str = "evolve"

    def __call__(self, number: int, *, count: int | None = None) -> Sequence[Q]:
        """Return the tasks of a round."""
        history = _history(self.memory, number, self.name)
        chance = self.estimate([outcome for group in history.values() for outcome in group])
        candidates = {key: group[0].request for key, group in history.items()}
        for task in self.source(number, count=self.pool) if self.source is not None else ():
            candidates.setdefault(task_key(task), task)
        tasks = list(candidates.values())
        shares = [min(1.0, max(0.0, chance(task))) for task in tasks]
        weights = [(4 * p * (1 - p)) ** self.sharpness for p in shares]
        wanted = self.count if count is None else count
        return [tasks[i] for i in _drawn(weights, wanted, _rng("frontier", self.seed, number))]


@final
@dataclass(frozen=True)
class Mixture(Generic[Q]):
    """Several proposers, each with a share of the round; where one knows too little the others fill in.

    Args:
        parts: Proposers with their shares, which need not sum to 1; counts are rounded by largest remainder.
        count: Tasks a round.
    """

    parts: tuple[tuple[Proposer[Q], float], ...]
    count: int = 8

    def __post_init__(self) -> None:
        shares = [share for _, share in self.parts]
        if not shares or min(shares) < 0 or not 0 < sum(shares) < math.inf:
            raise InvalidConfigError(
                f"Mixture with shares {shares}",
                "shares of at least 0, one above 0",
                "Give each part a share.",
            )

    def __call__(self, number: int, *, count: int | None = None) -> Sequence[Q]:
        """Return the tasks of a round, part by part."""
        wanted = self.count if count is None else count
        counts = self._counts(wanted)
        told = [list(part(number, count=n)) for (part, _), n in zip(self.parts, counts, strict=True)]
        for index, (part, share) in enumerate(self.parts):
            missing = wanted - sum(map(len, told))
            if missing > 0 and share > 0 and len(told[index]) == counts[index]:
                told[index] = list(part(number, count=counts[index] + missing))
        return [task for tasks in told for task in tasks]

    def _counts(self, wanted: int) -> list[int]:
        total = sum(share for _, share in self.parts)
        exact = [wanted * share / total for _, share in self.parts]
        counts = [math.floor(number) for number in exact]
        order = sorted(range(len(exact)), key=lambda i: counts[i] - exact[i])
        for index in order[: wanted - sum(counts)]:
            counts[index] += 1
        return counts


def _rng(kind: str, seed: int, number: int) -> Rng:
    return generator(crc32(f"{kind}/{seed}/{number}".encode()))


def _history(memory: Iterable[Outcome[Q, V]], number: int, name: str) -> dict[str, list[Outcome[Q, V]]]:
    """Return the outcomes from before this round by task, oldest first, in an order that depends on nothing else."""
    tasks: dict[str, list[Outcome[Q, V]]] = defaultdict(list)
    for outcome in memory:
        told = round_of(outcome.id, name)
        if told is None or told < number:
            tasks[task_key(outcome.request)].append(outcome)
    for group in tasks.values():
        group.sort(key=lambda o: _age(o, name))
    return dict(sorted(tasks.items()))


def _age(outcome: Outcome[Any, Any], name: str) -> tuple[int, float, str]:
    told = round_of(outcome.id, name)
    return (0, outcome.time, outcome.id) if told is None else (told, 0.0, outcome.id)


def _drawn(weights: Sequence[float], count: int, rng: Rng) -> list[int]:
    """Draw places one after the other with chance ∝ weight, without replacement until none is left, then anew.

    Keys log(u) / w, the largest first, have just this law (Efraimidis and Spirakis 2006, Inf. Process. Lett. 97).
    """
    able = [i for i, weight in enumerate(weights) if weight > 0]
    drawn: list[int] = []
    while able and len(drawn) < count:
        spread = torch.rand(len(able), generator=rng, dtype=torch.float64).clamp(min=1e-300).log().tolist()
        keys = {i: key / weights[i] for i, key in zip(able, spread, strict=True)}
        drawn += sorted(able, key=lambda i: -keys[i])
    return drawn[:count]
