"""Lessons: requests are read as if they were new, and so are their phrases."""

import pytest
import torch
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.lesson import prepare
from agentic_diffusion.planning.domains.toolplan.planner import tool_planner
from agentic_diffusion.planning.domains.toolplan.requests import ToolRequest, chain
from agentic_diffusion.records import PlanStep

PLANS = {
    "Tell {} that I am late": ("send_email",),
    "Is it raining where {} lives": ("check_weather",),
    "Take {} to Oslo": ("search_flights", "book_flight"),
}
PEOPLE = ("Anna", "Ben", "Chloe", "Dan", "Eve", "Finn", "Gil", "Hana")
EXAMPLES = [
    (ToolRequest(goal=text.format(who)), chain(*plan)) for who in PEOPLE for text, plan in PLANS.items()
]


def test_a_lesson_reads_requests_as_if_they_were_new(catalogue, tools) -> None:
    domain = tool_planner(tools, slots=3, width=16).domain
    done = (
        ToolRequest(goal="go on", done=(PlanStep(tool="check_weather"),)),
        chain("check_weather", "send_email"),
    )
    told, lesson = prepare(domain, [*EXAMPLES, done])
    assert isinstance(told, ToolPlanDomain)
    assert lesson.alike.tolist() == [8.0] * 24 + [1.0]
    states, condition = lesson.draw(generator(0), torch.tensor([0, 24]), unseen=0.0)
    assert condition.pin(torch.full((2, 3), 9)).tolist() == [[9, 9, 9], [3, 9, 9]]
    assert torch.equal(condition.context["own"], states)
    known = condition.context["meets"]
    new = lesson.draw(generator(0), torch.tensor([0, 24]), unseen=1.0)[1]
    send = catalogue.token("send_email")
    assert known[0, 0, send, 0] > new.context["meets"][0, 0, send, 0] + 0.3
    assert new.context["times"].tolist() == [8.0, 1.0]


def test_phrases_of_an_example_say_nothing_of_itself(catalogue, tools) -> None:
    domain = tool_planner(tools, slots=3, width=16).domain
    said = [[("Tell her", "send_email")], [("Is it raining", "check_weather")], []]
    told, lesson = prepare(domain, EXAMPLES[:3], phrases=said)
    assert told.read.phrases.weights.shape == (2, 4)
    send = catalogue.token("send_email")
    assert lesson.known["meets"][0, 0, send, 2].abs() < 0.05
    assert told.read(EXAMPLES[0][0])["meets"][0, 0, send, 2] > 0.1
    assert torch.equal(lesson.known["meets"][2], lesson.new["meets"][2])
    with pytest.raises(InvalidConfigError, match="phrases of 1 examples"):
        prepare(domain, EXAMPLES[:3], phrases=said[:1])
