"""The command `bench unseen-mazes`: a table and the same figures as JSON; interrupted, what is finished is kept."""

import json
import os
import signal
from dataclasses import asdict

from agentic_diffusion_cli import unseen_spend, unseen_study

SCORE = {"mean": 80.0, "ci95": [70.0, 90.0], "n": 4}


def rows(self):
    plain = {"suite": self.suite.name, "success": SCORE, "by_map": {"a": 80.0}}
    ours = {**plain, "name": "ours", "gain": {**SCORE, "mean": 12.5, "ci95": [10.0, 15.0]}}
    return [{**plain, "name": "frozen"}, {**ours, "cpu_seconds": SCORE, "promoted": [[True, False], [True]]}]


def test_a_table_and_a_file(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(unseen_study.UnseenStudy, "run", lambda self: iter(["one", "two"]))
    monkeypatch.setattr(unseen_study.UnseenStudy, "rows", rows)
    target = tmp_path / "b.json"
    words = ("bench", "unseen-mazes", "--suite", "closed", "--maps", 2, "--work", tmp_path / "w")
    done = cli(*words, "--json", target)
    assert done.exit_code == 0, done.output
    figures = json.loads(target.read_text())
    assert set(figures) == {"bench", "command", "version", "machine", "rows"}
    assert [row["name"] for row in figures["rows"]] == ["frozen", "ours"]
    assert figures["rows"][1]["spend"]["rounds"] == 3
    assert "12.5 ± 2.5" in done.stdout
    assert "2 of 3" in done.stdout
    assert cli(*words, "--json", "-").stdout.startswith("{")


def test_a_thorough_adaptation_is_larger_but_for_what_was_given(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(unseen_study.UnseenStudy, "run", lambda self: iter(()))
    monkeypatch.setattr(unseen_study.UnseenStudy, "rows", rows)
    target = tmp_path / "b.json"
    words = ("bench", "unseen-mazes", "--suite", "closed", "--thorough", "--steps", 7, "--json", target)
    done = cli(*words, "--work", tmp_path)
    assert done.exit_code == 0, done.output
    wanted = json.loads(json.dumps({**asdict(unseen_spend.THOROUGH), "steps": 7}))
    assert json.loads(target.read_text())["rows"][0]["spend"] == wanted


def test_it_can_be_interrupted(cli, tmp_path, monkeypatch):
    def run(self):
        os.kill(os.getpid(), signal.SIGINT)
        yield "one"
        raise AssertionError

    monkeypatch.setattr(unseen_study.UnseenStudy, "run", run)
    done = cli("bench", "unseen-mazes", "--suite", "closed", "--work", tmp_path)
    assert done.exit_code == 130
    assert "What is finished is kept" in done.stderr


def test_a_suite_that_is_not_there_is_refused(cli):
    done = cli("bench", "unseen-mazes", "--suite", "round")
    assert done.exit_code == 2
    assert "small, wide, closed" in done.stderr
