"""A small world of tools that the tests of tool plans share."""

import pytest
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.denoiser import RecallTokens
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.schedule import Linear
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.judging import Feasible
from agentic_diffusion.planning.domains.toolplan.likelihood import Chained
from agentic_diffusion.planning.domains.toolplan.order import careful
from agentic_diffusion.planning.domains.toolplan.planner import Binder
from agentic_diffusion.planning.domains.toolplan.requests import ToolRequest, chain
from agentic_diffusion.planning.domains.toolplan.rules import Ruled
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.planning.select import Likeliest
from agentic_diffusion.records import ToolSpec


def _tools() -> tuple[ToolSpec, ...]:
    def schema(**types: object) -> dict[str, object]:
        return {"type": "object", "properties": types, "required": list(types)}

    return (
        ToolSpec(
            name="search_flights",
            description="Search for flights between two cities on a date",
            arguments=schema(date={"type": "string", "format": "date"}),
            gives=("flight_id",),
            reads=True,
        ),
        ToolSpec(
            name="book_flight",
            description="Book a seat on a flight",
            arguments=schema(flight_id={"type": "string"}),
            needs=("flight_id",),
            gives=("booking",),
            cost=2.0,
        ),
        ToolSpec(
            name="send_email",
            description="Send an e-mail to somebody",
            arguments=schema(email={"type": "string"}, text={"type": "string"}),
            repeats=True,
        ),
        ToolSpec(name="check_weather", description="Look up the weather of a city", reads=True),
    )


@pytest.fixture
def tools() -> tuple[ToolSpec, ...]:
    return _tools()


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue.of(_tools())


@pytest.fixture
def ask() -> ToolRequest:
    return ToolRequest(
        goal="Search for flights to Oslo on 2026-03-01, book the flight and send an email to anna@example.org"
    )


@pytest.fixture
def recall(catalogue):
    """Builds a planner that knows some plans by heart."""

    def make(*plans: tuple[str, ...], slots: int = 4, **changes: object) -> Planner:
        schedule = Linear()
        domain = ToolPlanDomain(catalogue, slots)
        process = MaskedProcess(schedule, catalogue.mask)
        memory = domain.encode([chain(*plan) for plan in plans])
        settings = {
            "domain": domain,
            "process": process,
            "denoiser": Ruled(RecallTokens(memory, catalogue.vocabulary, catalogue.mask), catalogue),
            "verify": Feasible(catalogue),
            "select": Likeliest(),
            "kernel": careful(process),
            "steps": slots,
            "count": 6,
            "compute": Compute("cpu"),
            "finish": Binder(catalogue),
            "likelihood": Chained(catalogue),
        }
        return Planner(**{**settings, **changes})

    return make
