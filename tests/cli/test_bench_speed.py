"""The command `bench speed` measures in pairs, beside a plain reference, and tells the ceilings."""

import json

import pytest
from agentic_diffusion_cli import bench_speed
from agentic_diffusion_cli.speed import planners


def test_figures_are_paired_and_told(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(planners.Mazes, "latency", _one_plan)
    path = tmp_path / "speed.json"
    words = ["--size", "umaze", "--seeds", 2, "--requests", 2, "--scored", 2, "--at-most", 0]
    done = cli("bench", "speed", *words, "--only", "latency", "--only", "one_step", "--json", path)
    assert done.exit_code == 0, done.output
    told = json.loads(path.read_text())
    ceiling, plan, quick = told["rows"]
    assert ceiling["gflops"] > 0
    assert ceiling["gbytes"] > 0
    assert (plan["reference"], plan["maze"], plan["seeds"]) == ("textbook", "umaze", 2)
    assert plan["gflop"] == pytest.approx(0.004, abs=0.004)
    assert 0 < plan["roofline_share"] < 1
    assert quick["reference"] == "3 steps"
    assert quick["lost"]["mean"] == pytest.approx(quick["reference_score"]["mean"] - quick["score"]["mean"])
    for row in (plan, quick):
        assert row["ms"]["n"] == row["speedup"]["n"] == 2
        assert min(row["ms"]["mean"], row["clock_p50_ms"]) > 0
    assert "GFLOP/s" in done.stdout


def _one_plan(bench):
    from agentic_diffusion_worlds.maze.planner import load_planner

    planner = load_planner(bench.maze, steps=1, count=1, compute=bench.compute)
    yield bench._against_textbook(planner, "plan")


def test_unknown_parts_are_refused(cli):
    done = cli("bench", "speed", "--only", "everything")
    assert done.exit_code == 2
    assert "latency" in done.output


def test_a_gpu_is_for_one_part_alone(cli, monkeypatch):
    from agentic_diffusion.compute import Compute

    monkeypatch.setattr(Compute, "kind", property(lambda self: "cuda"))
    done = cli("bench", "speed", "--device", "auto")
    assert done.exit_code == 2
    assert "--only precision" in done.output
    assert "precision" not in bench_speed.PARTS


def test_rates_and_scores_are_told():
    row = {
        "per_second": 3.0,
        "tokens_per_forward": 2.0,
        "score": {"mean": 0.5},
        "reference_score": {"mean": 0.75},
        "lost": {"ci95": [-0.1, 0.6]},
    }
    said = "score 50.0 % instead of 75.0 %, lost -10.0 to 60.0"
    assert bench_speed.more(row) == f"3.0 a second; 2.00 tokens a call; {said}"
    assert bench_speed.more({}) == ""
