"""What evolution promises as a whole: tuning helps, lies do no harm, and nothing that is promoted is worse."""

from dataclasses import dataclass, replace
from statistics import fmean

import pytest
import torch
from agentic_diffusion.denoising.denoiser import GaussianNet, PredictTruth
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.records import Candidate, Outcome, Plan, Verdict
from agentic_diffusion_evolve.encoded import encode
from agentic_diffusion_evolve.explore import Diverse
from agentic_diffusion_evolve.gate import Gate
from agentic_diffusion_evolve.keep import Keep
from agentic_diffusion_evolve.loop import evolve
from agentic_diffusion_evolve.measure import student
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_evolve.tune import FineTune
from agentic_diffusion_evolve.world import Measured
from torch import nn

TARGET, SPREAD = 3.0, 1.0
YES = Verdict(passed=True, score=0.0)


@dataclass(frozen=True)
class Guess:
    """Plans a number from a normal distribution; what that is worth is known in closed form."""

    mean: float

    def plan(self, request, *, seed=0, budget=None, watch=None):
        value = self.mean + SPREAD * float(torch.randn((), generator=generator(seed)))
        candidate = Candidate(value=value, verdict=YES)
        facts = {"steps_done": 1, "steps_asked": 1, "batch": 1, "seconds": 0.0, "seed": seed}
        return Plan(request=request, chosen=candidate, confidence=0.5, considered=(candidate,), **facts)

    @property
    def worth(self):
        """E[-(v - target)²] = -(mean - target)² - spread²."""
        return -((self.mean - TARGET) ** 2) - SPREAD**2


def honest(value):
    return -((value - TARGET) ** 2)


def poisoned(lie):
    """A world in which one of four sources lies: three of the ten outcomes of each plan are its."""

    def world(plan):
        rng, value = generator(plan.seed + 1), plan.chosen.value
        noise = (0.3 * torch.randn(7, generator=rng)).tolist()
        true = [
            Outcome(request=plan.request, value=value, reward=honest(value) + noise[n], source="abcabca"[n])
            for n in range(7)
        ]
        false = [Outcome(request=plan.request, value=value, reward=lie(value), source="liar")] * 3
        return [*true, *(o.model_copy(update={"id": f"{o.id}{n}"}) for n, o in enumerate(false))]

    return world


def follow(planner, memory):
    """Move to the mean of the best tenth of what was told, true or not."""
    kept = Keep(share=0.1)(list(memory))
    return Guess(fmean(o.value for o in kept))


LIES = {
    "loud": lambda value: 100 + 10 * abs(value - TARGET),
    "opposite": lambda value: -honest(value) - 10,
    "plausible": lambda value: -((value + TARGET) ** 2),
}


def generations(lie, seed, gate):
    frozen, world, memory = Guess(0.0), poisoned(lie), ListMemory()
    steps = evolve(
        frozen,
        lambda number: ["guess"] * 12,
        world,
        memory=memory,
        tune=follow,
        gate=Gate(["guess"], world, seeds=range(10_000 * seed + 1000, 10_000 * seed + 1024))
        if gate
        else gate_of_nothing,
        rounds=5,
        explore=lambda planner, task, *, seed: [
            planner.plan(task, seed=17 * seed + offset) for offset in range(2)
        ],
        name=f"seed {seed}",
    )
    return frozen, list(steps)


def gate_of_nothing(candidate, incumbent):
    return YES


@pytest.mark.parametrize("name", LIES)
def test_poisoned_rewards_never_bring_the_active_planner_below_the_frozen_one(name) -> None:
    unguarded, guarded = [], []
    for seed in range(6):
        frozen, steps = generations(LIES[name], seed, True)
        before = frozen.worth
        for generation, active in steps:
            assert active.worth >= frozen.worth
            if generation.promoted:
                assert active.worth >= before - 0.01 * abs(before)
            before = active.worth
        guarded.append(before - frozen.worth)
        unguarded.append(generations(LIES[name], seed, False)[1][-1][1].worth - frozen.worth)
    if name == "plausible":  # what is true outnumbers it, so evolution goes on
        assert min(guarded) > 1
    else:  # the same lies do harm where nobody checks
        assert max(unguarded) < -1


def test_without_lies_evolution_comes_close_to_the_best_there_is() -> None:
    for seed in range(4):
        frozen, steps = generations(honest, seed, True)
        best = -(SPREAD**2)
        assert frozen.worth == pytest.approx(best - 9)
        assert steps[-1][1].worth > best - 2
        assert any(generation.promoted for generation, _ in steps)


class Tiny(nn.Module):
    """Eight numbers in, eight numbers out."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(9, 48), nn.SiLU(), nn.Linear(48, 8))

    def forward(self, x, t, context):
        return self.net(torch.cat([x.flatten(1), t[:, None]], 1)).view_as(x)


def test_fine_tuning_on_what_was_kept_beats_the_same_training_without_selection(arcs) -> None:
    heights = (2 * torch.rand(200, generator=generator(0)) - 1).tolist()
    data = encode(arcs.outcomes(heights, heights), arcs.domain)

    def old(rng, count):
        return data[torch.randint(len(data), (count,), generator=rng)]

    torch.manual_seed(0)
    raw = arcs.planner([0.0], denoiser=GaussianNet(Tiny(), arcs.process.schedule, target=PredictTruth()))
    first = Recipe(steps=150, learning_rate=3e-3, warmup=10, average=0.9)
    frozen = FineTune(old, first, share=1.0, new=1.0)(raw, arcs.outcomes(heights, heights))

    def middle(value):
        return value.states[4][0]

    def world(plan):
        return [Outcome(request=plan.request, value=plan.chosen.value, reward=middle(plan.chosen.value))]

    def worth(planner):
        plan = replace(planner, count=96).plan(arcs.request, seed=9000)
        return fmean(middle(c.value) for c in plan.considered)

    recipe = Recipe(steps=60, learning_rate=1e-3, warmup=5, average=0.9)
    gains: dict[str, list[float]] = {"kept": [], "all": []}
    for seed in range(4):
        memory = ListMemory()
        tuners = {
            "kept": FineTune(old, recipe, seed=seed, keep=Keep(share=0.2, limit=1.0)),
            "all": FineTune(old, recipe, seed=seed, keep=Keep(share=1.0, limit=1.0)),
        }
        ((_, tuned),) = evolve(
            frozen,
            lambda number: [arcs.request] * 8,
            Measured(world, lambda planned, happened: 0.0),
            memory=memory,
            tune=tuners["kept"],
            gate=gate_of_nothing,
            rounds=1,
            explore=lambda planner, task, *, seed, own=seed: Diverse(tries=4)(
                planner, task, seed=100 * own + seed
            ),
        )
        gains["kept"].append(worth(tuned) - worth(frozen))
        gains["all"].append(worth(tuners["all"](frozen, memory)) - worth(frozen))
    assert student(gains["kept"], 0.025) > 0
    assert student([a - b for a, b in zip(gains["kept"], gains["all"], strict=True)], 0.025) > 0
