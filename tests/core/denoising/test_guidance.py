"""Guidance against analytic tilts: Gaussian, categorical, and in sequence."""

import math
from dataclasses import replace

import pytest
import torch
from agentic_diffusion.denoising.belief import Categorical, Gaussian
from agentic_diffusion.denoising.guidance import Allowed, Guidance, RewardGradient, RewardLogits, guided
from agentic_diffusion.denoising.process import GaussianProcess, MaskedProcess
from agentic_diffusion.denoising.sample import confident, denoise, multistep
from agentic_diffusion.denoising.schedule import Cosine, LogLinear, times
from agentic_diffusion.denoising.state import Condition, generator
from agentic_diffusion.errors import InvalidConfigError

ONE = torch.ones(())
T = torch.tensor(0.5)


def test_reward_gradient_is_the_exact_tilt_for_a_linear_reward() -> None:
    """𝒩(m, v) · exp(scale · a·x) is 𝒩(m + scale · v · a, v); integrated by hand on a grid."""
    a = torch.tensor([1.5, -0.5])
    belief = Gaussian(torch.tensor([[0.3, -0.2]]), torch.tensor([[0.4, 0.1]]), ONE)
    tilted = RewardGradient(lambda x: x @ a, scale=0.8)(belief, belief.mean, T)
    grid = torch.linspace(-6, 6, 20_001, dtype=torch.float64)
    for place in range(2):
        m, v = belief.mean[0, place].double(), belief.var[0, place].double()
        density = (-((grid - m) ** 2) / (2 * v) + 0.8 * a[place] * grid).exp()
        mean = (density * grid).sum() / density.sum()
        var = (density * (grid - mean) ** 2).sum() / density.sum()
        assert tilted.mean[0, place].item() == pytest.approx(mean.item(), abs=1e-6)
        assert tilted.var[0, place].item() == pytest.approx(var.item(), abs=1e-6)


def test_guided_sampling_ends_at_the_tilted_gaussian(mixture) -> None:
    """The whole loop: 𝒩(0.2, 0.25) tilted by exp(0.8 · 2x) is 𝒩(0.6, 0.25)."""
    prior = mixture((0.2,), (0.25,), (1.0,), Cosine())
    process = GaussianProcess(prior.schedule)
    guide = RewardGradient(lambda x: 2 * x.sum(1), scale=0.8)
    loop = denoise(
        process,
        guided(prior, [guide]),
        like=torch.zeros(20_000, 1),
        condition=Condition(),
        times=times(40),
        rng=generator(6),
        kernel=multistep(process),
    )
    x = list(loop)[-1].x
    assert x.mean().item() == pytest.approx(0.2 + 0.8 * 2 * 0.25, rel=0.02)
    assert x.var().item() == pytest.approx(0.25, rel=0.03)


def test_reward_gradient_stops_clamps_and_survives_a_broken_reward() -> None:
    belief = Gaussian(torch.zeros(2, 3), ONE, ONE)
    guide = RewardGradient(lambda x: 10 * x.sum(1), stop=0.2, limit=0.5)
    assert guide(belief, belief.mean, torch.tensor(0.2)) is belief
    assert guide(belief, belief.mean, torch.tensor(0.21)).mean.unique().tolist() == [0.5]
    down = RewardGradient(lambda x: -10 * x.sum(1), limit=0.5)
    assert down(belief, belief.mean, T).mean.unique().tolist() == [-0.5]
    broken = RewardGradient(lambda x: (x[:, :1] * float("nan")).sum(1) + x[:, 1])
    assert broken(belief, belief.mean, T).mean.tolist() == [[0.0, 1.0, 0.0]] * 2


def test_reward_gradient_works_inside_inference_mode() -> None:
    with torch.inference_mode():
        belief = Gaussian(torch.zeros(1, 2) + 1, ONE, ONE)
        tilted = RewardGradient(lambda x: (x**2).sum(1))(belief, belief.mean, T)
    assert tilted.mean.tolist() == [[3.0, 3.0]]


