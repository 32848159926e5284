"""The workshop: data, training, score and card; what is interrupted goes on."""

import os
import signal
from dataclasses import replace

import pytest
import torch
from agentic_diffusion import store
from agentic_diffusion.compute import Compute
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli import workshop
from agentic_diffusion_cli.workshop import DATA, SCORE_SEED, make_data, make_planner
from agentic_diffusion_worlds.maze.dataset import Recipe, generate
from agentic_diffusion_worlds.maze.map import MEDIUM, UMAZE
from agentic_diffusion_worlds.maze.planner import load_planner
from agentic_diffusion_worlds.maze.recording import load, save


def test_data_are_those_of_the_recipe(tmp_path):
    recipe = Recipe(UMAZE, size=700, seed=3)
    made = make_data(recipe, folder=tmp_path)
    assert made.transitions == 700
    assert made.sha256 == generate(recipe).sha256()
    assert made.seconds > 0
    assert made.cpu_seconds >= 0
    assert load(tmp_path)[1]["recipe"] == recipe.card()


def test_the_card_tells_how_it_was_made(trained):
    card = store.load(trained.folder).card
    assert card == trained.card | {"weights": card["weights"], "sha256": card["sha256"]}
    assert card["command"] == "agentic-diffusion train maze"
    assert card["data_sha256"] == generate(Recipe(UMAZE, size=1500)).sha256()
    assert card["transitions"] == 1500
    assert card["hardware"]["device"] == "cpu"
    assert card["map"] == list(UMAZE.map.rows)
    assert card["seconds"] > 0
    assert card["timed_steps"] == 4
    assert card["memory"]["host_bytes"] > 10_000_000
    assert card["memory"]["device_bytes"] is None
    assert card["parameters"] == sum(t.numel() for t in store.load(trained.folder).tensors.values())
    assert card["score"]["seed"] == SCORE_SEED
    assert card["score"]["raw"]["n"] == 1


def test_only_the_planner_is_left(trained):
    assert sorted(path.suffix for path in trained.folder.iterdir()) == [".json", ".safetensors"]
    load_planner(UMAZE, trained.folder)


def test_given_data_are_used_and_left_alone(order, tmp_path):
    recipe = Recipe(UMAZE, size=800, seed=9)
    save(generate(recipe), tmp_path / "given", recipe=recipe)
    card = make_planner(order(tmp_path / "out", data=tmp_path / "given", episodes=0))
    assert card["transitions"] == 800
    assert "score" not in card
    assert load(tmp_path / "given")[1]["transitions"] == 800


def test_data_of_another_maze_are_refused(order, tmp_path):
    recipe = Recipe(MEDIUM, size=300)
    save(generate(recipe), tmp_path / "given", recipe=recipe)
    with pytest.raises(InvalidConfigError, match="medium"):
        make_planner(order(tmp_path / "out", data=tmp_path / "given"))


def test_half_made_data_of_another_run_are_refused(order, tmp_path):
    recipe = Recipe(UMAZE, size=300, seed=8)
    save(generate(recipe), tmp_path / DATA, recipe=recipe)
    with pytest.raises(InvalidConfigError, match="300 transitions"):
        make_planner(order(tmp_path))


def test_ctrl_c_keeps_the_step_and_the_same_order_goes_on(order, tmp_path, monkeypatch, trained):
    train = workshop.train

    def interrupted(*words, **more):
        for step in train(*words, **more):
            if step.step == 2:
                os.kill(os.getpid(), signal.SIGINT)
            yield step

    wanted = order(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(workshop, "train", interrupted)
        with pytest.raises(KeyboardInterrupt, match="Step 2 of 4 is kept"):
            make_planner(wanted)
    assert (tmp_path / DATA).is_dir()
    card = make_planner(wanted)
    assert card["timed_steps"] == 2
    one, two = store.load(tmp_path).tensors, store.load(trained.folder).tensors
    assert all(torch.equal(one[name], two[name]) for name in two)
    assert not (tmp_path / DATA).exists()


def test_what_is_trained_already_is_only_scored(order, tmp_path, capsys):
    wanted = order(tmp_path, episodes=0)
    first = make_planner(wanted)
    card = make_planner(replace(wanted, episodes=1))
    assert "Trained already" in capsys.readouterr().err
    assert card["seconds"] == first["seconds"]
    assert card["score"]["raw"]["n"] == 1
    other = make_planner(order(tmp_path, steps=5, episodes=0))
    assert other["recipe"]["steps"] == 5


def test_a_planner_is_scored_as_it_was_trained(order, monkeypatch, tmp_path):
    loaded = []

    def load(maze, folder, *, compute):
        loaded.append(compute)
        raise RuntimeError("enough")

    monkeypatch.setattr(workshop, "load_planner", load)
    wanted = Compute("cpu", "bf16", threads=1, recompute=True)
    with pytest.raises(RuntimeError, match="enough"):
        workshop.score(replace(order(tmp_path), compute=wanted))
    assert loaded == [replace(wanted, recompute=False)]
