"""The kit passes what is right and names what is wrong: domains and planners."""

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from agentic_diffusion.denoising.state import Condition, Inpaint
from agentic_diffusion.errors import ContractError
from agentic_diffusion.planning.domains.trajectory import Limits, Reach, Trajectories
from agentic_diffusion.records import Record
from agentic_diffusion.testing import check_domain, check_planner

ASK = Reach(start=(0.5, -0.5), goal=(1.0, None))
WRONG = Reach(start=(99.0, 0.0))
DOMAIN = Trajectories(6, Limits((-2.0, -2.0), (2.0, 2.0)), 2, 0.1, 0.1)


def test_the_houses_own_domain_and_planner_keep_their_promises(maker) -> None:
    states = torch.rand(3, 6, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
    check_domain(DOMAIN, ASK, states=states, invalid=[WRONG])
    check_domain(DOMAIN, Reach())
    plan = check_planner(maker(), ASK, invalid=[WRONG], seed=4)
    assert plan.complete
    assert plan.seed == 4


@dataclass
class Faulty:
    """A component with planted faults."""

    inner: Any
    faults: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.faults.get(name) or getattr(self.inner, name)


class Lossy(Record):
    number: float

    def __eq__(self, other: object) -> bool:
        return self is other


counter = iter(range(100))


def drifting(request):
    mask = torch.ones(1, 6, 2, dtype=torch.bool)
    return Condition(Inpaint(torch.full((1, 6, 2), float(next(counter))), mask))


DOMAINS = {
    "a blank of one": ({"blank": lambda r, n: torch.zeros(1, 6, 2)}, "blank to have 3 rows"),
    "drifting pins": ({"condition": drifting}, "pins that hold"),
    "bare context": (
        {"condition": lambda r: Condition(context={"known": torch.ones(6, 2)})},
        r"context\['known'\] to have the batch",
    ),
    "one value": ({"decode": lambda x: DOMAIN.decode(x)[:1]}, "decode to return 3 values"),
    "other units": ({"encode": lambda v: DOMAIN.encode(v) * 0.5}, "undo each other"),
    "no JSON": (
        {
            "decode": lambda x: [Lossy(number=1.0)] * len(x),
            "encode": lambda v: DOMAIN.condition(ASK).pin(torch.zeros(3, 6, 2)),
        },
        "Lossy to survive JSON",
    ),
    "crash": ({"decode": lambda x: x.nonsense()}, "AttributeError in domain"),
    "yes to all": ({"condition": lambda r: DOMAIN.condition(ASK)}, "no error for Reach"),
}


@pytest.mark.parametrize("fault", DOMAINS)
def test_each_broken_promise_of_a_domain_is_named(fault) -> None:
    faults, words = DOMAINS[fault]
    with pytest.raises(ContractError, match=words):
        check_domain(Faulty(DOMAIN, faults), ASK, invalid=[WRONG])


def tampered(planner, **changes):
    def plan(request, *, seed=0, budget=None, watch=None):
        return planner.plan(request, seed=seed, budget=budget, watch=watch).model_copy(update=changes)

    return Faulty(planner, {"plan": plan})


def test_each_broken_promise_of_a_planner_is_named(maker) -> None:
    planner, seeds = maker(), iter(range(100))
    faults = {
        "carries its request and seed": tampered(planner, seed=77),
        "the same seed to give": Faulty(
            planner,
            {
                "plan": lambda request, *, seed=0, budget=None, watch=None: planner.plan(
                    request, seed=next(seeds), budget=budget, watch=watch
                ).model_copy(update={"seed": seed})
            },
        ),
        "without a budget to be complete": tampered(planner, ending="memory"),
        "one event for each step": Faulty(
            planner,
            {"plan": lambda r, *, seed=0, budget=None, watch=None: planner.plan(r, seed=seed, budget=budget)},
        ),
        "the ending 'stopped'": Faulty(
            planner,
            {"plan": lambda r, *, seed=0, budget=None, watch=None: planner.plan(r, seed=seed, watch=watch)},
        ),
        "a plan for a possible request": Faulty(planner, {"plan": lambda r: None}),
    }
    for words, faulty in faults.items():
        with pytest.raises(ContractError, match=words):
            check_planner(faulty, ASK)
    with pytest.raises(ContractError, match="no error for"):
        check_planner(planner, ASK, invalid=[ASK])
