"""Habits: counts by hand, and an example is never told of itself."""

import math

import pytest
import torch
from agentic_diffusion.planning.domains.toolplan.habits import SMOOTH, Habits

PLANS = torch.tensor([[0, 1, 3], [0, 1, 2], [2, 3, 3]])
NONE = torch.zeros(())


def counted(plans=PLANS) -> Habits:
    habits = Habits(3)
    habits.count(plans)
    return habits


def test_pairs_are_counted() -> None:
    habits = counted()
    following, before = habits.get_buffer("next"), habits.get_buffer("before")
    assert following.tolist() == [[0, 2, 0, 0], [0, 0, 1, 1], [0, 0, 0, 2], [2, 0, 1, 0]]
    assert before[0].tolist() == [0, 2, 1, 0]
    assert habits.get_buffer("together")[2].tolist() == [1, 1, 0, 0]


def test_log_odds_by_hand() -> None:
    habits = counted()
    share = habits.get_buffer("share")
    one, two = torch.tensor(0), torch.tensor(1)
    assert habits.right_of(one, two, NONE).item() == pytest.approx(
        math.log((2 / share[1] + SMOOTH) / (2 + SMOOTH))
    )
    assert habits.order(one, two, NONE, forward=torch.tensor(True)).item() == pytest.approx(
        math.log(2.5 / 0.5)
    )
    told = habits.local(torch.tensor([[0, 4, 4]]))
    assert told.shape == (1, 3, 4, 4)
    assert told[0, 1, 1, 0] == habits.right_of(one, two, NONE)
    assert told[0, 1, 1, 2] == habits.order(one, two, NONE, forward=torch.tensor(True))
    assert told[0, 2, :, 0].abs().sum() == 0
    assert told[0, 0, 1, 2] == 0


def test_an_example_is_not_told_of_itself() -> None:
    whole, rest = counted(), counted(PLANS[1:])
    own, times = PLANS[:1], torch.ones(1)
    x = torch.tensor([[0, 4, 3]])
    blind = whole.local(x, own, times)[0, 1, 1]
    assert torch.equal(
        whole.local(x.expand(3, -1), own, times)[2, 1, 1], blind
    )  # one example, many candidates
    assert blind[2] == rest.local(x)[0, 1, 1, 2]
    assert blind[0] < whole.local(x)[0, 1, 1, 0]
    hope = torch.tensor([[0.9, 0.8, 0.0]])
    told, honest, fresh = whole.overall(hope), whole.overall(hope, own, times), rest.overall(hope)
    assert honest[0, 1, 1] == pytest.approx(fresh[0, 1, 1].item(), abs=1e-5)
    assert told[0, 1, 1] < honest[0, 1, 1]
    assert torch.allclose(told[0, 2], honest[0, 2])
