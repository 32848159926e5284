"""Saving: the same planner comes back, and what is no planner is refused."""

from dataclasses import replace

import pytest
import torch
from agentic_diffusion import store
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import InvalidConfigError, StoreError
from agentic_diffusion.planning.domains.toolplan.lesson import prepare
from agentic_diffusion.planning.domains.toolplan.planner import tool_planner
from agentic_diffusion.planning.domains.toolplan.requests import ToolRequest, chain
from agentic_diffusion.planning.domains.toolplan.saving import packed, unpacked
from agentic_diffusion.planning.domains.toolplan.standing import Standing
from agentic_diffusion.planning.domains.toolplan.training import ToolTraining
from agentic_diffusion.planning.domains.toolplan.trust import ToolTrust


def taught(tools):
    stand = Standing(64).fit(["book a flight", "book me"])
    planner = tool_planner(tools, stand=stand, slots=3, width=16, count=8, goals=("booking",))
    goals = ("book a flight to Oslo", "book me a flight", "a flight for Ben")
    examples = [(ToolRequest(goal=goal), chain("search_flights", "book_flight")) for goal in goals]
    lesson = prepare(planner.domain, examples, phrases=[[("a flight", "search_flights")], [], []])
    training = ToolTraining(
        planner, examples, recipe=Recipe(steps=2), batch=2, lesson=lesson, folds=2, second=1e-3
    )
    list(training.run())
    return training.planner


def test_the_same_planner_comes_back(tools, tmp_path, ask) -> None:
    planner = taught(tools)
    store.save(tmp_path, *packed(planner))
    bundle = store.load(tmp_path)
    back = unpacked(bundle.tensors, bundle.card)
    assert back.verify.second is not None
    assert back.verify.second.glance.likelihood == planner.verify.second.glance.likelihood
    assert torch.equal(back.verify.second.glance.weights, planner.verify.second.glance.weights)
    assert back.domain.read.stand.share == planner.domain.read.stand.share
    assert back.domain.read.phrases is not None
    for seed in range(2):
        one, two = planner.plan(ask, seed=seed), back.plan(ask, seed=seed)
        assert one.chosen.value == two.chosen.value
        assert one.confidence == pytest.approx(two.confidence, abs=1e-4)
        assert one.unfamiliar == pytest.approx(two.unfamiliar, abs=1e-3)
    assert replace(back.verify, second=None) == replace(planner.verify, second=None)


def test_an_untrained_planner_with_links_comes_back_too(tools, ask) -> None:
    planner = tool_planner(tools, links=[("search_flights", "book_flight")], slots=3, width=16)
    assert unpacked(*packed(planner)).plan(ask).considered == planner.plan(ask).considered


def test_guides_must_be_given_again_and_are_carried_on_by_training(tools, ask) -> None:
    trust = ToolTrust()
    planner = trust.guide(tool_planner(tools, slots=3, width=16))
    examples = [(ToolRequest(goal="book a flight"), chain("search_flights", "book_flight"))]
    training = ToolTraining(planner, examples, recipe=Recipe(steps=1), batch=1)
    list(training.run())
    assert training.planner.guides == planner.guides != ()
    tensors, card = packed(planner)
    assert card["guides"] == ["Trusted"]
    with pytest.raises(StoreError, match="saved with Trusted"):
        unpacked(tensors, card)
    assert unpacked(tensors, card, guides=planner.guides).guides == planner.guides
    assert unpacked(tensors, card, guides=()).guides == ()


def test_other_encoders_must_be_given_again(tools, ask) -> None:
    def encode(texts):
        return torch.tensor([[float(len(text)), 1.0] for text in texts])

    planner = tool_planner(tools, slots=3, width=16, encode=encode)
    tensors, card = packed(planner)
    assert unpacked(tensors, card, encode=encode).plan(ask).considered == planner.plan(ask).considered
    with pytest.raises(StoreError, match="encode"):
        unpacked(tensors, card)


def test_what_is_no_tool_planner_is_refused(tools, recall) -> None:
    tensors, card = packed(tool_planner(tools, slots=3, width=16))
    with pytest.raises(StoreError, match="maze"):
        unpacked(tensors, {**card, "kind": "maze"})
    for wrong in ({"slots": 4}, {"tools": []}, {"width": None}):
        with pytest.raises(StoreError, match="cannot be put together"):
            unpacked(tensors, {**card, **wrong})
    with pytest.raises(InvalidConfigError):
        packed(recall(("send_email",)))
    planner = tool_planner(tools, slots=3, width=16)
    with pytest.raises(InvalidConfigError):
        packed(replace(planner, domain=replace(planner.domain, read=lambda request: {})))


def test_another_way_to_see_where_words_stand_is_not_dropped_in_silence(tools) -> None:
    class Backwards:
        dim = 8

        def __call__(self, texts):
            return torch.ones(len(texts), self.dim)

    planner = tool_planner(tools, stand=Backwards(), slots=3, width=16)
    with pytest.raises(InvalidConfigError, match="Backwards"):
        packed(planner)
