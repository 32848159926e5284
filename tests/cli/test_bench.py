"""The benchmark's command: a table for people, the same figures as JSON."""

import json

import pytest
from agentic_diffusion_cli.bench import PUBLISHED, show
from agentic_diffusion_worlds.maze.bench import ROWS

SMALL = ("--seeds", 2, "--episodes", 1, "--candidates", 2, "--steps", 1, "--threads", 1)


def test_a_table_and_a_file(cli, trained, tmp_path):
    target = tmp_path / "b.json"
    done = cli("bench", "maze2d", "--size", "umaze", "--planner", trained.folder, *SMALL, "--json", target)
    assert done.exit_code == 0, done.output
    figures = json.loads(target.read_text())
    assert set(figures) == {"bench", "command", "version", "machine", "rows"}
    assert figures["bench"] == "maze2d"
    assert [row["name"] for row in figures["rows"]] == list(ROWS)
    for row in figures["rows"]:
        assert row["size"] == "umaze"
        assert row["seeds"] == 2
        assert set(row["raw"]) == {"mean", "ci95", "n"}
        assert row["raw"]["n"] == 2
    ours = figures["rows"][-1]
    assert f"{ours['plan_ms_p50']:.1f} / {ours['plan_ms_p95']:.1f}" in done.stdout
    assert "2 candidates, 1 denoising steps, device cpu" in done.stdout
    assert "Published, not run here" in done.stdout
    for name, scores in PUBLISHED.items():
        assert any(name in line and str(scores["umaze"]) in line for line in done.stdout.splitlines())


def test_json_alone_on_stdout_for_all_sizes(cli, trained, tmp_path, monkeypatch):
    from agentic_diffusion_cli import bench

    seen = []

    def run(size, folder, **more):
        seen.append((size.value, folder))
        score = {"mean": 1.0, "ci95": [0.0, 2.0], "n": 1}
        row = {"raw": score, "latched": score, "reached": score, "contacts": score, "size": size.value}
        return [{"name": "random", **row}]

    monkeypatch.setattr(bench, "run", run)
    done = cli("bench", "maze2d", "--size", "all", "--planner", tmp_path, "--json", "-")
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)["rows"]) == 3
    assert "random" in done.stderr
    assert seen == [(size, tmp_path / size) for size in ("umaze", "medium", "large")]


def test_raw_comes_first_and_the_goal_may_not_have_been_reached(capsys):
    score = {"mean": 1.0, "ci95": [0.0, 2.0], "n": 1}
    row = {"name": "random", "size": "large", "raw": score, "latched": score, "reached": score}
    show([{**row, "contacts": score}], seeds=1, episodes=1)
    said = capsys.readouterr().out
    assert said.index("raw") < said.index("latched")
    assert "1.0 ± 1.0" in said
    assert "–" in said
    assert "umaze" not in said


@pytest.mark.parametrize("words", [("--size", "huge"), ("--seeds", 0), ("--device", "abacus")])
def test_settings_that_make_no_sense_are_refused(cli, words):
    assert cli("bench", "maze2d", *words).exit_code == 2


def test_further_benchmarks_can_be_added(cli):
    done = cli("bench", "--help")
    assert done.exit_code == 0
    assert "maze2d" in done.stdout
