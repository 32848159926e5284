"""`bench infill` prints a row for each kind of hole and way, and writes the same as JSON."""

import json

from agentic_diffusion_code import gaps


def test_rows_are_shown_and_written(cli, tmp_path, monkeypatch):
    share = {"mean": 0.5, "ci95": [0.2, 0.8], "n": 4}
    row = {"hole": "line", "passed": share, "chosen": share, "right_if_chosen": share, "forwards": share}
    rows = [{**row, "name": gaps.ONCE}, {**row, "name": "ours", "passed_gain": share, "chosen_gain": share}]
    asked = {}

    def measure(coder, **how):
        asked.update(how)
        return iter(rows)

    monkeypatch.setattr(gaps, "measure", measure)
    target = tmp_path / "infill.json"
    done = cli("bench", "infill", "--questions", "4", "--seed", "2", "--json", str(target))
    assert done.exit_code == 0, done.output
    assert (asked["seed"], asked["count"], asked["split"]) == (70_002, 4, "valid")
    assert "line, passed: +50 points (20 to 80)" in done.output
    told = json.loads(target.read_text(encoding="utf-8"))
    assert told["bench"] == "infill"
    assert [each["name"] for each in told["rows"]] == ["all at once", "ours"]
    assert cli("bench", "infill", "--split", "train").exit_code == 2
