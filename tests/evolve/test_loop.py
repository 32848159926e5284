"""Evolution: better than frozen on every seed, protected by the gate, and taken up again after a crash."""

import pytest
import torch
from agentic_diffusion.denoising.denoiser import GaussianNet, PredictTruth, RecallTrajectories
from agentic_diffusion.planning.domains.trajectory import Reach
from agentic_diffusion.planning.select import first
from agentic_diffusion.records import Outcome, Verdict
from agentic_diffusion_evolve.explore import Diverse
from agentic_diffusion_evolve.gate import Gate
from agentic_diffusion_evolve.lineage import Lineage
from agentic_diffusion_evolve.loop import ROUND, evolve
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_evolve.propose import Replay
from agentic_diffusion_evolve.tune import weights_of, with_weights
from torch import nn


def world(plan):
    value = plan.chosen.value
    return [Outcome(request=plan.request, value=value, reward=value.states[4][0])]


def recall(arcs, pick):
    """A tuner of planners that remember: what the memory holds, best or worst first."""

    def tune(planner, memory):
        from dataclasses import replace

        kept = sorted(memory, key=lambda o: pick * o.reward)[-max(4, len(memory) // 3) :]
        states = arcs.domain.encode([o.value for o in kept])
        return replace(planner, denoiser=RecallTrajectories(states, arcs.process.schedule))

    return tune


def run(arcs, seed, pick):
    heights = 2 * torch.rand(12, generator=torch.Generator().manual_seed(seed)) - 1
    frozen = arcs.planner(heights, select=first, count=1)
    steps = evolve(
        frozen,
        lambda number: [arcs.request] * 12,
        world,
        memory=ListMemory(),
        tune=recall(arcs, pick),
        gate=Gate([arcs.request], world, seeds=range(1000, 1016)),
        rounds=2,
        name=f"seed {seed}",
    )
    generations = list(steps)
    planner = generations[-1][1]
    pairs = [
        [world(p.plan(arcs.request, seed=5000 + s))[0].reward for p in (planner, frozen)] for s in range(20)
    ]
    return [g for g, _ in generations], sum(a - b for a, b in pairs) / 20, planner is frozen


def test_evolved_beats_frozen_on_every_seed(arcs) -> None:
    for seed in range(5):
        generations, gain, _ = run(arcs, seed, 1)
        assert [g.round for g in generations] == [1, 2]
        assert generations[0].outcomes == 12
        assert any(g.promoted for g in generations)
        assert gain > 0.03


def test_a_tuner_that_learns_from_the_worst_never_gets_through(arcs) -> None:
    for seed in range(4):
        generations, gain, unchanged = run(arcs, seed, -1)
        assert not any(g.promoted for g in generations)
        assert unchanged
        assert gain == 0


class Bias(nn.Module):
    """Believes in one trajectory, whatever it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.zeros(()))

    def forward(self, x, t, context):
        return self.level.expand_as(x)


@pytest.fixture
def settings(arcs):
    def raise_level(planner, memory):
        weights = weights_of(planner)
        return with_weights(planner, {name: value + 0.1 for name, value in weights.items()})

    verdicts = iter([Verdict(passed=ok, score=0.0) for ok in (True, False, True)])
    return {
        "tasks": lambda number: [arcs.request] * 3,
        "tune": raise_level,
        "gate": lambda candidate, incumbent: next(verdicts),
        "rounds": 3,
    }


def test_a_run_that_died_is_taken_up_without_repeating_anything(arcs, settings, tmp_path) -> None:
    start = arcs.planner([0.0], denoiser=GaussianNet(Bias(), arcs.process.schedule, target=PredictTruth()))
    memory, tried = ListMemory(), []

    def dying(plan):
        tried.append(plan.seed)
        if len(tried) == 5:
            raise KeyboardInterrupt
        return world(plan)

    first_run = evolve(start, world=dying, memory=memory, lineage=Lineage(tmp_path), **settings)
    generation, _ = next(first_run)
    assert (generation.round, generation.promoted, generation.outcomes) == (1, True, 3)
    with pytest.raises(KeyboardInterrupt):
        next(first_run)
    rest = list(evolve(start, world=dying, memory=memory, lineage=Lineage(tmp_path), **settings))
    assert [(g.round, g.promoted, g.outcomes) for g, _ in rest] == [(2, False, 2), (3, True, 3)]
    second, third = ROUND, 2 * ROUND
    assert tried == [0, 1, 2, second, second + 1, second + 1, second + 2, third, third + 1, third + 2]
    assert len(memory) == 9
    assert float(weights_of(rest[-1][1])["network.level"]) == pytest.approx(0.2)
    assert float(weights_of(start)["network.level"]) == 0
    assert [a.fate for a in Lineage(tmp_path).tree().generations] == [
        "founded",
        "promoted",
        "rejected",
        "promoted",
    ]
    assert list(evolve(start, world=dying, memory=memory, lineage=Lineage(tmp_path), **settings)) == []


def test_several_plans_of_a_task_are_tried_and_a_task_half_tried_is_tried_again(
    arcs, settings, tmp_path
) -> None:
    start, memory, tried = arcs.planner([0.0, 0.5]), ListMemory(), []

    def dying(plan):
        tried.append(plan.request)
        if len(tried) == 5:
            raise KeyboardInterrupt
        return world(plan)

    options = {**settings, "rounds": 1, "tune": lambda planner, memory: planner, "explore": Diverse(tries=3)}
    with pytest.raises(KeyboardInterrupt):
        list(evolve(start, world=dying, memory=memory, **options))
    assert {o.id for o in memory} == {f"evolve/1/0/{n}" for n in range(3)}
    ((generation, _),) = evolve(start, world=dying, memory=memory, **options)
    assert generation.outcomes == 6
    assert {o.id for o in memory} == {f"evolve/1/{task}/{n}" for task in range(3) for n in range(3)}


def test_a_round_with_proposers_is_taken_up_with_the_tasks_it_had(arcs, settings) -> None:
    others = [Reach(start=(0.0,), goal=(0.1 * n,)) for n in range(1, 9)]

    def run(die_at):
        memory, tried = ListMemory(), []
        memory.add_many(Outcome(id=f"old {n}", request=q, value=0, reward=n) for n, q in enumerate(others))

        def dying(plan):
            tried.append(plan.request)
            if len(tried) == die_at:
                raise KeyboardInterrupt
            return [Outcome(request=plan.request, value=0, reward=-len(tried))]

        tasks = Replay(memory, count=3)
        options = {**settings, "tasks": tasks, "rounds": 2, "tune": lambda p, m: p, "memory": memory}
        options["gate"] = lambda *pair: Verdict(passed=False, score=0.0)
        try:
            list(evolve(arcs.planner([0.0]), world=dying, **options))
        except KeyboardInterrupt:
            list(evolve(arcs.planner([0.0]), world=dying, **options))
        return {o.id: o.request for o in memory}

    assert run(die_at=5) == run(die_at=0)
