"""A second look: its numbers by hand, weights that find what tells right from wrong, and a planner that keeps them."""

from dataclasses import replace

import pytest
import torch
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.domains.toolplan import (
    ToolRequest,
    ToolTraining,
    chain,
    packed,
    tool_planner,
    unpacked,
)
from agentic_diffusion.planning.domains.toolplan.weighing import (
    LOOKS,
    Tried,
    Weighed,
    fit_weights,
    looks,
    without_own,
)
from agentic_diffusion.planning.select import Consensus
from agentic_diffusion.records import Candidate, Verdict

STOP = 3


def context():
    meets = torch.zeros(1, 3, STOP, 2)
    meets[0, 0, :, 0] = torch.tensor([0.9, 0.4, 0.1])
    meets[0, 1, :, 0] = torch.tensor([0.8, 0.0, 0.2])
    meets[0, 1, :, 1] = torch.tensor([0.5, 0.1, 0.0])
    places = torch.zeros(1, STOP, 4)
    places[0, :, 3] = torch.tensor([0.99, 0.49, 0.0])
    plans = torch.tensor([[[0, 1, STOP], [2, STOP, STOP]]])
    return {
        "meets": meets,
        "places": places,
        "plans": plans,
        "recalled": torch.tensor([[0.7, 0.3]]),
        "lengths": torch.tensor([[0.0, 0.2, 0.6, 0.1]]),
    }


def test_numbers_by_hand() -> None:
    told = looks(torch.tensor([[0, 1, STOP], [1, 0, STOP], [2, STOP, STOP]]), context(), tools=STOP)
    assert told.shape == (3, LOOKS)
    assert told[:, 0].exp().tolist() == pytest.approx([0.701, 0.001, 0.301])
    assert told[:, 1].tolist() == [0, 1, 0]
    assert told[:, 2:5].tolist() == [[2, 0, 0], [2, 0, 0], [1, 1, 0]]
    assert told[0, 5:9].tolist() == pytest.approx(
        [1.3, 0.4, 0.8, 0.0]
    )  # the clause that nobody spoke is left out
    assert told[0, 9:12].tolist() == pytest.approx([0.6, 0.1, 0.0])
    assert told[0, 12].exp().item() == pytest.approx(0.5)
    assert told[0, 14].exp().item() == pytest.approx(0.5)
    assert told[:, 15].tolist() == pytest.approx([0.6, 0.6, 0.2])


def tried(count: int = 60) -> list[Tried]:
    """Two candidates a request; the likelier one is right only where its first look says so."""
    rng, found = torch.Generator().manual_seed(0), []
    for _ in range(count):
        told = torch.zeros(2, 1 + LOOKS)
        told[0, 0], told[1, 0] = -0.4, -1.1
        told[:, 1] = torch.rand(2, generator=rng)
        right = int(told[1, 1] > told[0, 1])
        candidates = [
            Candidate(
                value=chain(name), verdict=Verdict(passed=True, score=0.0, evidence={"likelihood": likely})
            )
            for name, likely in zip("ab", told[:, 0].tolist(), strict=True)
        ]
        found.append(Tried(candidates, told, chain("ab"[right])))
    return found


def test_weights_find_what_tells_right_from_wrong() -> None:
    examples = tried()
    weights = fit_weights(examples, pull=0.1)
    assert weights[1] > 3
    assert weights[2:] == (0.0,) * (LOOKS - 1)
    select = Consensus(lambda a, b: float(a == b), lambda a, b: a == b, score=Weighed(weights[0]))
    found = [select(one.seen(weights)) for one in examples]
    assert sum(pick.value == one.truth for (pick, _), one in zip(found, examples, strict=True)) > 0.9 * len(
        examples
    )
    assert all(
        0.5 <= sure <= 1.0001 for _, sure in found
    )  # of two candidates, which weigh e^-0.4 + e^-1.1 together
    assert fit_weights(examples, pull=1e6)[:2] == pytest.approx((1.0, 0.0), abs=1e-3)
    assert fit_weights([], pull=1.0) == (1.0, *[0.0] * LOOKS)
    assert len(set(without_own(examples, pull=1.0))) == 5


def test_what_cannot_be_weighed_is_said() -> None:
    candidate = Candidate(
        value=chain("a"), verdict=Verdict(passed=True, score=0.0, evidence={"likelihood": -1.0})
    )
    with pytest.raises(InvalidStateError, match="speaks"):
        Weighed(1.0)(candidate)
    wild = tried(4)
    wild[0].told[0, 1] = torch.nan
    with pytest.raises(InvalidStateError, match="finite"):
        fit_weights(wild, pull=1.0)


def test_a_second_look_of_another_kind_is_not_saved_and_not_dropped(tools) -> None:
    planner = tool_planner(tools, slots=4, width=16, count=4)
    other = replace(planner, verify=replace(planner.verify, second=lambda request, plans: [0.0] * len(plans)))
    with pytest.raises(InvalidConfigError, match="second look"):
        packed(other)


def test_a_second_look_without_candidates_that_pass_is_refused(tools) -> None:
    examples = [(ToolRequest(goal="mail", facts={"flight_id": "X1"}), chain("send_email"))] * 4
    fresh = tool_planner(tools, slots=4, width=16, count=4, goals=("what nobody gives",))
    training = ToolTraining(fresh, examples, recipe=Recipe(steps=1), held_out=0.5, second=1.0)
    [*training.run()]
    with pytest.raises(InvalidStateError, match="passed"):
        _ = training.planner


def test_a_trained_planner_takes_and_keeps_its_second_look(tools, ask) -> None:
    examples = [
        (ToolRequest(goal="find a flight, book it and tell Anna"), chain("search_flights", "book_flight")),
        (ToolRequest(goal="how is the weather, tell Anna"), chain("check_weather", "send_email")),
        (ToolRequest(goal="write a mail"), chain("send_email")),
        (ToolRequest(goal="mail the weather"), chain("check_weather", "send_email")),
    ]
    fresh = tool_planner(tools, slots=4, width=16, count=4)
    training = ToolTraining(fresh, examples, recipe=Recipe(steps=1), held_out=0.5, second=1.0)
    [*training.run()]
    planner = training.planner
    plan = planner.plan(ask)
    assert all(isinstance(c.verdict.evidence["speaks"], float) for c in plan.considered)
    tensors, card = packed(planner)
    again = unpacked(tensors, card).plan(ask)
    assert again.considered == plan.considered
    assert again.confidence == pytest.approx(plan.confidence)
    plain = ToolTraining(fresh, examples, recipe=Recipe(steps=1), held_out=0.5).planner
    assert "speaks" not in plain.plan(ask).chosen.verdict.evidence
    assert replace(plain.select, score=None) == plain.select
