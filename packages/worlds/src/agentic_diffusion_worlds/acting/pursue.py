"""The closed loop: observe, plan, act, look again, until the task is done, given up or out of rounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.records import Outcome, Plan, Record
from pydantic import Field

Q = TypeVar("Q")
V = TypeVar("V")

Ending: TypeAlias = Literal["over", "rounds"]
"""Why a pursuit ended: the place said that it is over, or every round was used."""


@runtime_checkable
class Place(Protocol[Q, V]):
    """One task under way, somewhere where plans have consequences."""

    def observe(self) -> Q:
        """Return what is known now; may call tools that only read."""
        ...

    def act(self, plan: Plan[Q, V]) -> Outcome[Q, V]:
        """Make the calls of the chosen plan and return what came of it, so far as can be told now."""
        ...

    @property
    def over(self) -> bool:
        """Whether nothing more can or need be done."""
        ...

    def verdict(self) -> float:
        """Return how well the task went, judged on the state of the world; 1 is a success."""
        ...


class Round(Record, Generic[Q, V]):
    """One turn of the loop.

    Args:
        number: Its number, from 1.
        plan: What was planned.
        outcome: What came of it.
    """

    number: int = Field(ge=1)
    plan: Plan[Q, V]
    outcome: Outcome[Q, V]


class Pursuit(Record, Generic[Q, V]):
    """A whole episode.

    Args:
        rounds: Its turns.
        reward: How well the task went; 1 is a success.
        ending: Why it ended.
    """

    rounds: tuple[Round[Q, V], ...]
    reward: float
    ending: Ending

    def outcomes(self) -> list[Outcome[Q, V]]:
        """Return one outcome a round with the reward of the whole task, for a memory to learn from."""
        return [round.outcome.model_copy(update={"reward": self.reward}) for round in self.rounds]


def pursue(
    planner: Plans[Q, V], place: Place[Q, V], *, rounds: int = 4, seed: int = 0
) -> Iterator[Round[Q, V] | Pursuit[Q, V]]:
    """Yield each round as it is done, and the whole pursuit last.

    Args:
        planner: Makes the plans.
        place: Where they have consequences.
        rounds: How often may be planned.
        seed: Seed of the first plan; each round has its own.

    Raises:
        InvalidConfigError: There is not one round.
    """
    if rounds < 1:
        raise InvalidConfigError(f"rounds={rounds}", "at least one", "4 is a fair start.")
    done: list[Round[Q, V]] = []
    while not place.over and len(done) < rounds:
        plan = planner.plan(place.observe(), seed=seed * rounds + len(done))
        done.append(Round[Q, V](number=len(done) + 1, plan=plan, outcome=place.act(plan)))
        yield done[-1]
    ending: Ending = "over" if place.over else "rounds"
    yield Pursuit[Q, V](rounds=tuple(done), reward=place.verdict(), ending=ending)


def pursued(planner: Plans[Q, V], place: Place[Q, V], *, rounds: int = 4, seed: int = 0) -> Pursuit[Q, V]:
    """Return the whole pursuit at once."""
    *_, last = pursue(planner, place, rounds=rounds, seed=seed)
    assert isinstance(last, Pursuit)
    return last
