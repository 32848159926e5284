"""The command `bench faults` counts what held and shows what did not."""

import json
from contextlib import contextmanager

from agentic_diffusion_cli import drill, faults, rayfaults, shardfaults
from agentic_diffusion_cli.faults import Trial


def test_trials_are_counted_shown_and_written(cli, monkeypatch, tmp_path) -> None:
    def good(seed, folder):
        assert folder.is_dir()
        return Trial(True, "WorkerError: gone [/path/pair.cc:545]")

    def bad(seed, folder):
        return Trial(seed != 1, "StoreError: full", "" if seed != 1 else "the checkpoint is damaged")

    @contextmanager
    def cluster(folder):
        yield good

    monkeypatch.setattr(drill, "warm", lambda folder: None)
    monkeypatch.setattr(faults, "TRIALS", {"killed process": good, "full disk": bad, "half the memory": good})
    monkeypatch.setattr(shardfaults, "TRIALS", {name: good for name in shardfaults.TRIALS})
    monkeypatch.setattr(rayfaults, "cluster", cluster)
    target = tmp_path / "faults.json"
    done = cli("bench", "faults", "--seeds", 3, "--json", target)
    assert done.exit_code == 0, done.output
    figures = json.loads(target.read_text())
    assert figures["bench"] == "faults"
    rows = {row["fault"]: row for row in figures["rows"]}
    names = ["killed process", "full disk", "half the memory", "killed while saving", "full disk of one"]
    assert list(rows) == [*names, "killed Ray actor"]
    assert rows["killed process"]["held"]["mean"] == 1.0
    assert rows["full disk"]["held"]["n"] == 3
    assert rows["full disk"]["broken"] == [
        {"seed": 1, "why": "the checkpoint is damaged", "said": "StoreError: full"}
    ]
    assert "pair.cc:545" in done.stdout
    assert "2 of 3" in done.stdout
    assert "full disk, seed 1: the checkpoint is damaged" in done.stdout
    one = cli("bench", "faults", "--seeds", 1, "--only", "full disk", "--json", "-")
    assert [row["fault"] for row in json.loads(one.stdout)["rows"]] == ["full disk"]


def test_unknown_faults_are_refused(cli) -> None:
    assert cli("bench", "faults", "--only", "earthquake").exit_code == 2
