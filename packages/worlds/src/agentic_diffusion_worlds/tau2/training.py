"""A planner for the telecom desk, learned from the benchmark's own plans for its training tickets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from agentic_diffusion.denoising.state import Condition, Rng, generator
from agentic_diffusion.denoising.train import Recipe, fit
from agentic_diffusion.errors import InvalidConfigError
from torch import Tensor

from agentic_diffusion_worlds.acting.domain import Acting, order
from agentic_diffusion_worlds.acting.explore import Goal
from agentic_diffusion_worlds.acting.planner import CallPlanner, Design, make_planner, trainable
from agentic_diffusion_worlds.acting.situation import Calls, Lesson, Situation
from agentic_diffusion_worlds.tau2.desk import CALLS, GROUND, TRANSFER, Desk
from agentic_diffusion_worlds.tau2.tickets import Office, Ticket

IDENTIFIERS = {"customer_id", "line_id", "bill_id", "summary"}
"""Arguments that are read from the account, or that nothing depends on."""

RECIPE = Recipe(steps=1500, learning_rate=3e-3, warmup=20, weight_decay=0.01, average=0.99)
"""How a planner for the desk is trained."""
DESIGN = Design(width=64, dropout=0.1)


def book(ticket: Ticket) -> Calls:
    """Return the benchmark's own plan for a ticket.

    Raises:
        InvalidConfigError: It makes a call that the desk does not have.
    """
    known = {_plain(tool, fixed): name for name, (tool, fixed, _) in GROUND.items()}
    plan = []
    for action in ticket.task.evaluation_criteria.actions:
        name = known.get(_plain(action.name, action.arguments))
        if name is None:
            raise InvalidConfigError(
                f"{action.name}({dict(action.arguments)}) in a plan",
                f"one of the {len(GROUND)} calls of the desk",
                "Use the revision of the clone that the results name.",
            )
        plan.append(name)
    return tuple(plan)


def lessons(
    office: Office, ids: Iterable[str], *, partial: int = 12, seed: int = 0
) -> Iterator[list[Lesson]]:
    """Yield for each ticket what is left to do on the way: first those that are mended, then those handed over.

    A ticket that is mended is met after each beginning of its plan and after parts of it, one that is handed over at
    its start and after parts of what mends others with its goal. Parts are calls drawn with an even chance each. A
    situation is a lesson only if the remaining calls, made in it, are judged a success, and one that hands over only if
    it shows something that was met in none that is mended: until then, nothing speaks against mending.

    Args:
        office: Where tickets come from.
        ids: Names of the tickets.
        partial: Parts drawn for each ticket.
        seed: What is drawn.
    """
    rng = np.random.default_rng(seed)
    tickets = [(office.ticket(name), book(office.ticket(name))) for name in ids]
    plans: dict[Goal, list[Calls]] = {}
    met: set[tuple[Goal, str, str]] = set()
    for ticket, plan in tickets:
        if TRANSFER not in plan:
            found = list(_mended(office, ticket, plan, _masks(rng, len(plan), partial)))
            met.update(fact for situation, _ in found for fact in _told(situation))
            plans.setdefault(Desk(office, ticket).observe().goal, []).append(plan)
            yield found
    for ticket, plan in tickets:
        if TRANSFER in plan:
            others = plans.get(Desk(office, ticket).observe().goal, [])
            row = [call for call in order(others, CALLS) if any(call in other for other in others)]
            found = list(_handed_over(office, ticket, plan, row, _masks(rng, len(row), partial)))
            yield [lesson for lesson in found if _told(lesson[0]) - met] or found[:1]


def _mended(office: Office, ticket: Ticket, plan: Calls, masks: Iterable[Sequence[bool]]) -> Iterator[Lesson]:
    """Yield the lessons after beginnings of a plan and after parts of it; a call that comes twice may be left once."""
    beginnings = [[place < count for place in range(len(plan))] for count in range(len(plan) + 1)]
    for mask in dict.fromkeys(map(tuple, [*beginnings, *masks])):
        done, left = (
            tuple(c for c, made in zip(plan, mask, strict=True) if made is kept) for kept in (True, False)
        )
        yield from _after(office, ticket, done, left)


def _handed_over(
    office: Office, ticket: Ticket, plan: Calls, row: Sequence[str], masks: Iterable[Sequence[bool]]
) -> Iterator[Lesson]:
    """Yield the lesson at the start, and those after parts of a row of calls that mends other tickets."""
    drawn = [tuple(call for call, made in zip(row, mask, strict=True) if made) for mask in masks]
    for done in dict.fromkeys([(), *drawn]):
        yield from _after(office, ticket, done, tuple(call for call in plan if call not in done))


def _after(office: Office, ticket: Ticket, done: Calls, left: Calls) -> Iterator[Lesson]:
    """Yield what is seen after some calls, and what is left to do, if that is judged a success."""
    desk = Desk(office, ticket)
    desk.run(done)
    seen = desk.observe()
    desk.run(left)
    if desk.verdict() == 1:
        yield seen, left


def _masks(rng: np.random.Generator, count: int, draws: int) -> list[list[bool]]:
    return [(rng.random(count) < 0.5).tolist() for _ in range(draws)]


def _told(situation: Situation) -> set[tuple[Goal, str, str]]:
    return {(situation.goal, fact, value) for fact, value in situation.facts.items()}


def teach(
    known: Sequence[Lesson],
    *,
    recipe: Recipe = RECIPE,
    design: Design = DESIGN,
    seed: int = 0,
    shares: Sequence[float] | None = None,
) -> Iterator[CallPlanner]:
    """Yield the planner after each step of training on lessons; the last one is trained.

    Args:
        known: What to learn.
        recipe: How to train.
        design: How large the planner is.
        seed: First weights, batches and noise.
        shares: How often each lesson is drawn, in any unit; all alike by default.
    """
    domain = Acting(order((calls for _, calls in known), CALLS))
    planner = make_planner(domain, design, seed=seed, objects=anything)
    context = domain.read(situation for situation, _ in known)
    rows = domain.encode([calls for _, calls in known])
    often = None if shares is None else torch.tensor(shares)

    def draw(rng: Rng) -> tuple[Tensor, Condition[Tensor]]:
        if often is None:
            index = torch.randint(len(rows), (64,), generator=rng)
        else:
            index = torch.multinomial(often, 64, replacement=True, generator=rng)
        return rows[index], Condition(context={"context": context[index]})

    steps = fit(trainable(planner), planner.process, draw=draw, recipe=recipe, rng=generator(seed))
    for _ in _seeded(steps, seed):
        yield planner


def _seeded(steps: Iterator[object], seed: int) -> Iterator[object]:
    """Yield steps that draw from a seeded generator of their own where they ask torch's global one, as dropout does."""
    state, done = generator(seed).get_state(), object()
    while True:
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(state)
            step = next(steps, done)
            state = torch.get_rng_state()
        if step is done:
            return
        yield step


def balanced(lessons: Sequence[Lesson]) -> list[float]:
    """Return how often to draw each lesson: goals in equal parts, and within one its transfers and its repairs."""
    kinds = [(situation.goal, TRANSFER in left) for situation, left in lessons]
    members = Counter(kinds)
    parts = Counter(goal for goal, _ in members)
    return [1 / (members[goal, hands_over] * parts[goal]) for goal, hands_over in kinds]


def anything(situation: Situation, calls: Calls) -> bool:
    """Object to nothing: a plan without calls says that all is done."""
    return False


def _plain(tool: str, arguments: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return tool, tuple(
        sorted((key, str(value)) for key, value in arguments.items() if key not in IDENTIFIERS)
    )