@pytest.mark.parametrize("settings", [{"stop": -0.1}, {"stop": 1.1}, {"limit": 0.0}])
def test_impossible_guides_are_refused(settings) -> None:
    with pytest.raises(InvalidConfigError, match="RewardGradient"):
        RewardGradient(lambda x: x.sum(1), **settings)


def test_reward_logits_are_the_exact_categorical_tilt() -> None:
    p, reward = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.0, 1.0, 2.0])
    belief = Categorical(p.log().expand(2, 4, 3), torch.ones(2, 4, dtype=torch.bool), ONE)
    tilted = RewardLogits(lambda x: reward[None, None], scale=0.7)(
        belief, torch.zeros(2, 4, dtype=torch.long), T
    )
    exact = [q * math.exp(0.7 * r) for q, r in zip(p.tolist(), reward.tolist(), strict=True)]
    exact = torch.tensor(exact) / sum(exact)
    assert torch.allclose(tilted.logits.softmax(-1), exact.expand(2, 4, 3), atol=1e-6)


def test_allowed_renormalises_over_what_is_left_and_may_read_the_state() -> None:
    p = torch.tensor([0.5, 0.3, 0.2])
    belief = Categorical(p.log().expand(1, 2, 3), torch.ones(1, 2, dtype=torch.bool), ONE)

    def after_seven(x: torch.Tensor) -> torch.Tensor:
        return torch.stack([x != 7, x == x, x == x], dim=-1)

    tilted = Allowed(after_seven)(belief, torch.tensor([[7, 1]]), T).logits.softmax(-1)[0]
    assert tilted[0].tolist() == pytest.approx([0.0, 0.6, 0.4])
    assert tilted[1].tolist() == pytest.approx([0.5, 0.3, 0.2])
    none = Allowed(lambda x: torch.zeros(1, 1, 3, dtype=torch.bool))
    assert torch.equal(none(belief, torch.zeros(1, 2, dtype=torch.long), T).logits, belief.logits)


def test_forbidden_tokens_never_appear_in_a_sample() -> None:
    def uniform(x, t, condition):
        return Categorical(
            torch.zeros(*x.shape, 4).index_fill(-1, torch.tensor([3]), -torch.inf), x == 3, ONE
        )

    process = MaskedProcess(LogLinear(), 3)
    fence = Allowed(lambda x: torch.tensor([[[True, False, True, True]]]))
    loop = denoise(
        process,
        guided(uniform, [RewardLogits(lambda x: torch.tensor([[[0.0, 50.0, 0.0, 0.0]]])), fence]),
        like=torch.zeros(500, 6, dtype=torch.long),
        condition=Condition(),
        times=times(6),
        rng=generator(0),
        kernel=confident(process),
    )
    x = list(loop)[-1].x
    assert sorted(x.unique().tolist()) == [0, 2]


def test_guides_apply_first_to_last() -> None:
    def double(belief, x, t):
        return Gaussian(belief.mean * 2, belief.var, belief.weight)

    def add(belief, x, t):
        return Gaussian(belief.mean + 3, belief.var, belief.weight)

    def one(x, t, condition):
        return Gaussian(torch.ones_like(x), ONE, ONE)

    x = torch.zeros(1, 1)
    assert guided(one, [double, add])(x, T, Condition()).mean.item() == 5.0
    assert guided(one, [add, double])(x, T, Condition()).mean.item() == 8.0
    assert guided(one, [])(x, T, Condition()).mean.item() == 1.0
    assert isinstance(RewardLogits(lambda x: x), Guidance)


def test_a_guide_may_ask_for_the_condition_first() -> None:
    belief = Gaussian(torch.zeros(2, 1), ONE, ONE)

    class Further:
        """Moves as far as the condition says, and not at all without one."""

        def under(self, condition):
            return lambda belief, x, t: replace(belief, mean=belief.mean + condition.context["far"])

        def __call__(self, belief, x, t):
            return belief

    tilted = guided(lambda x, t, condition: belief, (Further(), RewardGradient(lambda x: x.sum(dim=1))))
    far = torch.tensor([[1.0], [2.0]])
    assert torch.equal(tilted(belief.mean, T, Condition(context={"far": far})).mean, far + 1)
