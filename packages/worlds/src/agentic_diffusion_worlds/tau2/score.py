"""How tickets went, and drivers to compare with: always transfer, do nothing, chance."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import numpy as np
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.records import Record

from agentic_diffusion_worlds.acting.pursue import pursued
from agentic_diffusion_worlds.acting.situation import Calls, Situation
from agentic_diffusion_worlds.tau2.desk import CALLS, TRANSFER, Desk, Twist, same
from agentic_diffusion_worlds.tau2.tickets import Office

Driver: TypeAlias = Callable[[Desk, int], None]
"""Works on a ticket, with a seed, until it is over or the driver has had enough."""

ROUNDS = 4
"""Plans that may be made for one ticket."""

LENGTH = 12
"""Most calls of the random driver: the longest of the benchmark's own plans."""

PUBLISHED = {
    "GPT-4.1": 34.0,
    "Claude 3.7 Sonnet": 49.0,
    "o4-mini": 50.2,
    "Kimi K2": 65.8,
    "GPT-5": 95.8,
    "Claude Sonnet 4.5": 98.0,
}
"""Success in percent as the benchmark's own list of submissions gives it: language models that talk to a simulated
customer, without training on the domain. Another protocol than ours, so for orientation only."""


class Handled(Record):
    """What became of one ticket.

    Args:
        ticket: Its name.
        issues: How many issues are combined in it.
        success: Whether the benchmark's own judgement is 1.
        calls: The acting calls, in order.
        seconds: Processor time of driver and desk together.
    """

    ticket: str
    issues: int
    success: bool
    calls: tuple[str, ...]
    seconds: float


def transfer(desk: Desk, seed: int) -> None:
    """Hand every ticket over to a person."""
    desk.run((TRANSFER,))


def nothing(desk: Desk, seed: int) -> None:
    """Declare every ticket done as it is."""


def at_random(desk: Desk, seed: int) -> None:
    """Make up to so many calls as the longest plan of the benchmark has, all drawn with equal chances."""
    rng = np.random.default_rng([seed, 7])
    count = int(rng.integers(1, LENGTH + 1))
    desk.run([CALLS[index] for index in rng.integers(len(CALLS), size=count)])


def driven(planner: Plans[Situation, Calls], *, rounds: int = ROUNDS) -> Driver:
    """Return a driver that observes, plans, acts and looks again."""

    def drive(desk: Desk, seed: int) -> None:
        pursued(planner, desk, rounds=rounds, seed=seed)

    return drive


def handled(
    office: Office, ids: Iterable[str], driver: Driver, *, seed: int = 0, twist: Twist = same
) -> Iterator[Handled]:
    """Yield what becomes of each ticket; ticket number i has the driver's seed `1000 * seed + i`."""
    for number, name in enumerate(ids):
        desk = Desk(office, office.ticket(name), twist=twist)
        began = time.process_time()
        driver(desk, 1000 * seed + number)
        spent = time.process_time() - began
        yield Handled(
            ticket=name,
            issues=desk.ticket.issues,
            success=desk.verdict() == 1,
            calls=tuple(call.name for call in desk.made),
            seconds=spent,
        )


def held_out(office: Office, count: int, *, seed: int = 1) -> tuple[str, ...]:
    """Return published tickets that are in no split for training or testing, to choose settings on.

    Args:
        office: Where tickets come from.
        count: How many, at most.
        seed: Which.
    """
    taken = {name for split in ("base", "train", "test") for name in office.splits[split]}
    free = [name for name in office.splits["full"] if name not in taken]
    drawn = np.random.default_rng(seed).permutation(len(free))[:count]
    return tuple(free[index] for index in drawn)
