"""The command `bench evolve`: a table and the same figures as JSON; interrupted, what is finished is kept."""

import json
import os
import signal

from agentic_diffusion_cli import evolve_study

SCORE = {"mean": 150.0, "ci95": [149.0, 151.0], "n": 4}
GAIN = {"mean": 15.0, "ci95": [14.0, 16.0], "n": 4}


def rows(self):
    plain = {"size": "umaze", "raw": SCORE}
    ours = {**plain, "name": "ours", "gain": GAIN, "settled": {**SCORE, "mean": 1.0}, "cpu_seconds": 12.0}
    return [{**plain, "name": "oracle"}, {**ours, "generations": [{**SCORE, "mean": 134.0}, SCORE]}]


def test_a_table_and_a_file(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(evolve_study.Study, "run", lambda self: iter(["one", "two"]))
    monkeypatch.setattr(evolve_study.Study, "rows", rows)
    target = tmp_path / "b.json"
    done = cli("bench", "evolve", "--seeds", 2, "--rounds", 1, "--work", tmp_path / "w", "--json", target)
    assert done.exit_code == 0, done.output
    figures = json.loads(target.read_text())
    assert set(figures) == {"bench", "command", "version", "machine", "rows"}
    assert [row["name"] for row in figures["rows"]] == ["oracle", "ours"]
    assert "134 150" in done.stdout
    assert "15.0 ± 1.0" in done.stdout
    assert cli("bench", "evolve", "--json", "-", "--work", tmp_path / "w").stdout.startswith("{")


def test_it_can_be_interrupted(cli, tmp_path, monkeypatch):
    def run(self):
        os.kill(os.getpid(), signal.SIGINT)
        yield "one"
        raise AssertionError

    monkeypatch.setattr(evolve_study.Study, "run", run)
    done = cli("bench", "evolve", "--work", tmp_path)
    assert done.exit_code == 130
    assert "What is finished is kept" in done.stderr
