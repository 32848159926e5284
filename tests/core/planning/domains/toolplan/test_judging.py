"""Feasible: what cannot be called in that order does not pass, and says why."""

import pytest
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.judging import Feasible
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest, chain
from agentic_diffusion.records import Open, PlanStep


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        ((), "it calls nothing"),
        (("book_flight",), "step 0 (book_flight) needs flight_id"),
        (("check_weather", "check_weather"), "step 1 (check_weather) is called twice"),
        (("search_flights", "book_flight", "send_email", "send_email"), None),
    ],
)
def test_faults_are_told(catalogue, plan, fault) -> None:
    (verdict,) = Feasible(catalogue)(ToolRequest(), [chain(*plan)])
    assert verdict.passed is (fault is None)
    assert verdict.evidence["faults"] == ([] if fault is None else [fault])


def test_availability_links_and_goals(tools) -> None:
    catalogue = Catalogue.of(tools, links=[("search_flights", "book_flight")])
    judge = Feasible(catalogue, goals=("booking",))
    request = ToolRequest(tools=("search_flights", "check_weather"))
    good, bad = judge(
        ToolRequest(), [chain("search_flights", "book_flight"), chain("send_email", "check_weather")]
    )
    assert good.passed
    assert good.evidence["goals"] == ["booking"]
    assert bad.evidence["faults"] == [
        "step 1 (check_weather) may not follow send_email",
        "booking does not hold in the end",
    ]
    (told,) = judge(request, [chain("search_flights", "book_flight")])
    assert told.evidence["faults"] == ["step 1 (book_flight) is not available"]


def test_only_what_is_ahead_costs_and_is_open(catalogue) -> None:
    step = PlanStep(tool="book_flight", arguments={"flight_id": Open(type="string")})
    plan = ToolPlan(
        steps=(step, PlanStep(tool="send_email", arguments={"text": Open(), "x": Open(required=False)})),
        done=1,
    )
    (verdict,) = Feasible(catalogue)(ToolRequest(done=(step,)), [plan])
    assert verdict.passed
    assert (verdict.score, verdict.evidence["cost"]) == (-1.0, 1.0)
    assert verdict.evidence["open"] == ["1.text"]
    (nothing,) = Feasible(catalogue)(ToolRequest(done=(step,)), [ToolPlan(steps=(step,), done=1)])
    assert not nothing.passed
