"""Tuning: a copy learns from the best and keeps what it knew; the old planner is untouched."""

import pytest
import torch
from agentic_diffusion.denoising.denoiser import GaussianNet, PredictTruth
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome
from agentic_diffusion_evolve.encoded import encode
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_evolve.tune import FineTune, best_share, weights_of, with_weights
from torch import nn


class Tiny(nn.Module):
    """Eight numbers in, eight numbers out."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(9, 48), nn.SiLU(), nn.Linear(48, 8))

    def forward(self, x, t, context):
        return self.net(torch.cat([x.flatten(1), t[:, None]], 1)).view_as(x)


@pytest.fixture
def old(arcs):
    heights = (2 * torch.rand(200, generator=generator(0)) - 1).tolist()
    data = encode(arcs.outcomes(heights, heights), arcs.domain)
    return lambda rng, count: data[torch.randint(len(data), (count,), generator=rng)]


def planner_of(arcs, seed):
    torch.manual_seed(seed)
    return arcs.planner([0.0], denoiser=GaussianNet(Tiny(), arcs.process.schedule, target=PredictTruth()))


def height(planner, request):
    return sum(c.value.states[4][0] for s in range(8) for c in planner.plan(request, seed=s).considered) / 32


def test_plans_move_towards_what_went_well_and_the_old_planner_stays(arcs, old) -> None:
    recipe = Recipe(steps=150, learning_rate=3e-3, warmup=10, average=0.9)
    for seed in range(2):
        memory = ListMemory()
        base = FineTune(old, recipe, share=1.0)
        memory.add_many(arcs.outcomes([0.0], [0.0]))
        first = base(planner_of(arcs, seed), memory)
        heights = torch.linspace(-1, 1, 40).tolist()
        memory = ListMemory()
        memory.add_many(arcs.outcomes(heights, heights))
        before = {name: value.clone() for name, value in weights_of(first).items()}
        tuned = FineTune(old, Recipe(steps=150, learning_rate=1e-3, warmup=10, average=0.9), share=0.1)(
            first, memory
        )
        assert height(tuned, arcs.request) > height(first, arcs.request) + 0.02
        assert all(torch.equal(value, before[name]) for name, value in weights_of(first).items())
        back = with_weights(tuned, weights_of(first))
        assert height(back, arcs.request) == height(first, arcs.request)


def test_the_best_share_is_taken_within_each_task() -> None:
    rows = [("easy", r) for r in (10, 11, 12, 13)] + [("hard", r) for r in (0, 1)]
    told = [Outcome(request=q, value=r, reward=r) for q, r in rows]
    assert {o.value for o in best_share(told, 0.5)} == {12, 13, 1}
    assert best_share([told[0].model_copy(update={"trust": 0.0})], 0.5) == []


def test_without_trust_or_weights_nothing_is_tuned(arcs, old) -> None:
    tune = FineTune(old, Recipe(steps=1))
    planner = arcs.planner([0.0])
    assert tune(planner, ListMemory()) is planner
    memory = ListMemory()
    memory.add_many(arcs.outcomes([0.0], [1.0]))
    with pytest.raises(InvalidConfigError, match="without weights"):
        tune(planner, memory)
    with pytest.raises(InvalidConfigError):
        FineTune(old, Recipe(steps=1), share=0.0)
