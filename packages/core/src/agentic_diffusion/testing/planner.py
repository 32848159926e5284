"""Proofs of the planner's parts: domains and whole planners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from torch import Tensor

from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.errors import AgenticDiffusionError, ContractError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.planner import Domain, Plans
from agentic_diffusion.records import DenoiseEvent, Plan
from agentic_diffusion.testing.promise import alike, promise, same, wired

Q = TypeVar("Q")
V = TypeVar("V")


def check_domain(
    domain: Domain[Q, Tensor, V],
    request: Q,
    *,
    states: Tensor | None = None,
    invalid: Sequence[Q] = (),
    count: int = 3,
) -> None:
    """Prove a domain: pins hold, decode and encode undo each other, records survive JSON, nonsense is refused.

    Args:
        domain: The domain.
        request: A possible request.
        states: Clean states to decode; the pinned blank when left out.
        invalid: Requests that must be refused before any network runs.
        count: Candidates to ask for.

    Raises:
        ContractError: A promise is broken.
    """
    with wired(
        "domain", expected="a domain that handles this request", action="Correct the method that fell over."
    ):
        blank = domain.blank(request, count)
        condition, twin = domain.condition(request), domain.condition(request)
        pinned = condition.pin(blank)
        clean = pinned if states is None else condition.pin(states)
        values = domain.decode(clean)
        back = domain.encode(values)
        again = domain.encode(domain.decode(back))
    promise(
        blank.shape[0] == count,
        expected=f"blank to have {count} rows, one for each candidate",
        given=f"{blank.shape[0]}",
        action="Use `count` as the first axis.",
    )
    alike("the pinned state", pinned, blank)
    promise(
        same(condition.pin(pinned), pinned) and same(twin.pin(blank), pinned),
        expected="pins that hold: pinning twice, or for the same request again, changes nothing",
        given="a state that changes",
        action="Let the pin write constants that depend on the request alone.",
    )
    _context(condition, count)
    promise(
        len(values) == len(clean),
        expected=f"decode to return {len(clean)} values, one for each row",
        given=f"{len(values)}",
        action="Return one value a row, in order.",
    )
    promise(
        same(back, again, within=1e-4) and same(back, condition.pin(back), within=1e-4),
        expected="encode and decode to undo each other, the pinned part included",
        given="a state that drifts on the way there and back",
        action="Use the same units, order and padding in both.",
    )
    for record in (request, *values):
        _plain(record)
    for nonsense in invalid:
        _refuses(lambda request=nonsense: domain.condition(request), nonsense)  # type: ignore[misc]


def _context(condition: Condition[Tensor], count: int) -> None:
    for name, value in condition.context.items():
        promise(
            value.ndim > 0 and value.shape[0] in (1, count),
            expected=f"context[{name!r}] to have the batch, or 1, as its first axis",
            given=f"shape {tuple(value.shape)}",
            action="Add a first axis of length 1 for what all candidates share.",
        )


def _plain(record: object) -> None:
    if isinstance(record, BaseModel):
        promise(
            type(record).model_validate_json(record.model_dump_json()) == record,
            expected=f"{type(record).__name__} to survive JSON unchanged",
            given="a different record after the round trip",
            action="Use plain fields: text, finite numbers, tuples, mappings.",
        )


def _refuses(call: Callable[[], object], nonsense: object) -> None:
    try:
        call()
    except AgenticDiffusionError:
        return
    raise ContractError(
        f"no error for {nonsense!r}",
        "an InvalidStateError before any network runs",
        "Check the request in Domain.condition and say what was given, what was expected and what to do.",
    )


def check_planner(
    planner: Plans[Q, V], request: Q, *, invalid: Sequence[Q] = (), seed: int = 0
) -> Plan[Q, V]:
    """Prove a planner: a seed repeats, progress is told, deadline and stop are honoured, the plan survives JSON.

    Args:
        planner: Anything with a `plan` method; makes more than one denoising step.
        request: A possible request.
        invalid: Requests that must be refused.
        seed: The seed to plan with.

    Returns:
        The complete plan, so that a caller can look closer.

    Raises:
        ContractError: A promise is broken.
    """
    events: list[DenoiseEvent] = []
    with wired("plan", expected="a plan for a possible request"):
        plan = planner.plan(request, seed=seed, watch=events.append)
        again = planner.plan(request, seed=seed)
        stopped = planner.plan(request, seed=seed, budget=Budget(stop=lambda: True))
        late = planner.plan(request, seed=seed, budget=Budget(milliseconds=1e-6))
    _whole(plan, again, request, seed=seed)
    _told(plan, events)
    for cut, word in ((stopped, "stopped"), (late, "deadline")):
        promise(
            cut.ending == word and 1 <= cut.steps_done < plan.steps_done,
            expected=f"the best plan so far, with the ending {word!r}, when the budget says so",
            given=f"ending {cut.ending!r} after {cut.steps_done} of {plan.steps_done} steps",
            action="Look at the budget after each step, and plan with more than one step.",
        )
    _plain(request)
    typed: Any = Plan.__class_getitem__((type(request), type(plan.chosen.value)))
    promise(
        typed.model_validate_json(plan.model_dump_json()).model_dump() == plan.model_dump(),
        expected="a plan that survives JSON unchanged",
        given="a different plan after the round trip",
        action="Use plain fields in requests and values.",
    )
    for nonsense in invalid:
        _refuses(lambda request=nonsense: planner.plan(request), nonsense)  # type: ignore[misc]
    return plan


def _whole(plan: Plan[Q, V], again: Plan[Q, V], request: Q, *, seed: int) -> None:
    promise(
        plan.chosen in plan.considered and plan.request == request and plan.seed == seed,
        expected="a plan that carries its request and seed, and was chosen among those considered",
        given=f"request {plan.request!r}, seed {plan.seed}",
        action="Return one of the verified candidates.",
    )
    promise(
        (plan.chosen, plan.considered) == (again.chosen, again.considered),
        expected="the same seed to give the same plan",
        given="two different plans",
        action="Seed one generator from `seed` and draw everything from it.",
    )
    promise(
        plan.complete and plan.steps_done == plan.steps_asked,
        expected="a plan without a budget to be complete",
        given=f"{plan.steps_done} of {plan.steps_asked} steps, ending {plan.ending!r}",
        action="Make every step when nothing is short.",
    )


def _told(plan: Plan[Q, V], events: Sequence[DenoiseEvent]) -> None:
    falls = [event.step for event in events] == list(range(1, plan.steps_done + 1)) and events[-1].time == 0
    promise(
        falls and all(event.total == plan.steps_asked for event in events),
        expected="one event for each step, counted from 1, that ends at noise level 0",
        given=f"{len(events)} events for {plan.steps_done} steps",
        action="Call `watch` once after each denoising step.",
    )
