"""Preferences: planted rankings are recovered, circles meet, and no data says nothing."""

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Candidate, Outcome, Verdict
from agentic_diffusion_evolve.prefer import Preference, Taste, fit_preferences, implied, preferring

Items = tuple[float, ...]


def same(value):
    return value


def onehot(value):
    return [float(value == index) for index in range(3)]


@pytest.mark.parametrize("seed", range(4))
def test_planted_weights_are_recovered_from_noisy_choices(seed) -> None:
    rng = np.random.default_rng(seed)
    planted = np.array([2.0, -1.0, 0.5])
    pairs = []
    for _ in range(800):
        a, b = rng.normal(size=3), rng.normal(size=3)
        wins = rng.random() < 1 / (1 + np.exp(-(a - b) @ planted))
        pairs.append(Preference(better=tuple(a if wins else b), worse=tuple(b if wins else a)))
    taste = fit_preferences(pairs, same)
    assert np.asarray(taste.weights) == pytest.approx(planted, abs=0.4)
    fresh = rng.normal(size=(200, 3))
    order = np.corrcoef(
        np.argsort(np.argsort(fresh @ planted)), np.argsort(np.argsort([taste.score(v) for v in fresh]))
    )
    assert order[0, 1] > 0.95


def test_it_is_the_minimum_of_its_loss() -> None:
    rng = np.random.default_rng(5)
    pairs = [
        Preference(better=tuple(rng.normal(size=2)), worse=tuple(rng.normal(size=2)), trust=rng.random())
        for _ in range(30)
    ]
    taste = fit_preferences(pairs, same, ridge=0.5)

    def loss(w):
        gaps = np.array([np.subtract(p.better, p.worse) for p in pairs])
        return (
            sum(p.trust * np.log1p(np.exp(-g @ w)) for p, g in zip(pairs, gaps, strict=True)) + 0.25 * w @ w
        )

    best = loss(np.array(taste.weights))
    for _ in range(50):
        assert loss(np.array(taste.weights) + 0.01 * rng.normal(size=2)) > best


def test_a_circle_of_preferences_ends_in_equal_scores() -> None:
    circle = [Preference(better=a, worse=b) for a, b in ((0, 1), (1, 2), (2, 0))]
    taste = fit_preferences(circle, onehot)
    assert [taste.score(v) for v in range(3)] == pytest.approx([0, 0, 0], abs=1e-8)
    assert taste.chance(0, 1) == pytest.approx(0.5)


def test_no_data_says_nothing_and_agreement_stays_finite() -> None:
    silent = fit_preferences([], onehot)
    assert (silent.score(1), silent.chance(0, 1), silent.pairs) == (0.0, 0.5, 0)
    assert silent.shares([0, 1]) == [1.0, 1.0]
    sure = fit_preferences([Preference(better=0, worse=1)] * 1000, onehot)
    assert 0.99 < sure.chance(0, 1) < 1
    ignored = fit_preferences([Preference(better=0, worse=1, trust=0.0)], onehot)
    assert ignored.chance(0, 1) == pytest.approx(0.5)


def test_trust_decides_a_quarrel() -> None:
    quarrel = [Preference(better=0, worse=1, trust=1.0)] * 10 + [
        Preference(better=1, worse=0, trust=0.1)
    ] * 30
    assert fit_preferences(quarrel, onehot).chance(0, 1) > 0.6


def test_outcomes_imply_preferences_within_a_request_only() -> None:
    rows = [("a", 1, 3.0, 1.0), ("a", 2, 1.0, 0.5), ("a", 3, 2.9, 1.0), ("b", 4, 9.0, 1.0)]
    told = [Outcome(request=r, value=v, reward=reward, trust=trust) for r, v, reward, trust in rows]
    pairs = implied(told, margin=0.5, trust=0.8)
    assert {(p.better, p.worse): p.trust for p in pairs} == {(1, 2): 0.4, (3, 2): 0.4}
    assert {p.source for p in pairs} == {"outcomes"}
    assert implied([]) == []


def test_as_a_selector_and_as_weights() -> None:
    taste = Taste(same, (1.0,), 1)
    rows = [(0.2, True), (0.9, False), (0.5, True)]
    candidates = [Candidate(value=(v,), verdict=Verdict(passed=ok, score=0.0)) for v, ok in rows]
    chosen, sure = preferring(taste)(candidates)
    assert chosen.value == (0.5,)
    assert sure == pytest.approx(3 / 5)
    assert taste.select(candidates[1:2]) == (candidates[1], 0.0)
    shares = taste.shares([(0.0,), (1.0,)])
    assert sum(shares) == pytest.approx(2)
    assert shares[1] / shares[0] == pytest.approx(np.e)


def test_nonsense_is_refused() -> None:
    pair = Preference(better=(1.0,), worse=(2.0, 3.0, 4.0))
    for call in (
        lambda: fit_preferences([], same, ridge=0.0),
        lambda: fit_preferences([pair, Preference(better=(1.0,), worse=(2.0,))], same),
        lambda: fit_preferences([Preference(better=(1.0,), worse=(0.0,))], lambda v: [float("inf")]),
        lambda: Taste(same).shares([]),
    ):
        with pytest.raises(InvalidConfigError):
            call()
