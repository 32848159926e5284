"""The command `bench sandbox` shows and writes what the fence measured."""

import json

from agentic_diffusion_cli import main
from agentic_diffusion_code import bench as fence_bench
from typer.testing import CliRunner

METRIC = {"mean": 1.25, "ci95": [1.0, 1.5], "n": 3}
ROWS = [
    {"name": "ours", "how": "warm", "p50_ms": METRIC},
    {"name": "subprocess", "how": "cold", "p50_ms": METRIC},
]


def test_rows_are_shown_and_written(monkeypatch, tmp_path):
    asked = {}

    def run_bench(*, progress, **options):
        asked.update(options)
        progress("latency", 0, 1)
        return ROWS

    monkeypatch.setattr(fence_bench, "run_bench", run_bench)
    target = tmp_path / "fence.json"
    arguments = ["bench", "sandbox", "--seeds", "2", "--runs", "7", "--no-attacks", "--json", str(target)]
    result = CliRunner().invoke(main.app, arguments)
    assert result.exit_code == 0, result.output
    assert asked == {"seeds": 2, "runs": 7, "timeouts": 50, "soak_runs": 0, "attacks": False, "data": None}
    figures = json.loads(target.read_text())
    assert figures["bench"] == "sandbox"
    assert figures["rows"] == ROWS
    assert "ours, warm" in result.output
    assert "1 to 1.5" in result.output


def test_json_to_stdout_is_only_json(monkeypatch):
    monkeypatch.setattr(fence_bench, "run_bench", lambda **options: ROWS)
    result = CliRunner().invoke(main.app, ["bench", "sandbox", "--json", "-"])
    assert json.loads(result.stdout)["rows"] == ROWS
