"""The command `bench coins`: a table, the same figures as JSON, and rows that are not driven twice."""

import json

import pytest
from agentic_diffusion_cli import bench_coins
from agentic_diffusion_cli.bench_coins import (
    ADAPT,
    OURS,
    OURS_CROSSED,
    OURS_TWICE,
    PUBLISHED,
    averages,
    show,
)
from agentic_diffusion_worlds.maze import coins
from agentic_diffusion_worlds.maze.map import UMAZE

SCORE = {"mean": 1.0, "ci95": [0.0, 2.0], "n": 2}
WORDS = (
    "--seeds",
    2,
    "--rounds",
    1,
    "--tasks",
    2,
    "--steps",
    1,
    "--candidates",
    4,
    "--tries",
    1,
    "--seen",
    2,
)


@pytest.fixture
def small(monkeypatch):
    """Put one small suite in the place of the four, and let evolution hand back what it was given."""
    from agentic_diffusion_worlds.maze.planner import WEIGHTS

    suite = coins.CoinSuite("maze2d-umaze", UMAZE, ((1, 3),), roaming=False)
    monkeypatch.setattr(coins, "SUITES", (suite,))
    asked = []

    def practise(plain, maze, how, *, folder):
        asked.append(how.adaptdiffuser)
        folder.mkdir(parents=True, exist_ok=True)
        for file in (WEIGHTS / maze.name).iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        yield {"round": 1}

    monkeypatch.setattr(bench_coins, "practise", practise)
    return asked


def test_a_table_and_a_file_and_nothing_twice(cli, small, tmp_path, monkeypatch):
    target = tmp_path / "coins.json"
    done = cli("bench", "coins", *WORDS, "--out", tmp_path / "out", "--json", target)
    assert done.exit_code == 0, done.output
    figures = json.loads(target.read_text())
    assert set(figures) == {"bench", "command", "version", "machine", "rows"}
    rows = figures["rows"]
    names = [row["name"] for row in rows if "score" in row]
    assert len(names) == 12
    assert names[-4:] == [ADAPT, OURS, OURS_TWICE, OURS_CROSSED]
    assert small == [True, False]
    by_name = {row["name"]: row for row in rows if "score" in row}
    assert by_name[OURS]["tasks"] == by_name["ours, zero-shot"]["tasks"]  # the same weights, the same seeds
    assert by_name[OURS]["score"]["n"] == 2
    assert rows[-1]["loss_percent"]["mean"] == 0.0
    assert "Published, not run here" in done.stdout
    from agentic_diffusion_worlds.maze.coinbench import CoinBench

    monkeypatch.setattr(CoinBench, "run", lambda self: 1 / 0)
    again = cli("bench", "coins", *WORDS, "--out", tmp_path / "out", "--seen", 0, "--json", target)
    assert again.exit_code == 0, again.output
    alone = cli("bench", "coins", *WORDS, "--out", tmp_path / "out", "--row", "mcss")
    assert "zero-shot" not in alone.stdout
    assert cli("bench", "coins", *WORDS, "--out", tmp_path / "out", "--row", "best").exit_code == 2
    assert json.loads(target.read_text())["rows"] == rows[:-1]


def test_the_average_is_taken_seed_by_seed(capsys):
    rows = [
        {"name": OURS, "suite": suite, "score": SCORE, "seed_means": means, "found": SCORE, "reached": SCORE}
        for suite, means in (("a", [10.0, 30.0]), ("b", [20.0, 40.0]))
    ]
    (both,) = averages(rows)
    assert both["seed_means"] == [15.0, 35.0]
    assert both["score"]["mean"] == 25.0
    assert averages(rows[:1]) == []
    show([*rows, both], seeds=2, fresh=True, to_stderr=True)
    said = capsys.readouterr().err
    assert "fresh starts" in said
    assert "average" in said
    assert all(name in said for name in PUBLISHED)


def test_a_suite_that_is_not_there_is_refused(cli):
    done = cli("bench", "coins", "--suite", "huge")
    assert done.exit_code == 2
