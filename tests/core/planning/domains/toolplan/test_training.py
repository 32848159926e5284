"""Training: what is learned is planned, and confidence is calibrated on what was held out."""

import pytest
import torch
from agentic_diffusion.denoising.denoiser import MaskedNet
from agentic_diffusion.denoising.schedule import Linear
from agentic_diffusion.denoising.state import Condition, generator
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.confidence import Logistic
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.planner import FAR, tool_planner, untrained
from agentic_diffusion.planning.domains.toolplan.requests import ToolRequest, chain
from agentic_diffusion.planning.domains.toolplan.training import Even, ToolTraining, network_of, prepare
from agentic_diffusion.records import PlanStep
from agentic_diffusion.testing import check_planner

PLANS = {
    "Tell {} that I am late": ("send_email",),
    "Is it raining where {} lives": ("check_weather",),
    "Take {} to Oslo": ("search_flights", "book_flight"),
}
PEOPLE = ("Anna", "Ben", "Chloe", "Dan", "Eve", "Finn", "Gil", "Hana")
EXAMPLES = [
    (ToolRequest(goal=text.format(who)), chain(*plan)) for who in PEOPLE for text, plan in PLANS.items()
]


@pytest.fixture(scope="module")
def trained():
    from pathlib import Path
    from runpy import run_path

    tools = run_path(str(Path(__file__).parent / "conftest.py"))["_tools"]()
    planner = tool_planner(tools, slots=3, width=16, count=4)
    training = ToolTraining(
        planner, EXAMPLES, recipe=Recipe(steps=200, learning_rate=5e-3, warmup=20, average=0.95), batch=16
    )
    steps = list(training.run())
    return planner, training, steps, training.planner


def test_what_was_taught_is_planned_and_the_old_planner_is_as_before(trained) -> None:
    planner, training, steps, taught = trained
    assert len(steps) == 200
    assert len(training.held) == 2
    for text, tools in PLANS.items():
        plan = check_planner(taught, ToolRequest(goal=text.format("Zoe")))
        assert plan.chosen.value.tools == tools
    before = planner.plan(ToolRequest(goal="Take Zoe to Oslo"))
    assert before.confidence <= 0.25
    assert before.unfamiliar == FAR
    assert network_of(planner).own.abs().sum() == 0


def test_confidence_is_calibrated_and_new_requests_are_unfamiliar(trained) -> None:
    *_, taught = trained
    assert isinstance(taught.select.calibrate, Logistic)
    near = taught.plan(ToolRequest(goal="Take Zoe to Oslo"))
    far = taught.plan(ToolRequest(goal="qwertz uiop"))
    assert near.unfamiliar is not None
    assert far.unfamiliar is not None
    assert near.unfamiliar < far.unfamiliar
    assert far.unfamiliar >= 1
    assert near.confidence > 0.25


def test_what_was_learned_is_searched_and_what_was_not_is_drawn(trained) -> None:
    planner, *_, taught = trained

    def found(which, seed):
        plan = which.plan(ToolRequest(goal="Take Zoe to Oslo, and tell Anna that I am late"), seed=seed)
        return [candidate.value.tools for candidate in plan.considered]

    assert found(taught, 0) == found(taught, 1)
    assert found(planner, 0) != found(planner, 1)


def test_without_held_out_examples_confidence_stays_low(tools) -> None:
    planner = tool_planner(tools, slots=3, width=16, count=2)
    training = ToolTraining(planner, EXAMPLES[:6], recipe=Recipe(steps=1), held_out=0.0)
    list(training.run())
    assert training.planner.select.calibrate is untrained


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


def test_hidden_slots_weigh_the_same_whatever_the_noise() -> None:
    network = torch.nn.Module()
    network.forward = lambda x, t, context: torch.zeros(*x.shape, 5)  # type: ignore[method-assign]
    even = Even(MaskedNet(network, Linear(), mask_token=4))
    x = torch.tensor([[4, 1, 1, 1], [4, 4, 4, 4], [1, 1, 1, 1]])
    told = even(x, torch.tensor([0.1, 0.9, 0.5]), Condition()).surprise(torch.ones_like(x))
    assert told[0].item() == pytest.approx(told[1].item())
    assert told[2] == 0


def test_only_tool_planners_can_be_trained(recall, tools) -> None:
    with pytest.raises(InvalidConfigError):
        ToolTraining(recall(("send_email",)), EXAMPLES)
    with pytest.raises(InvalidConfigError):
        network_of(recall(("send_email",)))
    with pytest.raises(InvalidConfigError, match="0 examples"):
        ToolTraining(tool_planner(tools, width=16), [])
