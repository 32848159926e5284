"""The command `bench physics`: the engine that is found is the true one, and rows are paired."""

import json

import pytest
from agentic_diffusion_cli import bench_physics


def test_the_new_ball_is_found_and_written(cli, monkeypatch, tmp_path):
    monkeypatch.setattr(bench_physics, "CHANGES", {"weak": (30.0, 1.0)})
    monkeypatch.setattr(bench_physics, "TRIALS", 1)
    target = tmp_path / "p.json"
    words = ("--size", "umaze", "--seeds", 1, "--episodes", 2, "--drives", 1)
    done = cli("bench", "physics", *words, "--json", target)
    assert done.exit_code == 0, done.output
    figures = json.loads(target.read_text())
    frozen, ours, found, told = figures["rows"]
    assert [row["name"] for row in figures["rows"]] == [
        "frozen",
        "ours",
        "found, not chosen",
        "told the truth",
    ]
    assert found["force"] == pytest.approx(told["force"], rel=0.01)
    assert frozen["gain"]["mean"] == 0
    assert ours["gain"]["mean"] == pytest.approx(
        ours["steps_in_goal"]["mean"] - frozen["steps_in_goal"]["mean"]
    )
    assert "weak" in done.stdout
