"""The pipeline says what one process says, part by part and as a whole, also when its actors are killed."""

import os
import signal
import sys
from dataclasses import dataclass, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import torch
from agentic_diffusion.denoising.denoiser import RecallTrajectories
from agentic_diffusion.errors import WorkerError
from agentic_diffusion.planning.select import first
from agentic_diffusion.records import Outcome
from agentic_diffusion_evolve.crew import Role
from agentic_diffusion_evolve.explore import Explores
from agentic_diffusion_evolve.gate import Gate
from agentic_diffusion_evolve.loop import evolve
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_evolve.pipeline import Pipeline
from agentic_diffusion_evolve.world import Worlds


@dataclass(frozen=True)
class Middle:
    """Rewards what is high in the middle; the first plan of a seed whose file is missing kills who tries it."""

    folder: Path | None = None
    deadly: tuple[int, ...] = ()

    def __call__(self, plan):
        if self.folder is not None and plan.seed in self.deadly:
            mark = self.folder / str(plan.seed)
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        value = plan.chosen.value
        return [Outcome(request=plan.request, value=value, reward=value.states[4][0])]


def remember_the_best(planner, memory):
    kept = sorted(memory, key=lambda o: o.reward)[-2:]
    states = planner.domain.encode([o.value for o in kept])
    return replace(planner, denoiser=RecallTrajectories(states, planner.process.schedule))


def settings(arcs):
    heights = 2 * torch.rand(12, generator=torch.Generator().manual_seed(1)) - 1
    gate = Gate([arcs.request], Middle(), seeds=range(1000, 1012))
    return arcs.planner(heights, select=first, count=1), gate


def generations(planner, arcs, parts):
    steps = evolve(
        planner, lambda number: [arcs.request] * 6, memory=ListMemory(), rounds=2, name="test", **parts
    )
    return [(g.promoted, g.verdict, g.outcomes, g.reward) for g, _ in steps]


def alone(arcs):
    planner, gate = settings(arcs)
    return generations(planner, arcs, {"world": Middle(), "tune": remember_the_best, "gate": gate})


def together(arcs, pipeline):
    parts = {name: getattr(pipeline, name) for name in ("world", "tune", "gate", "explore")}
    return generations(settings(arcs)[0], arcs, parts)


@pytest.fixture
def ray(monkeypatch):
    spec = spec_from_file_location("imitation", Path(__file__).with_name("imitation.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.imitation(deadly=lambda words: getattr(words[0], "seed", None) == 77)
    monkeypatch.setitem(sys.modules, "ray", made)
    return made


def test_the_pipeline_says_what_one_process_says(ray, arcs) -> None:
    _, gate = settings(arcs)
    roles = {"generators": Role(2), "verifiers": Role(3), "tuner": Role(gpus=1), "judges": Role(1)}
    with Pipeline(Middle(), tune=remember_the_best, gate=gate, **roles) as pipeline:
        assert isinstance(pipeline.explore, Explores)
        assert isinstance(pipeline.world, Worlds)
        assert [crew.role.actors for crew in pipeline.crews] == [2, 3, 1, 1]
        told = together(arcs, pipeline)
    assert told == alone(arcs)
    assert any(
        promoted for promoted, *_ in told
    )  # something was promoted, so that new planners have travelled
    assert len(ray.killed) == 7
    assert [settings["num_cpus"] for settings in ray.started] == [7]


def test_single_calls_and_deaths(ray, arcs) -> None:
    planner, gate = settings(arcs)
    with Pipeline(Middle(), tune=remember_the_best, gate=gate, retries=0) as pipeline:
        (plan,) = pipeline.explore(planner, arcs.request, seed=3)
        assert plan.chosen == planner.plan(arcs.request, seed=3).chosen
        assert pipeline.world(plan)[0].reward == Middle()(plan)[0].reward
        with pytest.raises(WorkerError, match="died 1 times, the last time with plan 1"):
            list(pipeline.world.each([plan, plan.model_copy(update={"seed": 77})]))


@pytest.mark.slow
def test_a_real_cluster_survives_killed_actors(arcs, tmp_path) -> None:
    ray = pytest.importorskip("ray")
    _, gate = settings(arcs)
    world = Middle(tmp_path, deadly=(2, 1_000_004))
    try:
        with Pipeline(world, tune=remember_the_best, gate=gate, judges=Role(1)) as pipeline:
            told = together(arcs, pipeline)
    finally:
        ray.shutdown()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1000004", "2"]
    assert told == alone(arcs)
