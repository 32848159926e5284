"""Tuning: a copy learns from the best and keeps what it knew; the old planner is untouched."""

import pytest
import torch
from agentic_diffusion.denoising.denoiser import GaussianNet, MaskedNet, PredictTruth
from agentic_diffusion.denoising.nn.dit import TokenDiT
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.schedule import Linear
from agentic_diffusion.denoising.state import Condition, Inpaint, generator
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome
from agentic_diffusion_evolve.adapters import Rank
from agentic_diffusion_evolve.encoded import encode
from agentic_diffusion_evolve.keep import Keep
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_evolve.tune import FineTune, adapt_diffuser, latest, weights_of, with_weights
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


def test_without_trust_or_weights_nothing_is_tuned(arcs, old) -> None:
    tune = FineTune(old, Recipe(steps=1))
    planner = arcs.planner([0.0])
    assert tune(planner, ListMemory()) is planner
    memory = ListMemory()
    memory.add_many(arcs.outcomes([0.0], [1.0]))
    with pytest.raises(InvalidConfigError, match="without weights"):
        tune(planner, memory)
    for wrong in ({"share": 0.0}, {"new": 0.0}, {"batch": 1}, {"floor": -1.0}):
        with pytest.raises(InvalidConfigError):
            FineTune(old, Recipe(steps=1), **wrong)


def test_credit_enters_what_is_kept_and_how_often_it_is_drawn(arcs, old) -> None:
    outcomes = arcs.outcomes([0.0, 0.2, 0.4, 0.6], [1, 2, 3, 4])
    shares = torch.tensor([1.0, 0.5, 0.25, 0.001])
    tune = FineTune(
        old, Recipe(steps=1), credits=(lambda told, data: shares, lambda told, data: 2 * shares**0)
    )
    kept, chances = tune.kept(outcomes, arcs.domain)
    assert [o.reward for o in kept] == [2, 3]  # the best half of what has credit
    assert chances.tolist() == [1.0, 0.5]
    doubted = [o.model_copy(update={"trust": 0.5}) for o in outcomes]
    assert tune.kept(doubted, arcs.domain)[1].tolist() == [0.5, 0.25]
    none = FineTune(old, Recipe(steps=1), keep=Keep(least=99))
    planner = planner_of(arcs, 0)
    assert none(planner, outcomes) is planner


def test_adapt_diffusers_recipe_is_one_threshold_and_new_data(arcs) -> None:
    recipe = Recipe(steps=20, learning_rate=3e-3, warmup=2, average=0.5)
    tune = adapt_diffuser(recipe, least=2.5, limit=1.0)
    outcomes = arcs.outcomes([0.0, 0.2, 0.4, 0.6], [1, 2, 3, 4], evidence={"residual": 0.5})
    assert [o.reward for o in tune.kept(outcomes, arcs.domain)[0]] == [3, 4]
    planner = planner_of(arcs, 0)
    assert height(tune(planner, outcomes), arcs.request) != height(planner, arcs.request)
    told = latest(adapt_diffuser(recipe, least=0), count=2)
    one, two = ListMemory(), ListMemory()
    one.add_many(outcomes[2:])
    two.add_many(outcomes)
    assert height(told(planner, one), arcs.request) == height(told(planner, two), arcs.request)


def test_adapters_train_and_end_as_plain_weights(arcs, old) -> None:
    planner = planner_of(arcs, 0)
    recipe = Recipe(steps=60, learning_rate=1e-2, warmup=2, average=0.5)
    tuned = FineTune(old, recipe, adapters=Rank(2))(planner, arcs.outcomes([0.5] * 4, [1] * 4))
    before, after = weights_of(planner), weights_of(tuned)
    assert before.keys() == after.keys()
    changed = {name: after[name] - before[name] for name in before}
    assert torch.linalg.matrix_rank(changed["network.net.2.weight"], rtol=1e-4) == 2
    assert not changed["network.net.2.bias"].any()


class Words:
    """Rows of four tokens from the letters a to c; the request is the first letter."""

    letters = "abc"

    def condition(self, request):
        mask = torch.tensor([[True, False, False, False]])
        return Condition(Inpaint(torch.full((1, 4), self.letters.index(request)), mask))

    def blank(self, request, count):
        return torch.zeros(count, 4, dtype=torch.long)

    def decode(self, x):
        return ["".join(self.letters[i] for i in row) for row in x.tolist()]

    def encode(self, values):
        return torch.tensor([[self.letters.index(letter) for letter in value] for value in values])


@pytest.mark.parametrize("adapters", [None, Rank(4)])
def test_tokens_are_tuned_alike(arcs, adapters) -> None:
    torch.manual_seed(0)
    net = TokenDiT(4, 4, width=16, depth=1, heads=2)
    process = MaskedProcess(Linear(), mask_token=3)
    domain = Words()
    planner = arcs.planner(
        [0.0],
        domain=domain,
        process=process,
        denoiser=MaskedNet(net, process.schedule, mask_token=3),
        count=32,
        steps=4,
    )

    def outcome(word, reward):
        return Outcome(request=word[0], value=word, reward=reward)

    rows = [
        outcome(f"{first}{rest}", rest == "bbb") for first in "ab" for rest in ("bbb", "aca", "ccc", "cab")
    ]
    past = encode(rows, domain)
    tune = FineTune(
        lambda rng, count: past[torch.randint(len(past), (count,), generator=rng)],
        Recipe(steps=60, learning_rate=2e-2, warmup=5, average=0.8),
        share=0.25,
        batch=32,
        adapters=adapters,
    )

    def good(planner):
        return sum(c.value == f"{q}bbb" for q in "ab" for c in planner.plan(q).considered)

    assert good(tune(planner, rows)) > good(planner) + 10
