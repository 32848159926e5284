"""Shift: falls are noticed soon, false alarms are rare, and strange inputs are called new."""

import math

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_evolve.shift import Drift, fit_novelty


def watch(rewards):
    """Return after how many rewards the alarm came, or None."""
    drift = Drift()
    for count, reward in enumerate(rewards, 1):
        drift = drift.after(float(reward))
        if drift.alarmed:
            return count
    return None


def test_a_fall_is_noticed_soon_and_steady_rewards_raise_no_alarm() -> None:
    rng = np.random.default_rng(0)
    calm = [watch(rng.normal(5, 2, 300)) for _ in range(200)]
    assert np.mean([c is not None for c in calm]) <= 0.05
    delays = [watch(np.concatenate([rng.normal(5, 2, 100), rng.normal(2, 2, 100)])) for _ in range(200)]
    late = [d - 100 for d in delays if d is not None]
    assert len(late) >= 195
    assert np.mean(late) < 25


def test_a_rise_is_no_reason_for_alarm() -> None:
    rng = np.random.default_rng(1)
    rises = [watch(np.concatenate([rng.normal(0, 1, 100), rng.normal(3, 1, 200)])) for _ in range(50)]
    assert sum(r is not None for r in rises) <= 2


def test_a_watch_is_a_value_and_a_constant_that_drops_is_noticed() -> None:
    start = Drift(warmup=3)
    after = start.after(1.0).after(1.0).after(1.0)
    assert (start.seen, after.seen, after.alarmed) == (0, 3, False)
    assert not after.after(1.0).alarmed
    assert after.after(0.9).alarmed


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_ordinary_inputs_are_seldom_new_and_strange_ones_always(share) -> None:
    rng = np.random.default_rng(2)
    scale = np.array([1.0, 100.0, 0.01])
    novelty = fit_novelty((rng.normal(size=(400, 3)) * scale).tolist(), false_alarms=share)
    fresh = rng.normal(size=(1000, 3)) * scale
    assert np.mean([novelty.is_new(row.tolist()) for row in fresh]) <= share + 0.03
    for index in range(3):
        strange = np.zeros(3)
        strange[index] = 6 * scale[index]
        assert novelty.is_new(strange.tolist())
    assert novelty.score([math.nan, 0.0, 0.0]) == math.inf


def test_the_score_is_the_distance_to_the_kth_neighbour() -> None:
    rows = [[0.0], [1.0], [2.0], [10.0]]
    novelty = fit_novelty(rows, neighbours=2)
    unit = np.std([0, 1, 2, 10])
    assert novelty.score([0.0]) == pytest.approx(1 / unit)
    assert novelty.score([5.0]) == pytest.approx(4 / unit)


def test_nonsense_is_refused() -> None:
    for call in (
        lambda: Drift(warmup=1),
        lambda: Drift(limit=0.0),
        lambda: fit_novelty([[1.0], [2.0]], neighbours=5),
        lambda: fit_novelty([[1.0], [math.inf], [2.0]], neighbours=1),
        lambda: fit_novelty([[1.0], [2.0], [3.0]], neighbours=1, false_alarms=0.0),
    ):
        with pytest.raises(InvalidConfigError):
            call()


def test_the_watch_says_when_the_fall_began() -> None:
    watch = Drift(warmup=10)
    for n in range(40):
        watch = watch.after(float(n % 2))
    assert watch.falling <= 1
    steps = 0
    while not watch.alarmed:
        watch, steps = watch.after(-1.0), steps + 1
    assert steps <= watch.falling <= steps + 1
    assert steps < 10
