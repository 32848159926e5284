"""Schedules against independent formulas, and the laws that every schedule keeps."""

import itertools
import math

import numpy as np
import pytest
import torch
from agentic_diffusion.denoising.schedule import (
    FLOOR,
    Cosine,
    Linear,
    LogLinear,
    Schedule,
    Sigmoid,
    signal_to_noise,
    times,
)
from agentic_diffusion.errors import InvalidConfigError
from hypothesis import given
from hypothesis import strategies as st

every = pytest.mark.parametrize(
    "schedule", [Linear(), Cosine(), LogLinear(), Sigmoid(), Sigmoid(0, 3, 0.3), Cosine(0.2)], ids=repr
)

any_schedule = st.one_of(
    st.builds(Linear, st.floats(0.01, 1), st.floats(1, 50)),
    st.builds(Cosine, st.floats(0, 0.5)),
    st.builds(LogLinear, st.floats(0, 0.5)),
    st.builds(Sigmoid, st.floats(-5, 0), st.floats(1, 5), st.floats(0.1, 3)),
)


@given(any_schedule, st.lists(st.floats(0, 1, width=32), min_size=2, max_size=20))
def test_survival_never_rises_and_stays_within_its_ends(schedule: Schedule, levels: list[float]) -> None:
    survival = schedule(torch.tensor(sorted(levels)))
    assert bool((survival.diff() <= 2e-6).all())
    assert bool((survival >= FLOOR * 0.999).all())
    assert bool((survival <= 1).all())
    assert isinstance(schedule, Schedule)


@every
def test_nothing_is_lost_at_zero_not_even_by_rounding(schedule: Schedule) -> None:
    assert schedule(torch.tensor(0.0)).item() == 1.0
    assert bool((schedule(torch.zeros(33)) == 1.0).all())
    assert schedule(torch.tensor(1.0)).item() < 2e-3


def test_linear_is_the_continuous_ddpm() -> None:
    # the product of (1 - beta_k) of a thousand DDPM steps with rates 1e-4 to 0.02
    discrete = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    level = torch.arange(1, 1001, dtype=torch.float64) / 1000
    assert np.abs(Linear()(level).numpy() - discrete).max() < 2.5e-3
    for t in (0.1, 0.5, 0.9):
        rate = sum(0.1 + 19.9 * (k + 0.5) / 10_000 * t for k in range(10_000)) * t / 10_000
        assert Linear()(torch.tensor(t)).item() == pytest.approx(math.exp(-rate), rel=1e-5)


@pytest.mark.parametrize("t", [0.01, 0.3, 0.77])
def test_closed_forms(t: float) -> None:
    level = torch.tensor(t)
    turn = [math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2 for u in (t, 0.0)]
    assert Cosine()(level).item() == pytest.approx(turn[0] / turn[1], rel=1e-5)
    assert LogLinear(0.0)(level).item() == pytest.approx(1 - t, rel=1e-6)
    # the total noise is -log of survival: MDLM's -log(1 - (1 - eps) t)
    assert -math.log(LogLinear()(level).item()) == pytest.approx(-math.log1p(-(1 - 1e-3) * t), rel=1e-4)
    low, here, high = (1 / (1 + math.exp(-(u * 6 - 3) / 0.7)) for u in (0.0, t, 1.0))
    assert Sigmoid(-3, 3, 0.7)(level).item() == pytest.approx((high - here) / (high - low), rel=1e-5)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Linear(0.0, 1.0),
        lambda: Linear(2.0, 1.0),
        lambda: Linear(math.nan, 1.0),
        lambda: Cosine(-0.1),
        lambda: Cosine(1.0),
        lambda: LogLinear(-0.1),
        lambda: LogLinear(1.0),
        lambda: Sigmoid(1.0, 1.0),
        lambda: Sigmoid(temperature=0.0),
        lambda: times(0),
        lambda: times(3, last=1.0),
        lambda: times(3, last=-0.1),
        lambda: times(3, rho=0.0),
    ],
)
def test_impossible_schedules_are_refused(build) -> None:
    with pytest.raises(InvalidConfigError, match="Expected"):
        build()


def test_signal_to_noise_is_the_ratio_and_finite_at_zero() -> None:
    ratio = signal_to_noise(torch.tensor([0.25, 0.5, 1.0]))
    assert ratio.tolist() == pytest.approx([1 / 3, 1.0, 1 / FLOOR])


@given(st.integers(1, 200), st.floats(0, 0.9), st.floats(0.5, 7))
def test_times_fall_from_one_to_the_last(steps: int, last: float, rho: float) -> None:
    if (1 - last) * steps**-rho < 1e-15:  # too small a step for numbers near `last`
        return
    levels = times(steps, last=last, rho=rho)
    assert len(levels) == steps + 1
    assert levels[0] == pytest.approx(1.0)
    assert levels[-1] == last
    assert all(a > b for a, b in itertools.pairwise(levels))


def test_levels_that_are_the_same_number_are_refused() -> None:
    with pytest.raises(InvalidConfigError, match="told apart"):
        times(191, last=0.5, rho=7.0)


def test_times_even_and_crowded() -> None:
    assert times(4) == (1.0, 0.75, 0.5, 0.25, 0.0)
    assert times(4, rho=2.0) == (1.0, 0.5625, 0.25, 0.0625, 0.0)
