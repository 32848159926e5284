"""Tasks: a hidden state and what must hold in the end; each has a plan of at most twelve calls, or needs a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from typing import Literal

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Record

from agentic_diffusion_worlds.acting.situation import Calls
from agentic_diffusion_worlds.toolbox.catalog import ACTING, CONTEXT, FACTS, RIVALS, Facts, Tool

Split = Literal["train", "held-out"]

LONGEST = 12
HOPELESS = 0.1
"""Share of the tasks in which what is wanted cannot be had, if their goal can become impossible."""

BROKEN = 0.5
"""Share of the facts that are set to what has to be put right; the others are drawn evenly."""

GOALS: dict[str, tuple[str, ...]] = {
    "device": ("device.cache=clean", "device.firmware=new", "device.pairing=paired"),
    "account": ("account.state=active", "account.balance=clear", "account.plan=full"),
    "files": ("files.copy=present", "files.index=fresh", "files.share=shared"),
    "order": ("order.paid=yes", "order.stage=packed", "order.stage=shipped"),
}
LOST = {"account": ("account.state", "closed"), "order": ("order.stage", "cancelled")}
"""The fact and value from which a family cannot be brought back."""

HELD_PAIRS = (("device", "files"), ("account", "order"))
"""Pairs of families that are never trained on together."""


class Task(Record):
    """One case.

    Args:
        goal: What must hold in the end, as `fact=value`.
        start: The hidden state.
        hopeless: Whether it cannot be done, so that it must be handed over.
    """

    goal: tuple[str, ...]
    start: dict[str, str]
    hopeless: bool = False

    def families(self) -> set[str]:
        """Return the families that the goal is about."""
        return {word.split(".")[0] for word in self.goal}

    def met(self, state: Facts) -> bool:
        """Whether the goal holds."""
        return all(state[name] == value for name, value in (word.split("=") for word in self.goal))

    def solved(self, state: Facts, *, handed_over: bool) -> bool:
        """Whether the case was treated well: the goal holds, or it was rightly handed over, and nothing is harmed.

        Harmed is what was lost on the way and what was changed beyond the families of the goal.
        """
        beyond = all(
            state[name] == value
            for name, value in self.start.items()
            if name.split(".")[0] not in self.families()
        )
        lost = any(state[name] == value != self.start[name] for name, value in LOST.values())
        right = handed_over if self.hopeless else self.met(state) and not handed_over
        return right and beyond and not lost


def families(split: Split) -> list[tuple[str, ...]]:
    """Return the sets of families that the tasks of a split combine."""
    names = tuple(GOALS)
    singles = [(name,) for name in names]
    pairs = list(combinations(names, 2))
    if split == "train":
        return singles + [pair for pair in pairs if pair not in HELD_PAIRS]
    return [*HELD_PAIRS, *combinations(names, 3)]


def goals(split: Split) -> list[tuple[str, ...]]:
    """Return every goal of a split."""
    return [goal for names in families(split) for goal in product(*(GOALS[name] for name in names))]


def tasks(count: int, *, seed: int, split: Split = "train") -> Iterator[Task]:
    """Yield tasks, the same for the same seed; goals that hold already or need more than twelve calls are redrawn.

    Args:
        count: How many.
        seed: Draws goals and states.
        split: Which combinations of families may come up.
    """
    if count < 0:
        raise InvalidConfigError(f"count={count}", "none or more", "Ask for some tasks.")
    rng = np.random.default_rng([seed, split == "train"])
    known = families(split)
    made = 0
    while made < count:
        names = known[int(rng.integers(len(known)))]
        goal = tuple(GOALS[name][int(rng.integers(len(GOALS[name])))] for name in names)
        if (task := _drawn(goal, rng)) is not None:
            made += 1
            yield task


def _drawn(goal: tuple[str, ...], rng: np.random.Generator) -> Task | None:
    """Return a task with this goal in a random state, or None where that state will not do."""
    start = {name: _value(name, rng) for name in FACTS}
    losable = [LOST[name] for name in sorted({word.split(".")[0] for word in goal}) if name in LOST]
    hopeless = bool(losable) and rng.random() < HOPELESS
    if hopeless:
        fact, value = losable[int(rng.integers(len(losable)))]
        start[fact] = value
    task = Task(goal=goal, start=start, hopeless=hopeless)
    steps = solution(task.goal, start)
    if hopeless:
        return task if steps is None else None
    return task if steps and len(steps) <= LONGEST else None


def _value(name: str, rng: np.random.Generator) -> str:
    """Return a value of a fact: mostly the first, which is what has to be put right; never one that is lost."""
    values = [value for value in FACTS[name] if dict(LOST.values()).get(name) != value]
    if name not in CONTEXT and rng.random() < BROKEN:
        return values[0]
    return values[int(rng.integers(len(values)))]


def solution(goal: Sequence[str], state: Facts, *, second: frozenset[int] = frozenset()) -> Calls | None:
    """Return the calls that bring a goal about if every call works, by reasoning backwards; None where none do.

    Args:
        goal: What must hold, as `fact=value`.
        state: What holds now.
        second: Numbers of the pairs of rivals of which the second is used.
    """
    avoided = {pair[0] if number in second else pair[1] for number, (_, *pair) in enumerate(RIVALS)}
    tools = [tool for tool in ACTING if len(tool.sets) in (1, 2) and tool.name not in avoided]
    now, steps = dict(state), list[str]()
    reached = all(_reach(*word.split("="), now=now, steps=steps, tools=tools) for word in goal)
    return tuple(steps) if reached else None


def _reach(name: str, value: str, *, now: dict[str, str], steps: list[str], tools: Sequence[Tool]) -> bool:
    """Extend `steps` by what brings one fact about, and say whether that is possible."""
    if now[name] == value:
        return True
    ways = [tool for tool in tools if tool.sets.get(name) == value]
    for way in sorted(ways, key=lambda tool: tool.needs.get(name, now[name]) != now[name]):
        then, more = dict(now), list[str]()
        needs = sorted(way.needs.items(), key=lambda need: need[0] == name)
        if all(_reach(need, wanted, now=then, steps=more, tools=tools) for need, wanted in needs):
            now.update({**then, **way.sets})
            steps += [*more, way.name]
            return True
    return False
