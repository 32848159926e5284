"""Training: what is interrupted and taken up again comes to the same as what was not."""

import json
from dataclasses import replace

import pytest
import torch
from agentic_diffusion import store
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import StoreError
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.planner import load_network, save_planner
from agentic_diffusion_worlds.maze.training import CHECKPOINT, Run, train

STEPS = 6


@pytest.fixture(scope="module")
def run(tiny):
    return Run(UMAZE, tiny, Recipe(steps=STEPS, warmup=2, learning_rate=1e-2), batch=8, seed=3)


@pytest.fixture(scope="module")
def whole(run, umaze_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    steps = list(train(run, umaze_data, folder=folder, facts={"command": "said"}))
    return folder, steps


def same(a, b):
    one, two = load_network(a)[1].state_dict(), load_network(b)[1].state_dict()
    return all(torch.equal(one[name], two[name]) for name in one)


def test_a_run_leaves_a_planner_and_its_facts(whole, run, umaze_data):
    folder, steps = whole
    assert [step.step for step in steps] == list(range(1, STEPS + 1))
    card = load_network(folder)[2].card
    assert card["command"] == "said"
    assert card["data_sha256"] == umaze_data.sha256()
    assert card["maze"] == "umaze"
    assert card["seed"] == 3
    assert card["recipe"]["steps"] == STEPS
    assert not (folder / CHECKPOINT).exists()


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_stopping_and_going_on_comes_to_the_same(whole, run, umaze_data, tmp_path, stop):
    first = train(run, umaze_data, folder=tmp_path, facts={})
    for step in first:
        if step.step == stop:
            break
    first.close()
    assert (tmp_path / CHECKPOINT / "card.json").is_file()
    rest = list(train(run, umaze_data, folder=tmp_path, facts={}))
    assert [step.step for step in rest] == list(range(stop + 1, STEPS + 1))
    assert same(tmp_path, whole[0])
    assert not (tmp_path / CHECKPOINT).exists()


def test_a_run_goes_on_from_shards_and_planners_are_made_of_them(whole, run, umaze_data, tmp_path):
    first = train(run, umaze_data, folder=tmp_path, facts={}, sharded=True)
    for _ in range(3):
        next(first)
    first.close()
    bundle = store.load(tmp_path / CHECKPOINT)
    assert (bundle.card["shards"], bundle.card["step"]) == (1, 3)
    half = {
        name.removeprefix("average/"): value
        for name, value in bundle.tensors.items()
        if name.startswith("average/")
    }
    save_planner(tmp_path / "half", run.design, tensors=half, facts={})
    assert not same(tmp_path / "half", whole[0])
    assert len(list(train(run, umaze_data, folder=tmp_path, facts={}))) == STEPS - 3
    assert same(tmp_path, whole[0])


def test_a_crash_costs_what_came_after_the_checkpoint(whole, run, umaze_data, tmp_path):
    steps = train(run, umaze_data, folder=tmp_path, facts={}, every=2)
    while next(steps).step < 5:
        pass
    with pytest.raises(RuntimeError, match="power cut"):
        steps.throw(RuntimeError("power cut"))
    rest = list(train(run, umaze_data, folder=tmp_path, facts={}))
    assert rest[0].step == 5
    assert same(tmp_path, whole[0])


def test_a_checkpoint_of_another_run_is_refused(run, umaze_data, tmp_path):
    steps = train(run, umaze_data, folder=tmp_path, facts={})
    next(steps)
    steps.close()
    with pytest.raises(StoreError, match="another run"):
        next(train(replace(run, batch=4), umaze_data, folder=tmp_path, facts={}))


def test_a_damaged_checkpoint_is_refused(run, umaze_data, tmp_path):
    steps = train(run, umaze_data, folder=tmp_path, facts={})
    next(steps)
    steps.close()
    card = json.loads((tmp_path / CHECKPOINT / "card.json").read_text())
    (tmp_path / CHECKPOINT / card["weights"]).write_bytes(b"gone")
    with pytest.raises(StoreError, match="damaged"):
        next(train(run, umaze_data, folder=tmp_path, facts={}))


def test_the_seed_decides_and_nothing_outside_is_touched(whole, run, umaze_data, tmp_path):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    again, other = tmp_path / "again", tmp_path / "other"
    list(train(run, umaze_data, folder=again, facts={}))
    assert torch.equal(torch.random.get_rng_state(), before)
    list(train(replace(run, seed=4), umaze_data, folder=other, facts={}))
    assert same(again, whole[0])
    assert not same(other, whole[0])


def test_training_makes_the_truth_less_surprising(tiny, umaze_data, tmp_path):
    recipe = Recipe(steps=120, warmup=5, learning_rate=5e-3, average=0.9)
    losses = [
        step.loss for step in train(Run(UMAZE, tiny, recipe, batch=32), umaze_data, folder=tmp_path, facts={})
    ]
    assert sum(losses[-20:]) < 0.75 * sum(losses[:20])
    assert store.load(tmp_path).card["batch"] == 32
