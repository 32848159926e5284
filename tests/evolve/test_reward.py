"""The reward ensemble: it learns, it is differentiable, it knows where it has no data, and it guides."""

import pytest
import torch
from agentic_diffusion.denoising.guidance import RewardGradient
from agentic_diffusion.denoising.state import Condition, generator
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.select import first
from agentic_diffusion_evolve.encoded import Encoded, encode
from agentic_diffusion_evolve.reward import RewardEnsemble, RewardModel

HEIGHTS = torch.linspace(-1, 1, 80).tolist()


@pytest.fixture
def taught(arcs):
    def teach(seed, rewards=HEIGHTS, **changes):
        model = RewardEnsemble((8, 1), process=arcs.process, seed=seed)
        report = model.fit(
            encode(arcs.outcomes(HEIGHTS, rewards, **changes), arcs.domain), rng=generator(seed)
        )
        return model, report

    return teach


def middle(plan):
    return sum(state[0] for state in plan.chosen.value.states) / 8


def test_it_learns_what_is_good_in_seconds(arcs, taught) -> None:
    model, report = taught(0)
    assert isinstance(model, RewardModel)
    assert report["loss"] < 0.6  # 1 is what a constant reaches; noisy states cannot be told exactly
    assert report["seconds"] < 60
    told = model.score(arcs.states([-0.75, 0.0, 0.75]), torch.tensor(0.0), Condition())
    assert told.tolist() == pytest.approx([-0.75, 0.0, 0.75], abs=0.2)
    half = model.score(arcs.states([-0.75, 0.75]), torch.tensor([0.2, 0.2]), Condition())
    assert half[1] > half[0]


def test_it_disagrees_where_there_was_no_data(arcs, taught) -> None:
    model, _ = taught(1)
    spread = model.disagreement(arcs.states([0.0, 0.5, 6.0, -6.0]), torch.tensor(0.0), Condition())
    assert spread[2:].min() > 3 * spread[:2].max()
    cautious = model.reward(caution=2.0)(arcs.states([6.0]))
    assert bool((cautious < model.reward()(arcs.states([6.0]))).all())


def test_as_a_guide_it_raises_the_reward_of_plans_on_every_seed(arcs, taught) -> None:
    heights = torch.linspace(-1, 1, 41)
    gains = []
    for seed in range(4):
        model, _ = taught(seed)
        guide = RewardGradient(model.reward(), scale=20.0)
        plain, uphill = (
            arcs.planner(heights, select=first, guides=guides, count=1) for guides in ((), (guide,))
        )
        pairs = [
            (middle(plain.plan(arcs.request, seed=s)), middle(uphill.plan(arcs.request, seed=s)))
            for s in range(8)
        ]
        gains.append(sum(b - a for a, b in pairs) / 8)
    assert min(gains) > 0.01


def test_what_is_not_trusted_is_not_learned(arcs) -> None:
    honest = arcs.outcomes(HEIGHTS, HEIGHTS)
    lies = arcs.outcomes(HEIGHTS, [-10 * h for h in HEIGHTS], trust=0.0)
    model = RewardEnsemble((8, 1), process=arcs.process)
    model.fit(encode([*honest, *lies], arcs.domain), rng=generator(0))
    low, high = model.score(arcs.states([-0.8, 0.8]), torch.tensor(0.0), Condition()).tolist()
    assert high - low > 1.0
    with pytest.raises(InvalidConfigError, match="trust"):
        model.fit(encode(lies, arcs.domain), rng=generator(0))


def test_it_reads_the_context_and_repeats_for_a_seed(arcs) -> None:
    rng = generator(3)
    told = torch.rand(64, 2, generator=rng)
    data = Encoded(
        torch.zeros(64, 8, 1), told[:, 0] - told[:, 1], torch.ones(64), Condition(context={"coin": told})
    )

    def scores():
        model = RewardEnsemble((8, 1), process=arcs.process, context=("coin", 2))
        model.fit(data, rng=generator(0), steps=200)
        ask = Condition(context={"coin": torch.tensor([[0.9, 0.1], [0.1, 0.9]])})
        return model.score(torch.zeros(2, 8, 1), torch.tensor(0.0), ask)

    first_time = scores()
    assert first_time[0] > first_time[1] + 0.8
    assert torch.equal(first_time, scores())


def test_one_member_cannot_disagree(arcs) -> None:
    with pytest.raises(InvalidConfigError, match="disagree"):
        RewardEnsemble((8, 1), process=arcs.process, members=1)
