"""Rules: what can be called where, against every plan written out."""

import itertools

import pytest
import torch
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.rules import Ruled, lawful, possible

LINKS = [("search_flights", "book_flight"), ("book_flight", "send_email"), ("send_email", "check_weather")]


def written_out(catalogue, slots, links):
    """Every plan that keeps links, stops and repeats, by brute force."""
    names = [tool.name for tool in catalogue.tools]
    plans = []
    for row in itertools.product(range(catalogue.stop + 1), repeat=slots):
        told = [names[token] for token in row if token < catalogue.stop]
        ended = list(row) == sorted(row, key=lambda token: token == catalogue.stop)
        pairs = set(itertools.pairwise(told))
        once = all(told.count(tool.name) < 2 or tool.repeats for tool in catalogue.tools)
        if ended and once and (links is None or pairs <= set(links)):
            plans.append(row)
    return torch.tensor(plans)


@pytest.mark.parametrize("links", [None, LINKS])
@pytest.mark.parametrize(
    "shown", [(5, 5, 5), (5, 1, 5), (0, 5, 5), (5, 5, 2), (5, 4, 5), (0, 5, 2), (5, 5, 3)]
)
def test_links_stops_and_repeats_match_the_plans_written_out(tools, links, shown) -> None:
    catalogue = Catalogue.of([t.model_copy(update={"needs": ()}) for t in tools], links=links)
    every = written_out(catalogue, 3, links)
    x = torch.tensor([shown])
    fits = every[((every == x) | (x == catalogue.mask)).all(dim=1)]
    expected = torch.stack([(fits == token).any(dim=0) for token in range(catalogue.stop + 1)], dim=-1)
    here = possible(
        x, catalogue, available=torch.ones(1, 5, dtype=torch.bool), known=torch.zeros(1, 0).bool()
    )
    hidden = x[0] == catalogue.mask
    told = here[0][hidden]
    if links is None:
        assert torch.equal(told, expected[hidden])
    else:  # repeats are checked pair by pair against what is shown, so a little more may look possible
        assert bool((told | ~expected[hidden]).all())
        assert int((told ^ expected[hidden]).sum()) <= 1


def test_a_need_is_met_by_facts_or_by_earlier_slots(catalogue) -> None:
    everything = torch.ones(1, 5, dtype=torch.bool)

    def book(row, known=False):
        told = possible(torch.tensor([row]), catalogue, available=everything, known=torch.tensor([[known]]))
        return told[0, :, 1].tolist()

    assert book([5, 5, 5]) == [False, True, True]
    assert book([5, 5, 5], known=True) == [True, True, True]
    assert book([3, 5, 5]) == [False, False, True]
    assert book([0, 5, 5]) == [False, True, True]


def test_what_is_not_available_is_never_called(catalogue) -> None:
    available = torch.tensor([[True, False, False, False, True]])
    told = possible(torch.full((2, 2), 5), catalogue, available=available, known=torch.tensor([[True]]))
    assert told.any(dim=(0, 1)).tolist() == [True, False, False, False, True]


def test_ruled_bars_what_cannot_be_and_leaves_training_alone(catalogue, ask) -> None:
    class Flat(torch.nn.Module):
        def forward(self, x, t, condition):
            return Categorical(torch.zeros(*x.shape, 6), x == 5, torch.ones(()))

    ruled = Ruled(Flat(), catalogue)
    context = {"available": torch.ones(1, 5, dtype=torch.bool), "known": torch.zeros(1, 1, dtype=torch.bool)}
    x, t, condition = torch.full((1, 3), 5), torch.tensor(1.0), Condition(context=context)
    assert torch.isneginf(ruled(x, t, condition).logits[0, 0]).tolist() == [
        False,
        True,
        False,
        False,
        False,
        True,
    ]
    assert not torch.isneginf(ruled.train()(x, t, condition).logits).any()


def test_equal_rows_are_asked_about_once(catalogue) -> None:
    asked = []

    def tells(x, t, condition):
        asked.append(len(x))
        logits = torch.arange(6.0).expand(*x.shape, 6) + x[..., None]
        return Categorical(logits, x == catalogue.mask, torch.ones(()))

    context = {"available": torch.ones(1, 5, dtype=torch.bool), "known": torch.zeros(1, 1).bool()}
    x = torch.tensor([[5, 5, 5], [0, 5, 5], [5, 5, 5], [0, 5, 5]])
    ruled = Ruled(tells, catalogue)
    together = ruled(x, torch.tensor(0.5), Condition(context=context))
    assert asked == [2]
    for index in range(4):
        alone = ruled(x[index : index + 1], torch.tensor(0.5), Condition(context=context))
        assert torch.equal(alone.logits[0], together.logits[index])
        assert torch.equal(alone.hidden[0], together.hidden[index])
    ruled(x, torch.tensor([0.1, 0.2, 0.3, 0.4]), Condition(context=context))
    assert asked[-1] == 4


def test_what_was_believed_of_a_row_is_kept_for_the_request(catalogue) -> None:
    asked = []

    def tells(x, t, condition):
        asked.append(x.tolist())
        logits = torch.arange(6.0).expand(*x.shape, 6) + x[..., None]
        return Categorical(logits, x == catalogue.mask, torch.ones(()))

    context = {"available": torch.ones(1, 5, dtype=torch.bool), "known": torch.zeros(1, 1).bool()}
    condition, other = Condition(context=context), Condition(context=dict(context))
    kept, plain = Ruled(tells, catalogue, keep=True), Ruled(tells, catalogue)
    first, second = torch.tensor([[5, 5, 5], [0, 5, 5]]), torch.tensor([[3, 5, 5], [0, 5, 5], [0, 5, 5]])
    with torch.no_grad():
        kept(first, torch.tensor(0.9), condition)
        told = kept(second, torch.tensor([0.1, 0.2, 0.3]), condition)
        assert asked == [[[5, 5, 5], [0, 5, 5]], [[3, 5, 5]]]
        expected = plain(second, torch.tensor(0.5), condition)
        assert torch.equal(told.logits, expected.logits)
        assert torch.equal(told.hidden, expected.hidden)
        kept(first, torch.tensor(0.9), other)
        assert asked[-1] == first.tolist()


@pytest.mark.parametrize(
    ("facts", "links", "guess", "hidden", "left"),
    [
        (False, None, (0, 0, 3), (1, 1, 1), (0, 4, 4)),
        (False, None, (2, 2, 3), (1, 1, 1), (2, 2, 3)),
        (False, None, (0, 0, 3), (0, 0, 1), (0, 0, 3)),
        (False, None, (0, 3, 0), (1, 1, 0), (0, 3, 4)),
        (False, LINKS, (0, 2, 3), (1, 1, 1), (0, 4, 4)),
        (False, LINKS, (0, 1, 2), (1, 1, 1), (0, 1, 2)),
        (True, None, (0, 1, 2), (0, 1, 1), (0, 1, 4)),
        (True, None, (0, 1, 2), (0, 0, 0), (0, 1, 2)),
    ],
)
def test_a_guess_ends_before_the_first_call_that_may_not_stand(
    tools, facts, links, guess, hidden, left
) -> None:
    known = tools if facts else [tool.model_copy(update={"needs": ()}) for tool in tools]
    catalogue = Catalogue.of(known, links=links)
    told = lawful(torch.tensor([guess]), torch.tensor([hidden]).bool(), catalogue=catalogue)
    assert tuple(told[0].tolist()) == left
