"""Training: what is learned is planned, and confidence is calibrated on what was held out."""

import pytest
import torch
from agentic_diffusion.denoising.denoiser import MaskedNet
from agentic_diffusion.denoising.schedule import Linear
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.confidence import Logistic
from agentic_diffusion.planning.domains.toolplan.lesson import Lesson
from agentic_diffusion.planning.domains.toolplan.planner import FAR, tool_planner, untrained
from agentic_diffusion.planning.domains.toolplan.requests import ToolRequest, chain
from agentic_diffusion.planning.domains.toolplan.training import Even, Judged, ToolTraining, network_of
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

    def found(which, goal, seed):
        plan = which.plan(ToolRequest(goal=goal), seed=seed)
        return [candidate.value.tools for candidate in plan.considered]

    late = "Take Zoe to Oslo, and tell Anna that I am late"
    assert found(taught, late, 0) == found(taught, late, 1)
    assert found(planner, "", 0) != found(planner, "", 1)


def test_without_held_out_examples_confidence_stays_low(tools) -> None:
    planner = tool_planner(tools, slots=3, width=16, count=2)
    training = ToolTraining(planner, EXAMPLES[:6], recipe=Recipe(steps=1), held_out=0.0)
    list(training.run())
    assert training.planner.select.calibrate is untrained


def test_confidence_is_fitted_on_all_examples_with_networks_that_had_not_seen_them(tools) -> None:
    planner = tool_planner(tools, slots=3, width=16, count=4)
    recipe = Recipe(steps=40, learning_rate=5e-3, warmup=20, average=0.95)
    training = ToolTraining(planner, EXAMPLES, recipe=recipe, batch=16, folds=2)
    assert len(training.seen) == 24
    assert sorted(torch.cat([held for _, held, _ in training.folds]).tolist()) == [*range(24)]
    for _, held, seen in training.folds:
        assert not set(held.tolist()) & set(seen.tolist())
        assert len(held) + len(seen) == 24
    assert len(list(training.run())) == 120
    taught = training.planner
    assert isinstance(taught.select.calibrate, Logistic)
    assert torch.equal(network_of(taught).own, training.network.own)
    assert not torch.equal(training.network.own, training.folds[0][0].own)
    again = ToolTraining(planner, EXAMPLES, recipe=Recipe(steps=1), folds=2, judged=training.judged)
    assert len(list(again.run())) == 1
    assert again.planner.select.calibrate == taught.select.calibrate
    with pytest.raises(InvalidConfigError, match="folds=1"):
        ToolTraining(planner, EXAMPLES, folds=1)


def test_each_example_is_asked_of_the_network_that_was_never_shown_it(tools, monkeypatch) -> None:
    planner = tool_planner(tools, slots=3, width=16, count=2)
    training = ToolTraining(planner, EXAMPLES, recipe=Recipe(steps=4), batch=16, folds=3)
    shown, asked, draw, ask = [], [], Lesson.draw, ToolTraining._asked

    def drawing(self, rng, index, *, unseen):
        shown.append(set(index.tolist()))
        return draw(self, rng, index, unseen=unseen)

    def asking(self, draft, held):
        asked.append((network_of(draft), held))
        return ask(self, draft, held)

    monkeypatch.setattr(Lesson, "draw", drawing)
    monkeypatch.setattr(ToolTraining, "_asked", asking)
    assert len(list(training.run())) == len(shown) == 16
    assert isinstance(training.judged, Judged)
    assert sorted(torch.cat([held for _, held in asked]).tolist()) == [*range(24)]
    for place, (network, held) in enumerate(asked, start=1):
        known = set().union(*shown[4 * place : 4 * place + 4])
        assert len(known) > 8
        assert not known & set(held.tolist())
        assert torch.equal(network.own, training.folds[place - 1][0].own)
        assert not torch.equal(network.own, training.network.own)


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
