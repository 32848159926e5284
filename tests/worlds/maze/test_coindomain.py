"""Coins in the sampler: what is pinned, what the reward says, and what is refused."""

import numpy as np
import pytest
import torch
from agentic_diffusion.denoising.belief import Gaussian
from agentic_diffusion.denoising.guidance import RewardGradient
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion_worlds.maze.coindomain import CoinDomain, CoinReward, for_coins, shrunk
from agentic_diffusion_worlds.maze.coins import CoinTask
from agentic_diffusion_worlds.maze.domain import MazeDomain
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.planner import Design

TASK = CoinTask(start=(3.0, 1.0, 0.0, 0.0), goal=(1.0, 1.0), coin=(2.0, 3.0))


@pytest.fixture
def plain():
    geometry = Geometry(UMAZE.map)
    return MazeDomain(Design(horizon=16, stride=16).trajectories(geometry), geometry)


def test_each_candidate_passes_the_coin_at_a_moment_of_its_own(plain):
    domain = CoinDomain(plain, 5)
    moments = domain.moments()
    assert len(set(moments.tolist())) == 5
    assert 0 < moments.min() < moments.max() < 15
    condition = domain.condition(TASK)
    pinned = condition.pin(torch.zeros(5, 16, 4))
    place = shrunk(plain.trajectories.limits, TASK.coin)
    for row, moment in zip(pinned, moments, strict=True):
        assert torch.allclose(row[moment, :2], place)
        assert bool((row[moment, 2:] == 0).all())
    assert torch.equal(condition.context["known"], condition.pin.mask)
    start = plain.trajectories.limits.stretch(pinned)[:, 0]
    assert torch.allclose(start, torch.tensor(TASK.start).expand(5, 4), atol=1e-5)


def test_a_known_moment_is_one_row_for_training(plain):
    condition = CoinDomain(plain, 5).condition(TASK.model_copy(update={"moment": 7}))
    assert condition.pin.mask.shape == (1, 16, 4)
    assert condition.pin.mask[0, 7].tolist() == [True, True, False, False]


def test_without_a_coin_it_is_the_plain_task(plain):
    without = TASK.model_copy(update={"coin": None})
    for domain, task in ((CoinDomain(plain, 5), without), (CoinDomain(plain, 5, pinned=False), TASK)):
        assert domain.condition(task).pin.mask.sum() == 8
        assert domain.blank(task, 3).shape == (3, 16, 4)


@pytest.mark.parametrize(
    "change", [{"coin": (0.0, 0.0)}, {"moment": 0}, {"moment": 15}, {"goal": (0.0, 0.0)}]
)
def test_impossible_tasks_are_refused(plain, change):
    with pytest.raises(InvalidStateError):
        CoinDomain(plain, 5).condition(TASK.model_copy(update=change))


def test_impossible_settings_are_refused(plain):
    with pytest.raises(InvalidConfigError):
        CoinDomain(plain, 0)
    with pytest.raises(InvalidConfigError):
        CoinDomain(plain, 5).blank(TASK, 4)
    with pytest.raises(InvalidConfigError):
        CoinReward((1.0, 2.0), plain.trajectories.limits, softness=0.0)


def test_values_go_to_states_and_back(plain):
    domain = CoinDomain(plain, 2)
    states = 0.1 * torch.ones(2, 16, 4)
    assert torch.allclose(domain.encode(domain.decode(states)), states, atol=1e-6)


def test_the_reward_is_minus_the_squared_distance_of_the_curve(plain):
    limits = plain.trajectories.limits
    line = torch.tensor([[1.0, y, 0.0, 0.0] for y in np.linspace(1, 3, 16)])[None]
    far = line + torch.tensor([0.5, 0.0, 0.0, 0.0])
    reward = CoinReward((1.0, 2.0), limits, softness=1e-3)
    said = reward(limits.shrink(torch.cat([line, far])))
    assert said.tolist() == pytest.approx([0.0, -0.25], abs=0.01)
    states = limits.shrink(far).requires_grad_()
    (slope,) = torch.autograd.grad(reward(states).sum(), states)
    assert bool((slope[0, :, 0] <= 0).all())
    assert int(slope[0, :, 0].abs().argmax()) in (7, 8)  # between these moments the curve is nearest
    belief = Gaussian(limits.shrink(far), torch.ones(1, 1, 1), torch.ones(()))
    moved = RewardGradient(reward, scale=0.1)(belief, belief.mean, torch.tensor(0.5)).mean
    assert reward(moved) > reward(belief.mean)


def test_a_maze_planner_becomes_one_for_coins(routes):
    plain = routes.make_planner(UMAZE)
    planner = for_coins(plain, count=4, steps=2, returns=2)
    plan = planner.plan(TASK)
    assert len(plan.considered) == 4
    assert plain.denoiser.calls == 4  # two steps, each made twice
    with pytest.raises(InvalidConfigError):
        for_coins(planner)
