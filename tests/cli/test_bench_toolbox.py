"""The command `bench toolbox` shows and writes paired gains."""

import json

import pytest
from agentic_diffusion_cli.bench_toolbox import metric, rows
from agentic_diffusion_cli.learning import toolbox as learning
from agentic_diffusion_cli.learning.toolbox import Result
from agentic_diffusion_worlds.toolbox.score import Tally


def result(driver, *worked, seed=0):
    cases = tuple(Tally(success=one, calls=2, cost=0.02, milliseconds=80.0) for one in worked)
    return Result(driver=driver, phase="before", split="train", seed=seed, cases=cases, practised=5)


RESULTS = [
    result("ours", True, True),
    result("feedback off", True, False),
    result("ours", True, False, seed=1),
    result("feedback off", False, False, seed=1),
]


def test_gains_are_paired_by_case():
    ours, off = rows(RESULTS)
    assert (ours["name"], off["name"]) == ("ours", "feedback off")
    assert ours["success"]["mean"] == 0.75
    assert ours["gain"]["mean"] == 0.5
    assert ours["gain_by_seed"] == [0.5, 0.5]
    assert "gain" not in off
    assert metric([1.0, 3.0])["ci95"] == pytest.approx([2 - 12.706, 2 + 12.706], rel=1e-3)


def test_the_command_writes_what_it_shows(cli, monkeypatch, tmp_path):
    monkeypatch.setattr(learning, "teach", lambda *, demonstrations: ("planner", demonstrations))
    asked = []

    def experiment(planner, known, *, seed, plot):
        asked.append((planner, known, seed, plot.exam, plot.batches))
        return [each for each in RESULTS if each.seed == seed]

    monkeypatch.setattr(learning, "experiment", experiment)
    target = tmp_path / "toolbox.json"
    words = ["bench", "toolbox", "--seeds", "2", "--exam", "2", "--demonstrations", "10", "--json", target]
    told = cli(*words)
    assert told.exit_code == 0, told.output
    assert asked == [("planner", 10, 0, 2, 8), ("planner", 10, 1, 2, 8)]
    figures = json.loads(target.read_text())
    assert figures["bench"] == "toolbox"
    assert figures["rows"][0]["gain"]["n"] == 4
    assert "+50.0" in told.output
