"""The command `bench tau2-telecom` shows and writes shares of solved tickets."""

import json
from types import SimpleNamespace

import agentic_diffusion_worlds.tau2 as desk
import pytest
from agentic_diffusion_cli.bench_tau2 import row
from agentic_diffusion_cli.shares import share
from agentic_diffusion_worlds.tau2 import Handled


def case(success, *, ticket="a"):
    return Handled(ticket=ticket, issues=2, success=success, calls=("toggle_data",), seconds=0.02)


def test_tickets_count_once_however_many_seeds():
    made = row("ours", "test", [[case(True), case(True)], [case(True), case(False, ticket="b")]])
    assert made["success"]["mean"] == 0.75
    assert made["success"]["n"] == 2
    assert made["success_by_seed"] == [1.0, 0.5]
    assert made["missed"] == [{"seed": 1, "ticket": "b", "issues": 2, "calls": ["toggle_data"]}]
    assert made["cpu_ms_p50"] == pytest.approx(20)
    assert row("random", "test", [[case(False)]])["missed"] == []


def test_the_interval_is_wilsons():
    low, high = share(38 / 40, 40)["ci95"]
    assert (low, high) == (pytest.approx(0.835, abs=1e-3), pytest.approx(0.986, abs=1e-3))
    assert share(1.0, 40)["ci95"] == [pytest.approx(0.912, abs=1e-3), pytest.approx(1.0)]


def test_the_command_writes_what_it_shows(cli, monkeypatch, tmp_path):
    splits = {"train": ("t1", "t2"), "test": ("a", "b")}
    asked = []

    def handled(office, ids, driver, *, seed):
        asked.append((tuple(ids), seed))
        yield from (case(driver == "planner", ticket=name) for name in ids)

    monkeypatch.setattr(desk, "load", lambda repo: repo)
    monkeypatch.setattr(desk, "Office", lambda source: SimpleNamespace(splits=splits))
    monkeypatch.setattr(desk, "lessons", lambda office, ids, *, seed: ([name] for name in ids))
    monkeypatch.setattr(
        desk, "teach", lambda known, *, recipe, seed: iter(["raw", "trained"][: recipe.steps])
    )
    monkeypatch.setattr(desk, "driven", lambda planner: "planner" if planner == "trained" else "raw")
    monkeypatch.setattr(desk, "handled", handled)
    monkeypatch.setattr(desk, "held_out", lambda office, count: tuple("xyz"[:count]))
    target = tmp_path / "tau2.json"
    words = ["bench", "tau2-telecom", "--repo", tmp_path, "--seeds", "2", "--steps", "2", "--json", target]
    told = cli(*words, "--held", "3")
    assert told.exit_code == 0, told.output
    figures = json.loads(target.read_text())
    assert figures["bench"] == "tau2-telecom"
    assert str(tmp_path) not in figures["command"]
    names = ["ours", "always transfer", "do nothing", "random"]
    assert [each["name"] for each in figures["rows"]] == names * 2
    assert [each["success"]["mean"] for each in figures["rows"]] == [1, 0, 0, 0] * 2
    assert asked[0] == (("a", "b"), 0)
    assert {len(ids) for ids, _ in asked} == {2, 3}
    assert "100.0 %" in told.output
    assert "published: GPT-4.1" in told.output


@pytest.mark.parametrize(
    ("words", "told_of"),
    [
        ("--mode hearsay", "hearsay"),
        ("--no-test", "--no-test"),
        ("--plans 5", "--plans"),
        ("--mode outcomes --steps 5", "--steps"),
        ("--mode outcomes --held 0", "--held"),
        ("--mode outcomes --test", "--no-test"),
    ],
)
def test_what_cannot_be_run_or_says_nothing_is_refused(cli, monkeypatch, tmp_path, words, told_of):
    monkeypatch.setattr(desk, "load", lambda repo: repo)
    monkeypatch.setattr(desk, "Office", lambda source: SimpleNamespace(splits={"test": ("a",)}))
    told = cli("bench", "tau2-telecom", "--repo", tmp_path, *words.split())
    assert told.exit_code != 0
    assert told_of in told.output + str(told.exception)
