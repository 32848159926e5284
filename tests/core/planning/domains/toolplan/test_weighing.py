"""A second look: a glance that finds what tells right from wrong, and a planner that keeps it."""

from dataclasses import replace

import pytest
import torch
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.domains.toolplan import (
    Feasible,
    ToolRequest,
    ToolTraining,
    chain,
    packed,
    tool_planner,
    unpacked,
)
from agentic_diffusion.planning.domains.toolplan.looks import LOOKS
from agentic_diffusion.planning.domains.toolplan.weighing import Tried, Weighed, fit_glance, without_own
from agentic_diffusion.planning.select import Consensus
from agentic_diffusion.records import Candidate, Verdict


def tried(count: int = 400) -> list[Tried]:
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


def test_a_glance_finds_what_tells_right_from_wrong() -> None:
    examples = tried()
    glance = fit_glance(examples, decay=1e-3)
    select = Consensus(lambda a, b: float(a == b), lambda a, b: a == b, score=Weighed(glance.likelihood))
    found = [select(one.seen(glance)) for one in examples]
    right = sum(pick.value == one.truth for (pick, _), one in zip(found, examples, strict=True))
    assert right > 0.9 * len(examples)
    assert all(
        0.5 <= sure <= 1.0001 for _, sure in found
    )  # of two candidates, which weigh e^-0.4 + e^-1.1 together
    assert fit_glance(examples, decay=1e-3).likelihood == glance.likelihood
    nothing = fit_glance([], decay=1e-3)
    assert nothing.likelihood == 1.0
    assert nothing(torch.ones(2, LOOKS)).tolist() == [0.0, 0.0]
    assert len({one.likelihood for one in without_own(examples[:100], decay=1e-3)}) == 5


def test_what_cannot_be_weighed_is_said() -> None:
    candidate = Candidate(
        value=chain("a"), verdict=Verdict(passed=True, score=0.0, evidence={"likelihood": -1.0})
    )
    with pytest.raises(InvalidStateError, match="speaks"):
        Weighed(1.0)(candidate)
    wild = tried(64)
    wild[0].told[0, 1] = torch.nan
    with pytest.raises(InvalidStateError, match="finite"):
        fit_glance(wild, decay=1e-3)


def test_a_second_look_of_another_kind_is_not_saved_and_not_dropped(tools) -> None:
    planner = tool_planner(tools, slots=4, width=16, count=4)
    other = replace(planner, verify=replace(planner.verify, second=lambda request, plans: [0.0] * len(plans)))
    with pytest.raises(InvalidConfigError, match="second look"):
        packed(other)


def test_a_second_look_without_candidates_that_pass_is_refused(tools) -> None:
    examples = [(ToolRequest(goal="mail", facts={"flight_id": "X1"}), chain("send_email"))] * 4
    fresh = tool_planner(tools, slots=4, width=16, count=4)
    fresh = replace(fresh, verify=Feasible(fresh.domain.catalogue, ("what nobody gives",)))
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
