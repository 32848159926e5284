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


def lessons(office: Office, ids: Iterable[str], *, partial: int = 6, seed: int = 0) -> Iterator[list[Lesson]]:
    """Yield for each ticket what is left to do after each beginning of its plan and after some parts of it.

    Parts are calls of the plan drawn with an even chance each; one is a lesson only if the remaining calls, made after
    it, are judged a success.

    Args:
        office: Where tickets come from.
        ids: Names of the tickets.
        partial: Parts drawn for each ticket.
        seed: What is drawn.
    """
    rng = np.random.default_rng(seed)
    for name in ids:
        ticket = office.ticket(name)
        plan = book(ticket)
        parts = {plan[:count]: True for count in range(len(plan) + 1)}
        for _ in range(partial):
            kept = rng.random(len(plan)) < 0.5
            parts.setdefault(tuple(call for call, keep in zip(plan, kept, strict=True) if keep), False)
        found = []
        for done, sure in parts.items():
            left = tuple(call for call in plan if call not in done)
            if TRANSFER not in done and (sure or _works(office, ticket, done + left)):
                desk = Desk(office, ticket)
                desk.run(done)
                found.append((desk.observe(), left))
        yield found


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


def _works(office: Office, ticket: Ticket, calls: Calls) -> bool:
    desk = Desk(office, ticket)
    desk.run(calls)
    return desk.verdict() == 1


def _plain(tool: str, arguments: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return tool, tuple(
        sorted((key, str(value)) for key, value in arguments.items() if key not in IDENTIFIERS)
    )
