"""What is told of whole plans: the numbers by hand, and nothing of an example's own plan."""

import math

import pytest
import torch
from agentic_diffusion.planning.domains.toolplan.habits import Habits
from agentic_diffusion.planning.domains.toolplan.looks import FEW, LOOKS, SOME, looks

STOP = 3


def context():
    meets = torch.zeros(1, 3, STOP, 3)
    meets[0, 0, :, 0] = torch.tensor([0.9, 0.4, 0.1])
    meets[0, 1, :, 0] = torch.tensor([0.8, 0.0, 0.2])
    meets[0, 1, :, 1] = torch.tensor([0.5, 0.1, 0.0])
    places = torch.zeros(1, STOP, 6)
    meets[0, 1, :, 2] = torch.tensor([0.7, 0.0, 0.0])
    meets[0, 2, :, 2] = torch.tensor([0.0, 0.6, 0.0])
    places[0, 0, 4], places[0, 1, 5] = 0.3, 0.2
    places[0, :, 3] = torch.tensor([0.99, 0.49, 0.0])
    plans = torch.tensor([[[0, 1, STOP], [2, STOP, STOP]]])
    return {
        "meets": meets,
        "places": places,
        "plans": plans,
        "recalled": torch.tensor([[0.7, 0.3]]),
        "lengths": torch.tensor([[0.0, 0.2, 0.6, 0.1]]),
    }


def habits() -> Habits:
    told = Habits(STOP)
    told.count(torch.tensor([[0, 1, STOP], [0, 1, STOP], [1, 0, STOP], [2, STOP, STOP]]))
    return told


def test_numbers_by_hand() -> None:
    told = looks(torch.tensor([[0, 1, STOP], [1, 0, STOP], [2, STOP, STOP]]), context(), habits=habits())
    assert told.shape == (3, LOOKS)
    assert told[:, 0].exp().tolist() == pytest.approx([0.701, 0.001, 0.301])
    assert told[:, 1].tolist() == [0, 1, 0]
    assert told[:, 2:5].tolist() == [[2, 0, 0], [2, 0, 0], [1, 1, 0]]
    assert told[0, 5:9].tolist() == pytest.approx([1.3, 0.4, 0.8, 0.0])
    assert told[0, 9:12].tolist() == pytest.approx([0.6, 0.1, 0.0])
    assert told[0, 12].exp().item() == pytest.approx(0.5)
    assert told[0, 14].exp().item() == pytest.approx(0.5)
    assert told[:, 15].tolist() == pytest.approx([0.6, 0.6, 0.2])
    assert told[:, 16:18].tolist() == pytest.approx(torch.tensor([[0.3, 0.2], [0, 0], [0, 0]]))
    assert told[0, 18:21].tolist() == pytest.approx([0.0, 1.3, 0.6])


def test_order_is_told_by_clauses_and_by_counts() -> None:
    told = looks(torch.tensor([[0, 1, STOP], [1, 0, STOP], [2, STOP, STOP]]), context(), habits=habits())
    assert told[:, 21].tolist() == [0, 1, 0]
    assert told[:, 22].tolist() == pytest.approx([math.log(2.3 / 5), math.log(1.3 / 4), 0])
    assert told[:, 23].tolist() == told[:, 24].tolist() == pytest.approx([2, -2, 0], abs=1e-4)
    assert (
        told[:, 27].tolist() == told[:, 28].tolist() == pytest.approx([math.log(2.5 / 1.5), math.log(0.6), 0])
    )


def test_the_plan_of_an_example_does_not_count_for_itself() -> None:
    x, own = torch.tensor([[0, 1, STOP], [1, 0, STOP]]), torch.tensor([[0, 1, STOP]])
    told = looks(x, {**context(), "own": own, "times": torch.ones(1)}, habits=habits())
    assert told[:, 22].tolist() == pytest.approx([math.log(1.3 / 4), math.log(1.3 / 4)])
    assert told[:, 27].tolist() == pytest.approx([0, 0])


def test_a_pair_that_comes_twice_in_a_plan_is_left_out_twice() -> None:
    own = torch.tensor([[0, 1, 0, 1]])
    told, x = Habits(STOP), torch.tensor([[0, 1, STOP, STOP], [1, 0, STOP, STOP]])
    told.count(own)
    about = {**context(), "plans": torch.full((1, 2, 4), STOP), "own": own, "times": torch.ones(1)}
    numbers = looks(x, {**about, "lengths": torch.zeros(1, 5)}, habits=told)
    nothing = math.log(FEW / SOME)
    assert numbers[:, 22].tolist() == pytest.approx([nothing, nothing])
    assert numbers[:, 27].tolist() == pytest.approx([0, 0])
