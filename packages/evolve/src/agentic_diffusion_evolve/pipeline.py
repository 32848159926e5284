"""Evolution over the machines of a Ray cluster: generators, verifiers, tuner and judges that scale apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Generic, TypeVar, final

from agentic_diffusion.compute import Compute
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.records import Outcome, Plan, Verdict
from torch import Tensor

from agentic_diffusion_evolve.crew import Crew, Role, connect, ray_or_how_to_get_it
from agentic_diffusion_evolve.explore import Explore, once
from agentic_diffusion_evolve.gate import Gate, Trial
from agentic_diffusion_evolve.memory import ListMemory, Memory
from agentic_diffusion_evolve.tune import Tuner
from agentic_diffusion_evolve.world import World

Q = TypeVar("Q")
V = TypeVar("V")

ONE, TWO = Role(1), Role(2)
CHUNKS = 4
"""Pieces that the trials of a gate are cut into for each judge."""


@final
class Pipeline(Generic[Q, V]):
    """The four parts of evolution as actors; the result is that of one process.

    Its parts are what `evolve` takes: `evolve(planner, tasks, pipeline.world, memory=memory, tune=pipeline.tune,
    gate=pipeline.gate, explore=pipeline.explore, rounds=3)`. Memory, lineage and the decision stay with the caller,
    in one place. Where no cluster was connected (`ray.init`), one is started on this machine. Needs the extra `ray`.

    Args:
        world: Tries a plan.
        tune: Makes the candidate.
        gate: Its trials are divided among judges; the verdict is given by all of them together.
        explore: The plans of a task that are tried.
        generators: Who plans.
        verifiers: Who tries plans.
        tuner: Who trains; one, with a GPU where there is one.
        judges: Who tries both planners for the gate.
        retries: How often work whose actor died is done again.

    Raises:
        MissingExtraError: Ray is not installed.
    """

    def __init__(
        self,
        world: World[Q, V],
        *,
        tune: Tuner[Q, V],
        gate: Gate[Q, V],
        explore: Explore[Q, V] = once,
        generators: Role = TWO,
        verifiers: Role = TWO,
        tuner: Role = ONE,
        judges: Role = TWO,
        retries: int = 1,
    ) -> None:
        self._ray = ray_or_how_to_get_it()
        roles = (generators, verifiers, tuner, judges)
        connect(self._ray, cpus=sum(role.actors * role.cpus for role in roles))
        bodies: tuple[tuple[type[Any], Any], ...] = (
            (_Generator, explore),
            (_Verifier, world),
            (_Tuner, tune),
            (_Judge, gate),
        )
        self.crews = tuple(
            Crew(self._ray, body, parts=(part,), role=role, retries=retries)
            for (body, part), role in zip(bodies, roles, strict=True)
        )
        make, trying, train, judge = self.crews
        box = _Box(self._ray)
        self.explore = _Explored[Q, V](make, box)
        self.world = _Tried[Q, V](trying)
        self._train, self._judge, self._box, self._gate = train, judge, box, gate

    def tune(self, planner: Planner[Q, Tensor, Any, V], memory: Memory[Q, V]) -> Planner[Q, Tensor, Any, V]:
        """Return the candidate, a `Tuner`; the outcomes travel to where it is made."""
        ask = (self._box.of(planner), list(memory))
        tuned: Planner[Q, Tensor, Any, V] = self._train.one(ask, what="the tuner's outcomes")
        return tuned

    def gate(self, candidate: Planner[Q, Tensor, Any, V], incumbent: Planner[Q, Tensor, Any, V]) -> Verdict:
        """Return the gate's verdict about trials that were divided among the judges."""
        both = (self._box.of(candidate), self._box.of(incumbent))
        pairs = self._gate.pairs()
        size = max(1, -(-len(pairs) // (CHUNKS * self._judge.role.actors)))
        asks = [(both, pairs[at : at + size]) for at in range(0, len(pairs), size)]
        told = self._judge.each(asks, what=lambda number: f"trials {number * size} and after")
        trials: list[Trial] = [trial for part in told for trial in part]
        return self._gate.verdict(trials)

    def close(self) -> None:
        """End all actors; a cluster that was started here goes on until `ray.shutdown`."""
        for crew in self.crews:
            crew.close()

    def __enter__(self) -> Pipeline[Q, V]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@final
class _Explored(Generic[Q, V]):
    """Plans of many tasks, made by the generators."""

    def __init__(self, crew: Crew, box: _Box) -> None:
        self._crew, self._box = crew, box

    def __call__(self, planner: Planner[Q, Tensor, Any, V], task: Q, *, seed: int) -> Sequence[Plan[Q, V]]:
        (plans,) = self.each(planner, [(task, seed)])
        return plans

    def each(
        self, planner: Planner[Q, Tensor, Any, V], asks: Iterable[tuple[Q, int]]
    ) -> Iterator[Sequence[Plan[Q, V]]]:
        held = self._box.of(planner)
        words = ((held, task, seed) for task, seed in asks)
        return self._crew.each(words, what=lambda number: f"the plans of task {number}")


@final
class _Tried(Generic[Q, V]):
    """A world whose plans are tried by the verifiers."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    def __call__(self, plan: Plan[Q, V]) -> Sequence[Outcome[Q, V]]:
        (outcomes,) = self.each([plan])
        return outcomes

    def each(self, plans: Iterable[Plan[Q, V]]) -> Iterator[Sequence[Outcome[Q, V]]]:
        return self._crew.each(((plan,) for plan in plans), what=lambda number: f"plan {number}")


@final
class _Box:
    """Planners in the cluster's store: each is sent once, however many plan with it."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._held: list[tuple[Any, tuple[int, list[Any]]]] = []
        self._count = 0

    def of(self, planner: Any) -> tuple[int, list[Any]]:
        """Return the number of a planner and, in a list so that it is not fetched for each call, where it is."""
        for known, held in self._held:
            if known is planner:
                return held
        self._count += 1
        held = (self._count, [self._ray.put(planner)])
        self._held = [*self._held[-1:], (planner, held)]  # candidate and incumbent
        return held


class _Actor:
    """Keeps the last two planners that it worked with."""

    def __init__(self, part: Any) -> None:
        self.part = part
        self.known: dict[int, Any] = {}

    def alive(self) -> bool:
        return True

    def planner(self, held: tuple[int, list[Any]]) -> Any:
        number, (reference,) = held
        if number not in self.known:
            kept = sorted(self.known)[-1:]
            found = ray_or_how_to_get_it().get(reference)
            self.known = {n: self.known[n] for n in kept} | {number: found}
        return self.known[number]


@final
class _Generator(_Actor):
    def work(self, held: tuple[int, list[Any]], task: Any, seed: int) -> Sequence[Plan[Any, Any]]:
        told: Sequence[Plan[Any, Any]] = self.part(self.planner(held), task, seed=seed)
        return told


@final
class _Verifier(_Actor):
    def work(self, plan: Plan[Any, Any]) -> Sequence[Outcome[Any, Any]]:
        told: Sequence[Outcome[Any, Any]] = self.part(plan)
        return told


@final
class _Tuner(_Actor):
    def work(self, held: tuple[int, list[Any]], outcomes: Sequence[Outcome[Any, Any]]) -> Any:
        memory: ListMemory[Any, Any] = ListMemory()
        memory.add_many(outcomes)
        tuned = self.part(self.planner(held), memory)
        Compute("cpu").settle(tuned)  # whoever asked may have no GPU
        return tuned


@final
class _Judge(_Actor):
    def work(self, both: Sequence[tuple[int, list[Any]]], pairs: Sequence[tuple[Any, int]]) -> list[Trial]:
        candidate, incumbent = (self.planner(held) for held in both)
        trials: list[Trial] = self.part.trials(candidate, incumbent, pairs)
        return trials
