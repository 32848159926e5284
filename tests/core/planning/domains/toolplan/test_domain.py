"""The domain: the contract's proofs, pins and refusals."""

from inspect import unwrap  # types are checked by the tests before the code can

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.requests import ToolRequest, chain
from agentic_diffusion.records import PlanStep
from agentic_diffusion.testing import check_domain


def test_the_domain_keeps_its_promises(catalogue, ask) -> None:
    domain = ToolPlanDomain(catalogue, 4)
    states = torch.tensor([[0, 1, 4, 4], [2, 2, 3, 0], [4, 4, 4, 4]])
    long = ToolRequest(done=chain(*["send_email"] * 5).steps)
    check_domain(domain, ask, states=states, invalid=[ToolRequest(tools=("fly",)), long])
    begun = ToolRequest(goal="go on", done=(PlanStep(tool="check_weather"),))
    check_domain(domain, begun, invalid=[ToolRequest(done=(PlanStep(tool="fly"),))])
    assert domain.condition(begun).pin(domain.blank(begun, 2)).tolist() == [[3, 4, 4, 4]] * 2


def test_the_context_tells_what_is_available_and_known(catalogue) -> None:
    domain = ToolPlanDomain(catalogue, 4, lambda request: {"goal": torch.ones(1, 2)})
    request = ToolRequest(tools=("send_email",), facts={"flight_id": "F1", "mood": "good"})
    context = domain.condition(request).context
    assert context["available"].tolist() == [[False, False, True, False, True]]
    assert context["known"].tolist() == [[True]]
    assert context["goal"].shape == (1, 2)
    for nothing in (None, False):
        assert not domain.condition(ToolRequest(facts={"flight_id": nothing})).context["known"].any()


def test_what_is_hidden_ends_a_plan(catalogue) -> None:
    plans = ToolPlanDomain(catalogue, 3).decode(torch.tensor([[0, 5, 1], [0, 4, 1]]))
    assert [plan.tools for plan in plans] == [("search_flights",), ("search_flights",)]


def test_plans_that_do_not_fit_are_refused(catalogue) -> None:
    domain = ToolPlanDomain(catalogue, 2)
    with pytest.raises(InvalidStateError, match="3 steps"):
        domain.encode([chain(*["send_email"] * 3)])
    with pytest.raises(InvalidStateError, match="fly"):
        domain.encode([chain("fly")])
    with pytest.raises(InvalidConfigError):
        ToolPlanDomain(catalogue, 0)


def test_what_is_no_request_is_refused(catalogue) -> None:
    with pytest.raises(InvalidStateError, match=r"a request of the type dict.*model_validate"):
        unwrap(ToolPlanDomain.condition)(ToolPlanDomain(catalogue, 3), {"goal": "go"})
