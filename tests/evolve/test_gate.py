"""The gate: it promotes what is better, stops what is worse, and one lying source changes neither."""

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome
from agentic_diffusion_evolve.gate import Gate, Trial, judge
from agentic_diffusion_evolve.measure import bootstrap

HONEST = ("a", "b", "c")


def trials(rng, gain, *, count=60, sources=HONEST, poison=0.0, lie=5.0):
    """Paired trials with a true gain; a share is reported by one source that always praises the candidate."""
    told = []
    for index in range(count):
        task = rng.normal(10, 5)
        lies = index < poison * count
        told.append(
            Trial(
                source="liar" if lies else sources[index % len(sources)],
                candidate=task + (lie if lies else gain + rng.normal(0, 0.5)),
                incumbent=task + (0.0 if lies else rng.normal(0, 0.5)),
            )
        )
    return told


def rate(gain, **settings):
    rng = np.random.default_rng(0)
    margin = settings.pop("margin", 0.0)
    bound = settings.pop("bound", None)
    extra = {"bound": bound} if bound else {}
    return np.mean([judge(trials(rng, gain, **settings), margin=margin, **extra).passed for _ in range(400)])


@pytest.mark.parametrize("sources", [("a",), ("a", "b"), HONEST, tuple("abcdefg")])
def test_a_regression_passes_in_at_most_a_share_alpha_of_cases(sources) -> None:
    assert rate(0.0, sources=sources) <= 0.05 + 0.02
    assert rate(-0.1, margin=0.1, sources=sources) <= 0.05 + 0.02
    assert rate(-0.3, sources=sources) <= 0.01


def test_a_real_gain_passes() -> None:
    assert rate(0.6) >= 0.95
    assert rate(0.4, sources=("a",)) >= 0.95
    assert rate(0.0, margin=0.6) >= 0.95


@pytest.mark.parametrize("sources", [("a",), ("a", "b"), HONEST, tuple("abcdefg")])
@pytest.mark.parametrize("lie", [0.5, 5.0, 1000.0])
def test_thirty_percent_poison_from_one_source_does_not_pass_a_regression(sources, lie) -> None:
    assert rate(-0.05, poison=0.3, sources=sources, lie=lie) <= 0.05


def test_without_the_median_the_same_poison_would_pass() -> None:
    """The test above can fail: pooling all sources lets nearly every regression through."""
    rng, passed = np.random.default_rng(0), 0
    for _ in range(100):
        pooled = [t.model_copy(update={"source": "all"}) for t in trials(rng, -0.05, poison=0.3)]
        passed += judge(pooled).passed
    assert passed > 95


def test_a_lying_source_cannot_stop_a_gain_either() -> None:
    assert rate(1.0, poison=0.3, lie=-1000.0) >= 0.95


def test_what_is_hardly_trusted_hardly_counts() -> None:
    rng = np.random.default_rng(1)
    honest = trials(rng, -0.5, count=20)
    many = [
        Trial(source="liar", trust=0.05, candidate=9.0 + 0.1 * rng.normal(), incumbent=0.0)
        for _ in range(200)
    ]
    assert not judge([*honest, *many]).passed
    nobody = judge([t.model_copy(update={"trust": 0.0}) for t in honest])
    assert not nobody.passed
    assert nobody.evidence["trials"] == 0
    assert judge([]).evidence["why"] == "no trusted trial"


def test_pairing_sees_what_unpaired_means_cannot() -> None:
    rng = np.random.default_rng(2)
    told = trials(rng, 0.5, sources=("a",))
    shuffled = [t.incumbent for t in told]
    rng.shuffle(shuffled)
    unpaired = [t.model_copy(update={"incumbent": i}) for t, i in zip(told, shuffled, strict=True)]
    assert judge(told).passed
    assert not judge(unpaired).passed


def test_the_bootstrap_decides_alike() -> None:
    assert rate(0.6, bound=bootstrap(resamples=200)) >= 0.95
    assert rate(-0.2, bound=bootstrap(resamples=200)) <= 0.05


def test_evidence_is_plain_and_complete() -> None:
    verdict = judge([Trial(source="a", candidate=c, incumbent=1.0) for c in (2.0, 2.1, 1.9, 2.0)])
    assert verdict.passed
    assert verdict.score == pytest.approx(1.0)
    told = verdict.evidence
    assert (told["trials"], told["candidate"], told["incumbent"]) == (4, pytest.approx(2.0), 1.0)
    assert told["lower"] < told["gain"] < told["upper"]
    assert told["sources"]["a"]["trials"] == 4
    assert type(verdict).model_validate_json(verdict.model_dump_json()) == verdict
    lonely = judge([Trial(source="a", candidate=9.0, incumbent=0.0)])
    assert not lonely.passed
    assert lonely.evidence["lower"] is None


def test_planners_are_tried_on_the_same_tasks_from_the_same_seeds(arcs) -> None:
    seen = []

    def world(plan):
        seen.append((plan.request, plan.seed))
        reward = sum(state[0] for state in plan.chosen.value.states)
        rows = [("camera", reward, 1.0), ("camera", reward + 2, 1.0), ("ann", reward, 0.5)]
        rows += [("only once", 1.0, 1.0)] if len(seen) % 2 else []
        return [
            Outcome(request=plan.request, value=plan.chosen.value, reward=r, source=s, trust=t)
            for s, r, t in rows
        ]

    gate = Gate([arcs.request], world, seeds=range(8))
    high, low = arcs.planner([0.6, 0.7, 0.8]), arcs.planner([0.0, 0.1, 0.2])
    verdict = gate(high, low)
    assert verdict.passed
    assert set(verdict.evidence["sources"]) == {"camera", "ann"}
    assert seen[::2] == seen[1::2]
    assert not gate(low, high).passed
    assert not gate(high, high).passed
    assert Gate([arcs.request], world, seeds=range(8), margin=0.01)(high, high).passed


@pytest.mark.parametrize(
    "wrong", [{"seeds": (1,)}, {"alpha": 0.0}, {"margin": -1.0}, {"margin": float("nan")}]
)
def test_nonsense_is_refused(wrong) -> None:
    with pytest.raises(InvalidConfigError):
        Gate(["one"], lambda plan: [], **wrong)
