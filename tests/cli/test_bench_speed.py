"""The command `bench speed` measures in pairs, beside a plain reference, and tells the ceilings."""

import json

import pytest
from agentic_diffusion_cli import bench_speed
from agentic_diffusion_cli.speed import planners


def test_figures_are_paired_and_told(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(planners.Bench, "latency", _one_plan)
    path = tmp_path / "speed.json"
    words = ["--size", "umaze", "--seeds", 2, "--requests", 2, "--only", "latency", "--only", "many"]
    done = cli("bench", "speed", *words, "--json", path)
    assert done.exit_code == 0, done.output
    told = json.loads(path.read_text())
    ceiling, plan, *many = told["rows"]
    assert ceiling["gflops"] > 0
    assert ceiling["gbytes"] > 0
    assert (plan["reference"], plan["maze"], plan["seeds"]) == ("textbook", "umaze", 2)
    assert plan["gflop"] == pytest.approx(0.004, abs=0.004)
    assert 0 < plan["roofline_share"] < 1
    assert [row["reference"] for row in many] == ["one by one"] * 3
    for row in (plan, *many):
        assert row["ms"]["n"] == row["speedup"]["n"] == 2
        assert row["ms"]["mean"] > 0
    assert "GFLOP/s" in done.stdout


def _one_plan(bench):
    from agentic_diffusion_worlds.maze.planner import load_planner

    planner = load_planner(bench.maze, steps=1, count=1, compute=bench.compute)
    yield bench._against_textbook(planner, "plan")


def test_unknown_parts_are_refused(cli):
    done = cli("bench", "speed", "--only", "everything")
    assert done.exit_code == 2
    assert "latency" in done.output


def test_a_share_of_passing_plans_is_told():
    row = {"passed": {"mean": 0.5}, "reference_passed": {"mean": 0.75}}
    assert bench_speed._plans(row) == "; 50 % pass, in fp32 75 %"
    assert bench_speed._plans({}) == ""
