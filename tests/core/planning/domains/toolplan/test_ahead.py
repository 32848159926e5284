"""What comes next: the short way says what the whole network says, and finds the same plans."""

from dataclasses import replace

import pytest
import torch
from agentic_diffusion.denoising.denoiser import MaskedNet
from agentic_diffusion.denoising.schedule import LogLinear
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan import ToolRequest, ToolTraining, chain, tool_planner
from agentic_diffusion.planning.domains.toolplan.ahead import Ahead
from agentic_diffusion.planning.domains.toolplan.rules import Ruled
from agentic_diffusion.planning.domains.toolplan.training import network_of

BOOK = ("search_flights", "book_flight", "send_email")
EXAMPLES = [
    (ToolRequest(goal="find a flight, book it and tell Anna"), chain(*BOOK)),
    (ToolRequest(goal="book me a flight to Oslo"), chain("search_flights", "book_flight")),
    (ToolRequest(goal="how is the weather, tell Anna"), chain("check_weather", "send_email")),
    (ToolRequest(goal="write a mail"), chain("send_email")),
]
ASKED = [
    ToolRequest(goal="a flight to Oslo and the weather"),
    ToolRequest(goal="", facts={"flight_id": "X1"}),
    ToolRequest(goal="mail and weather", tools=("send_email", "check_weather")),
    ToolRequest(goal="book it", done=chain("search_flights").steps),
]


@pytest.fixture(params=[None, [("search_flights", "book_flight"), ("book_flight", "send_email")]])
def planner(request, tools):
    """A planner with experience, and weights that let every part of the network speak."""
    fresh = tool_planner(tools, slots=4, width=16, count=5, links=request.param)
    training = ToolTraining(fresh, EXAMPLES, recipe=Recipe(steps=1), held_out=0.0)
    [*training.run()]
    told = training.planner
    with torch.no_grad():
        for weights in network_of(told).parameters():
            weights.add_(0.3 * torch.randn(weights.shape, generator=torch.Generator().manual_seed(1)))
    return told


def test_the_first_hidden_slot_is_believed_as_by_the_whole_network(planner) -> None:
    catalogue, net = planner.domain.catalogue, MaskedNet(network_of(planner), LogLinear(), mask_token=5)
    rows = [(5, 5, 5, 5), (0, 5, 5, 5), (2, 5, 5, 5), (0, 1, 5, 5), (3, 1, 5, 5), (2, 2, 2, 5), (0, 1, 2, 5)]
    whole = Ruled(net, catalogue)
    for request in ASKED:
        condition = planner.domain.condition(request)
        with torch.no_grad():
            told = Ahead(catalogue)(net, rows, condition.context)
            expected = whole(torch.tensor(rows), torch.tensor(0.5), condition).logits
        for row, here, there in zip(rows, told, expected, strict=True):
            assert torch.allclose(here, there[row.index(5)], atol=1e-4), (request, row)


def test_plans_and_likelihoods_are_the_same_the_short_way(planner) -> None:
    long = replace(planner, denoiser=Ruled(planner.denoiser.denoiser, planner.domain.catalogue, keep=True))
    assert planner.denoiser.ahead is not None
    for request in ASKED:
        short, whole = planner.plan(request), long.plan(request)
        assert [c.value for c in short.considered] == [c.value for c in whole.considered]
        assert short.chosen.value == whole.chosen.value
        assert short.confidence == pytest.approx(whole.confidence, abs=1e-4)


def test_ahead_without_keep_is_refused(planner) -> None:
    catalogue = planner.domain.catalogue
    with pytest.raises(InvalidConfigError, match="keep=False"):
        Ruled(planner.denoiser.denoiser, catalogue, ahead=Ahead(catalogue))


def test_what_is_no_beginning_takes_the_whole_network_and_changed_weights_are_seen(planner) -> None:
    catalogue, net = planner.domain.catalogue, MaskedNet(network_of(planner), LogLinear(), mask_token=5)
    context = planner.domain.condition(ASKED[0]).context
    ahead = Ahead(catalogue)
    with torch.no_grad():
        assert ahead(net, [(5, 1, 5, 5)], context) is None
        assert ahead(net, [(0, 1, 2, 2)], context) is None
        assert ahead(lambda x, t, condition: None, [(5, 5, 5, 5)], context) is None
        before = ahead(net, [(5, 5, 5, 5)], context)
        network = network_of(planner)
        for weights in (
            network.final.bias,
            network.own,
            network.gather.merge.weight,
            network.mixers[0].keys.weight,
        ):
            weights.add_(torch.randn(weights.shape, generator=torch.Generator().manual_seed(2)))
            after = ahead(net, [(5, 5, 5, 5)], context)
            assert not torch.equal(before, after)
            assert torch.equal(after, Ahead(catalogue)(net, [(5, 5, 5, 5)], context))
            before = after
        network_of(planner).train()
        assert ahead(net, [(5, 5, 5, 5)], context) is None


def test_a_search_that_is_cut_short_guesses_the_beginning_ended(planner) -> None:
    stop, asked = planner.domain.catalogue.stop, ASKED[0]
    draft = next(planner.drafts(asked))
    assert bool((draft.states[:, 1:] == stop).all())
    assert set(draft.states[:, 0].tolist()) <= set(range(stop + 1))


def test_beginnings_of_likely_known_plans_are_answered_with_the_first_question(planner) -> None:
    catalogue, net = planner.domain.catalogue, MaskedNet(network_of(planner), LogLinear(), mask_token=5)
    context, ahead = planner.domain.condition(EXAMPLES[0][0]).context, Ahead(planner.domain.catalogue)
    asked: list[int] = []
    one = ahead._one

    def counted(network, x, *more, **settings):
        asked.append(len(x))
        return one(network, x, *more, **settings)

    ahead._one = counted  # type: ignore[method-assign]
    with torch.no_grad():
        ahead(net, [(5, 5, 5, 5)], context)
        begun = [catalogue.token(name) for name in BOOK]
        guessed = ahead(net, [(*begun[:1], 5, 5, 5), (*begun[:2], 5, 5)], context)
        assert len(asked) == 1
        assert asked[0] > 2
        other = planner.domain.condition(EXAMPLES[3][0]).context
        ahead(net, [(5, 5, 5, 5)], other)
        assert len(asked) == 2
        fresh = Ahead(catalogue)(net, [(*begun[:1], 5, 5, 5), (*begun[:2], 5, 5)], context)
    assert torch.allclose(guessed, fresh, atol=1e-4)
