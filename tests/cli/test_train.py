"""The commands of training hand on what was typed."""

import re

import pytest
from agentic_diffusion_cli import workshop
from agentic_diffusion_worlds.maze.recording import load


def test_data_with_their_cost_and_hash(cli, tmp_path):
    done = cli("train", "data", "--size", "umaze", "--transitions", 600, "--out", tmp_path, "--seed", 2)
    assert done.exit_code == 0, done.output
    assert re.search(r"600 transitions in [\d.]+ s, [\d.]+ CPU-seconds", done.stdout)
    data, card = load(tmp_path)
    assert f"sha256 {data.sha256()}" in done.stdout
    assert card["recipe"]["seed"] == 2
    assert done.stdout.strip().splitlines()[-1].startswith("Next: agentic-diffusion train maze --size umaze")


@pytest.fixture
def ordered(monkeypatch):
    orders = []

    def make(order):
        orders.append(order)
        score = {"ci95": [1.0, 3.0], "mean": 2.0, "n": 7}
        scores = {"raw": score, "reached": {"mean": 1.0}, "plan_ms_p50": 12.3}
        return {"parameters": 1234, "seconds": 5.0, **({"score": scores} if order.episodes else {})}

    monkeypatch.setattr(workshop, "make_planner", make)
    return orders


def test_every_option_reaches_the_order(cli, ordered, tmp_path):
    words = "--size medium --steps 7 --batch 5 --width 32 --depth 2 --heads 2 --patch 4 --waves 1 --learning-rate 0.01"
    more = "--average 0.9 --seed 3 --device cpu --precision bf16 --compile --threads 1 --score-episodes 9"
    more += " --accumulate 2 --matmul high --recompute"
    done = cli("train", "maze", "--out", tmp_path, "--data", tmp_path, *words.split(), *more.split())
    assert done.exit_code == 0, done.output
    (order,) = ordered
    run, design, recipe = order.run, order.run.design, order.run.recipe
    assert (run.maze.name, run.batch, run.seed) == ("medium", 5, 3)
    assert (design.width, design.depth, design.heads, design.patch, design.waves) == (32, 2, 2, 4, 1)
    assert (recipe.steps, recipe.learning_rate, recipe.average) == (7, 0.01, 0.9)
    compute = order.compute
    assert (compute.device, compute.precision, compute.compile, compute.threads) == ("cpu", "bf16", True, 1)
    assert (recipe.accumulate, compute.matmul, compute.recompute) == (2, "high", True)
    assert (order.out, order.data, order.episodes) == (tmp_path, tmp_path, 9)
    assert order.command.startswith("agentic-diffusion")
    assert "raw 2.0 ± 1.0 over 7 episodes, reached 100 %, plan p50 12 ms" in done.stdout
    assert "1,234 parameters" in done.stdout


def test_a_maze_of_ones_own(cli, ordered, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("#####\n#..G#\n#####")
    done = cli("train", "maze", "--map", path, "--out", tmp_path / "p", "--score-episodes", 0)
    assert done.exit_code == 0, done.output
    assert ordered[0].run.maze.goal == (1, 3)
    assert f"demo --map {path}" in done.stdout
    assert "episodes" not in done.stdout
    again = cli("train", "data", "--map", path, "--out", tmp_path / "d", "--transitions", 50)
    assert f"--map {path}" in again.stdout


def test_settings_that_make_no_sense_are_refused(cli, ordered, tmp_path):
    assert cli("train", "maze", "--out", tmp_path, "--learning-rate", "-1").exit_code == 2
    assert cli("train", "maze", "--out", tmp_path, "--device", "abacus").exit_code == 2
    assert not ordered
