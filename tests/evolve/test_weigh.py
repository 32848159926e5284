"""Weights: they tell real plans from corrupted ones, and keep their promise about real ones."""

import pytest
import torch
from agentic_diffusion.denoising.denoiser import RecallTokens, RecallTrajectories
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.schedule import LogLinear
from agentic_diffusion.denoising.state import Condition, generator
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.verify import each
from agentic_diffusion.records import Verdict
from agentic_diffusion_evolve.measure import auroc
from agentic_diffusion_evolve.weigh import (
    ManifoldDistance,
    RestorationGap,
    Weigher,
    calibrate_weigher,
    weighing,
)


def uniform(count, seed):
    return 2 * torch.rand(count, generator=generator(seed)) - 1


@pytest.fixture
def signals(arcs):
    known = arcs.states(uniform(300, 0))
    recall = RecallTrajectories(known, arcs.process.schedule)
    return {
        "gap": RestorationGap(arcs.process, recall),
        "manifold": ManifoldDistance(known),
        "residual": lambda x, condition: (x[:, 2:] - 2 * x[:, 1:-1] + x[:, :-2]).abs().amax(dim=(1, 2)),
    }


def corrupted(arcs, seed):
    """Bent at one moment, shaken all over, and cut in two: none of them is an arc."""
    rng, x = generator(seed), arcs.states(uniform(60, seed))
    bent, shaken, cut = x[:20].clone(), x[20:40].clone(), x[40:].clone()
    bent[torch.arange(20), torch.randint(2, 6, (20,), generator=rng)] += 0.3
    shaken += 0.12 * torch.randn(shaken.shape, generator=rng)
    cut[:, 4:] += 0.25
    return torch.cat([bent, shaken, cut])


@pytest.mark.parametrize("name", ["gap", "manifold", "residual"])
def test_each_signal_tells_corrupted_plans_on_every_seed(arcs, signals, name) -> None:
    pin = arcs.domain.condition(arcs.request)
    for seed in range(1, 5):
        x = torch.cat([arcs.states(uniform(60, 10 + seed)), corrupted(arcs, seed)])
        strange = signals[name](x, pin)
        assert auroc(strange.tolist(), [False] * 60 + [True] * 60) > 0.9


def test_the_weight_separates_real_from_corrupted_plans(arcs, signals) -> None:
    weigher = calibrate_weigher(list(signals.values()), arcs.states(uniform(200, 99)))
    for seed in range(1, 5):
        x = torch.cat([arcs.states(uniform(60, 10 + seed)), corrupted(arcs, seed)])
        weights = weigher(x, Condition())
        assert auroc(weights.tolist(), [True] * 60 + [False] * 60) > 0.9
        assert weights.min() > 0
        assert weights.max() <= 1


def test_few_real_plans_get_a_small_weight(arcs, signals) -> None:
    """The promise: among real plans a weight of at most a comes in at most a share a of cases."""
    weigher = calibrate_weigher([signals["gap"], signals["manifold"]], arcs.states(uniform(400, 98)))
    weights = weigher(arcs.states(uniform(2000, 97)), Condition())
    for level in (0.05, 0.1, 0.2, 0.5):
        assert float((weights <= level).float().mean()) <= level + 0.03


def test_what_is_not_a_number_weighs_the_least(arcs, signals) -> None:
    weigher = calibrate_weigher([lambda x, c: x[:, 0, 0]], torch.arange(20.0).view(20, 1, 1))
    weights = weigher(torch.tensor([float("nan"), 100.0, -5.0, 19.0]).view(4, 1, 1), Condition())
    assert weights.tolist() == pytest.approx([1 / 21, 1 / 21, 1.0, 2 / 21])


def test_the_gap_repeats_and_works_on_tokens() -> None:
    rows = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0]])
    process = MaskedProcess(LogLinear(), mask_token=4)
    gap = RestorationGap(process, RecallTokens(rows, vocabulary=5, mask_token=4), level=0.5, draws=16)
    asked = torch.tensor([[0, 1, 2, 3], [0, 1, 2, 0]])
    told = gap(asked, Condition())
    assert torch.equal(told, gap(asked, Condition()))
    assert told[0] < told[1]


def test_as_a_verifier_it_refuses_and_leaves_evidence(arcs, signals) -> None:
    weigher = calibrate_weigher([signals["manifold"]], arcs.states(uniform(200, 99)))
    bent = arcs.states([0.3])
    bent[:, 4] += 0.3
    values = [*arcs.values([0.3]), *arcs.domain.decode(bent)]
    verify = weighing(
        each(lambda r, v: Verdict(passed=True, score=2.0, evidence={"a": 1})), weigher, arcs.domain
    )
    good, bad = verify(arcs.request, values)
    assert (good.passed, bad.passed) == (True, False)
    assert good.evidence["weight"] > 0.05 > 0.01 > bad.evidence["weight"]
    assert good.evidence["a"] == 1
    assert good.score == 2.0


def test_nonsense_is_refused(arcs, signals) -> None:
    for call in (
        lambda: RestorationGap(arcs.process, None, level=0.0),
        lambda: ManifoldDistance(torch.zeros(2, 3), neighbours=3),
        lambda: calibrate_weigher([], torch.zeros(20, 1)),
        lambda: calibrate_weigher([signals["gap"]], torch.zeros(5, 8, 1)),
    ):
        with pytest.raises(InvalidConfigError):
            call()
    assert isinstance(calibrate_weigher([signals["gap"]], torch.zeros(10, 8, 1)), Weigher)
