"""Distillation of maze planners: requests anywhere in the free space, and runs that can be taken up again."""

from dataclasses import replace

import pytest
import torch
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import InvalidConfigError, StoreError
from agentic_diffusion_worlds.maze.distill import Lesson, Requests, distill
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.planner import load_network, load_planner, save_planner
from agentic_diffusion_worlds.maze.training import CHECKPOINT

GEOMETRY = Geometry(UMAZE.map)


@pytest.fixture
def lesson(tiny, tiny_network, tmp_path):
    folder = tmp_path / "teacher"
    save_planner(folder, tiny, tensors=tiny_network.state_dict(), facts={})
    return Lesson(UMAZE, Recipe(steps=4, warmup=1), folder, steps=2, batch=4, seed=1)


def test_requests_begin_and_end_where_the_ball_fits(tiny):
    trajectories = tiny.trajectories(GEOMETRY)
    draw = Requests(trajectories, GEOMETRY, batch=200)
    blank, condition = draw(generator(0))
    assert blank.shape == (200, 16, 4)
    known = condition.context["known"]
    assert known[:, [0, -1]].all()
    assert not known[:, 1:-1].any()
    ends = trajectories.limits.stretch(condition.pin(blank)[:, [0, -1]]).double()
    assert GEOMETRY.is_free(ends[..., :2].numpy(), slack=1e-4).all()
    assert ends[:, 1, 2:].abs().max() < 1e-5
    rests = (ends[:, 0, 2:].abs() < 1e-5).all(dim=1).float().mean()
    assert 0.35 < rests < 0.65
    assert torch.equal(draw(generator(0))[1].pin.values, condition.pin.values)
    assert not torch.equal(draw(generator(1))[1].pin.values, condition.pin.values)


def test_a_run_is_taken_up_again_and_the_planner_knows_its_step(lesson, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert [step.step for step in distill(lesson, folder=whole, facts={"command": "said"})] == [1, 2, 3, 4]
    first = distill(lesson, folder=parts, facts={})
    next(first), next(first)
    first.close()
    assert [step.step for step in distill(lesson, folder=parts, facts={})] == [3, 4]
    one, two = (load_network(folder)[1].state_dict() for folder in (whole, parts))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not (parts / CHECKPOINT).exists()
    _, _, bundle = load_network(whole)
    card = bundle.card
    assert {value.dtype for value in bundle.tensors.values()} == {torch.int8, torch.float16}
    assert (card["one_step"], card["teacher_steps"], card["command"]) == (True, 2, "said")
    assert load_planner(UMAZE, whole).steps == 1
    with pytest.raises(InvalidConfigError, match="one step"):
        load_planner(UMAZE, whole, steps=3)
    again = distill(replace(lesson, teacher=whole), folder=tmp_path / "again", facts={})
    with pytest.raises(InvalidConfigError, match="one step itself"):
        next(again)


def test_a_checkpoint_of_another_lesson_is_refused(lesson, tmp_path):
    steps = distill(lesson, folder=tmp_path / "one", facts={})
    next(steps)
    steps.close()
    with pytest.raises(StoreError, match="another run"):
        next(distill(replace(lesson, batch=8), folder=tmp_path / "one", facts={}))
