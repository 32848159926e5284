"""Other ways to evolve: what AdaptDiffuser learns from, and lies that are told to memory and gate."""

from dataclasses import replace

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli.evolve_maze import Settings, Workplace, at_own_pace
from agentic_diffusion_cli.evolve_ways import (
    STRANGER,
    Poisoned,
    Sampled,
    Watched,
    adapt_way,
    ours_way,
    poisoned_way,
    ungated,
)
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.planner import Design
from agentic_diffusion_worlds.maze.practice import RESIDUAL

SETTINGS = Settings(tasks=2, exams=4, steps=1, batch=2, old=1000, candidates=4)
PLACE = Workplace(UMAZE, Design(horizon=32, stride=8), SETTINGS)


@pytest.fixture(scope="module")
def plan(routes):
    planner = at_own_pace(routes.make_planner(UMAZE, stride=8), UMAZE)
    return planner.plan(PLACE.errands(1)[0], seed=1)


def test_sampled_plans_are_told_as_they_were_planned(plan):
    told = Sampled(PLACE.exam(), 3)(plan)
    assert len(told) == 3
    assert {o.value for o in told} <= {c.value for c in plan.considered}


def test_adapt_diffuser_learns_from_values_alone_and_has_no_gate(plan, order, trained):
    from agentic_diffusion_worlds.maze.planner import load_planner

    planner = load_planner(UMAZE, trained.folder, count=2)
    way = adapt_way(PLACE)
    assert way.gate is ungated
    assert way.gate(planner, planner).passed
    memory = ListMemory()
    request = PLACE.errands(1)[0]
    short = replace(PLACE, design=trained_design(trained))
    memory.add_many(replace(way.world, exam=short.exam())(planner.plan(request, seed=0)))
    assert way.tune(planner, memory).denoiser is not planner.denoiser


def trained_design(trained):
    return Design(**trained.card["design"])


def test_a_stranger_claims_what_was_never_driven(plan):
    world = Sampled(PLACE.exam(), 4)
    truth, lies = world(plan), Poisoned(world, share=1.0)(plan)
    for true, lie in zip(truth, lies, strict=True):
        assert (lie.source, lie.reward, lie.evidence[RESIDUAL]) == (STRANGER, 1.0, 0.0)
        assert len(lie.value.states) < len(true.value.states) / 2
        assert lie.value.states[-1] == true.value.states[-1]
    assert [o.reward for o in Poisoned(world, share=0.0)(plan)] == [o.reward for o in truth]
    assert [o.source for o in Poisoned(world, 0.5)(plan)] == [o.source for o in Poisoned(world, 0.5)(plan)]
    with pytest.raises(InvalidConfigError, match="share"):
        Poisoned(world, share=2.0)


def test_only_the_first_watcher_lies(plan):
    truth = PLACE.exam()(plan)[0].reward
    told = Watched(PLACE.exam(), share=1.0)(plan)
    assert [o.reward for o in told] == [1.0, truth, truth]
    assert len({o.source for o in told}) == 3


def test_poison_comes_with_the_gate_or_without():
    old = PLACE.old()
    assert poisoned_way(PLACE, old, share=0.3, gated=False).gate is ungated
    gated = poisoned_way(PLACE, old, share=0.3, gated=True)
    assert isinstance(gated.gate.world, Watched)
    assert isinstance(gated.world, Poisoned)
    assert not isinstance(ours_way(PLACE, old).world, Poisoned)
