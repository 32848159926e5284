"""The command `bench memory` shows and writes what the memory's bench measured."""

import json

from agentic_diffusion_cli import main
from agentic_diffusion_evolve import bench as memory_bench
from typer.testing import CliRunner

METRIC = {"mean": 6000.0, "ci95": [5000.0, 7000.0], "n": 3}
ROWS = [
    {"name": "ours", "how": "one by one", "per_second": METRIC, "per_cpu_second": METRIC},
    {"name": "JSON lines", "how": "one by one", "per_second": METRIC, "per_cpu_second": METRIC},
    {
        "name": "ours",
        "how": "writers killed",
        "acknowledged": METRIC,
        "lost": {**METRIC, "mean": 0.0},
        "acknowledged_total": 1234,
        "lost_total": 0,
    },
]


def test_rows_are_shown_and_written(monkeypatch, tmp_path) -> None:
    asked = {}

    def run_bench(*, progress, **options):
        asked.update(options)
        progress("writing", 0, 1)
        return ROWS

    monkeypatch.setattr(memory_bench, "run_bench", run_bench)
    target = tmp_path / "memory.json"
    words = ["bench", "memory", "--seeds", "3", "--kills", "7", "--json", str(target)]
    result = CliRunner().invoke(main.app, words)
    assert result.exit_code == 0, result.output
    assert asked == {"seeds": 3, "outcomes": 5000, "rounds": 7}
    figures = json.loads(target.read_text())
    assert figures["bench"] == "memory"
    assert figures["rows"][0] == {**ROWS[0], "seeds": 3, "outcomes": 5000, "kills": 7}
    assert "5,000 to 7,000" in result.output
    assert "1,234 acknowledged, 0 lost" in result.output


def test_json_to_stdout_is_only_json(monkeypatch) -> None:
    monkeypatch.setattr(memory_bench, "run_bench", lambda **options: ROWS)
    result = CliRunner().invoke(main.app, ["bench", "memory", "--json", "-"])
    assert json.loads(result.stdout)["rows"][0]["name"] == "ours"
