"""The command `bench code` shows and writes what the coder measured."""

import json

import pytest
from agentic_diffusion import store
from agentic_diffusion_code import embedded, evaluate

METRIC = {"mean": 0.5, "ci95": [0.1, 0.9], "n": 2}
SHARES = ("passed", "abstained", "right_if_returned", "parses_if_returned", "ruff_clean_if_returned")
ROW = {
    "name": "ours",
    **dict.fromkeys(SHARES, METRIC),
    "tokens_per_forward": {**METRIC, "mean": 4.5},
    "seconds_p50": 0.25,
    "ece": 0.04,
}


@pytest.fixture
def asked(monkeypatch):
    seen = []

    def measure(coder, questions, *, sandbox, seed, only, tell):
        tell("ours", 1, 1)
        seen.append((len(questions), seed))
        gain = {"single sample": {"mean": 0.25, "ci95": [0.1, 0.4], "n": 4}}
        rows = [{**ROW, "gain_on": gain}, {**ROW, "name": "single sample", "auroc": 0.9}]
        return [each for each in rows if each["name"] in (only or ("ours", "single sample"))]

    monkeypatch.setattr(evaluate, "measure", measure)
    monkeypatch.setattr(embedded, "load_coder", lambda folder, **options: None)
    return seen


def test_rows_are_shown_and_written(cli, asked, tmp_path):
    target = tmp_path / "code.json"
    result = cli("bench", "code", "--questions", "2", "--seeds", "2", "--bound", "0.5", "--json", target)
    assert result.exit_code == 0, result.output
    assert asked == [(2, 0), (2, 1000)]
    figures = json.loads(target.read_text())
    assert figures["bench"] == "code"
    own = embedded.decoding_of(store.load(embedded.shipped()).card)
    assert {(row["block"], row["bound"]) for row in figures["rows"]} == {(own.block, 0.5)}
    assert [row["name"] for row in figures["rows"]] == ["ours", "single sample"] * 2
    assert "ours on single sample: +25 points (10 to 40)" in result.output
    result = cli("bench", "code", "--questions", "2", "--row", "single sample", "--json", target)
    assert [row["name"] for row in json.loads(target.read_text())["rows"]] == ["single sample"]


def test_files_and_nonsense(cli, asked, tmp_path):
    path = tmp_path / "q.jsonl"
    prompt = 'def f(x):\n    """ Doubles."""\n'
    path.write_text(json.dumps({"task_id": "a", "prompt": prompt, "entry_point": "f", "test": "pass"}))
    result = cli("bench", "code", "--tasks", path, "--questions", "1", "--json", "-")
    assert json.loads(result.stdout)["rows"][0]["tasks"] == "q.jsonl"
    assert asked == [(1, 0)]
    assert cli("bench", "code", "--split", "train").exit_code == 2
