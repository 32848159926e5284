"""Trajectories: pins in the right place, units there and back, arrivals, and clear refusals."""

import math

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.domains.trajectory import Limits, Reach, Trajectories, Trajectory
from hypothesis import given
from hypothesis import strategies as st

LIMITS = Limits((0.0, -10.0), (4.0, 10.0))
PLAIN = Trajectories(horizon=5, limits=LIMITS, state_dim=2, seconds=0.5, tolerance=0.3)
ACTING = Trajectories(5, Limits((0.0, -10.0, -1.0), (4.0, 10.0, 1.0)), 2, 0.5, 0.3)


def test_start_and_goal_are_pinned_where_they_belong() -> None:
    condition = PLAIN.condition(Reach(start=(1.0, 5.0), goal=(4.0, None)))
    x = condition.pin(torch.full((2, 5, 2), 9.0))
    assert x[:, 0].tolist() == [[-0.5, 0.5]] * 2
    assert x[:, -1].tolist() == [[1.0, 9.0]] * 2
    assert bool((x[:, 1:-1] == 9.0).all())
    assert condition.context["known"].nonzero().tolist() == [[0, 0, 0], [0, 0, 1], [0, 4, 0]]


def test_actions_are_never_pinned_and_an_open_request_pins_nothing() -> None:
    blank = ACTING.blank(Reach(), 3)
    assert blank.shape == (3, 5, 3)
    assert not blank.any()
    pinned = ACTING.condition(Reach(start=(0.0, 0.0), goal=(4.0, 0.0))).context["known"]
    assert not pinned[..., 2].any()
    assert int(pinned.sum()) == 4
    free = ACTING.condition(Reach())
    noise = torch.randn(3, 5, 3)
    assert torch.equal(free.pin(noise), noise)
    assert not free.context["known"].any()


@given(st.lists(st.floats(-1, 1, width=32), min_size=30, max_size=30))
def test_decode_and_encode_undo_each_other(numbers: list[float]) -> None:
    x = torch.tensor(numbers).reshape(2, 5, 3)
    values = ACTING.decode(x)
    assert torch.allclose(ACTING.encode(values), x, atol=1e-5)
    first = values[0]
    assert first.states[0][0] == pytest.approx((numbers[0] + 1) * 2, abs=1e-5)
    assert first.actions[0][0] == pytest.approx(numbers[2], abs=1e-5)
    assert Trajectory.model_validate(first.model_dump(), strict=True) == first


def test_decoded_states_stay_inside_the_limits() -> None:
    value = PLAIN.decode(torch.tensor([[[-3.0, 7.0]] * 5]))[0]
    assert value.states == ((0.0, 10.0),) * 5
    assert value.actions == ()
    assert value.seconds == 0.5


def test_arrival_is_the_first_moment_of_rest() -> None:
    def path(*xs: float) -> torch.Tensor:
        return torch.stack([LIMITS.shrink(torch.tensor([x, 0.0])) for x in xs])

    rows = torch.stack(
        [
            path(0, 1, 2, 3, 4),
            path(0, 4, 4, 4, 4),
            path(4, 1, 4, 3.8, 4),  # passes the goal, leaves, and comes back
            path(2, 2, 2, 2, 2),
        ]
    )
    assert [value.arrival for value in PLAIN.decode(rows)] == [4, 1, 2, 0]


def test_a_short_trajectory_rests_at_its_end() -> None:
    short = Trajectory(states=((0.0, 0.0), (4.0, 10.0)), seconds=0.5, arrival=1)
    x = PLAIN.encode([short])
    assert x[0].tolist() == [[-1.0, 0.0]] + [[1.0, 1.0]] * 4
    assert PLAIN.decode(x)[0].arrival == 1
    assert PLAIN.encode([]).shape == (0, 5, 2)


@pytest.mark.parametrize(
    "value",
    [
        Trajectory(states=((0.0, 0.0),) * 6, seconds=0.5, arrival=0),
        Trajectory(states=((0.0, 0.0, 0.0),), seconds=0.5, arrival=0),
        Trajectory(states=((0.0, 0.0), (0.0,)), seconds=0.5, arrival=0),
        Trajectory(states=((0.0,), (0.0,)), actions=((0.0,),), seconds=0.5, arrival=0),
    ],
    ids=["long", "wide", "ragged", "lost action"],
)
def test_trajectories_that_do_not_fit_are_refused(value) -> None:
    with pytest.raises(InvalidStateError, match="at most 5 moments"):
        PLAIN.encode([value])


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Reach(start=(1.0,)), "a start of 1 numbers"),
        (Reach(goal=(1.0, 2.0, 3.0)), "or None for numbers left open"),
        (Reach(start=(5.0, 0.0)), r"start\[0\] = 5.0"),
        (Reach(goal=(1.0, -10.1)), r"goal\[1\] = -10.1"),
        (Reach.model_construct(start=(math.nan, 0.0), goal=None), "a finite number from 0 to 4"),
        (Reach.model_construct(start=(math.inf, 0.0), goal=None), "a finite number from 0 to 4"),
    ],
)
def test_impossible_requests_are_refused(request_, words) -> None:
    with pytest.raises(InvalidStateError, match=words):
        PLAIN.condition(request_)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_numbers_that_are_not_finite_never_reach_a_network(number) -> None:
    with pytest.raises(InvalidStateError, match="finite number"):
        PLAIN.condition(Reach(start=(number, 0.0)))
    by_json = Reach.model_validate_json(Reach(goal=(number, 0.0)).model_dump_json())
    with pytest.raises(InvalidStateError, match="finite number"):
        PLAIN.condition(by_json)  # and not: the goal is open


def test_a_plan_that_is_not_finite_is_refused() -> None:
    x = torch.zeros(2, 5, 2)
    x[1, 2, 0] = math.nan
    with pytest.raises(InvalidStateError, match="not finite"):
        PLAIN.decode(x)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ((0.0,), (0.0,)),
        ((0.0,), (1.0, 2.0)),
        ((-math.inf,), (1.0,)),
        ((0.0,), (math.inf,)),
        ((math.nan,), (1.0,)),
    ],
)
def test_impossible_limits_are_refused(low, high) -> None:
    with pytest.raises(InvalidConfigError, match="Limits"):
        Limits(low, high)


@pytest.mark.parametrize(
    "wrong", [{"horizon": 1}, {"state_dim": 0}, {"state_dim": 3}, {"seconds": 0.0}, {"tolerance": 0.0}]
)
def test_impossible_domains_are_refused(wrong) -> None:
    settings = {"horizon": 5, "limits": LIMITS, "state_dim": 2, "seconds": 0.5, "tolerance": 0.3}
    with pytest.raises(InvalidConfigError, match="Trajectories"):
        Trajectories(**{**settings, **wrong})


def test_stretch_undoes_shrink() -> None:
    x = torch.tensor([[0.0, -10.0], [4.0, 10.0], [1.0, 0.0]])
    assert LIMITS.shrink(x).tolist() == [[-1.0, -1.0], [1.0, 1.0], [-0.5, 0.0]]
    assert torch.allclose(LIMITS.stretch(LIMITS.shrink(x)), x)
