"""The command `bench middleware` shows and writes what the calls took."""

import json

from agentic_diffusion_cli import main
from langchain_agentic_diffusion import bench as feedback_bench
from langchain_agentic_diffusion.bench import Sample
from typer.testing import CliRunner


def test_rows_are_shown_and_written(monkeypatch, tmp_path) -> None:
    asked = {}

    def repeat(**options):
        asked.update(options)
        for seed in range(3):
            yield Sample("ours", "the hook alone", 0.1 + seed / 100, 0.1, 0.1, 0.2, 20)
            yield Sample("no middleware", "an agent", 1.0, 1.0, None, None, 0)

    monkeypatch.setattr(feedback_bench, "repeat", repeat)
    target = tmp_path / "middleware.json"
    words = ["bench", "middleware", "--seeds", "3", "--calls", "20", "--json", str(target)]
    result = CliRunner().invoke(main.app, words)
    assert result.exit_code == 0, result.output
    assert "the hook alone" in result.output
    assert asked == {"seeds": 3, "calls": 20}
    figures = json.loads(target.read_text())
    assert figures["bench"] == "middleware"
    ours, base = figures["rows"]
    assert (ours["name"], ours["seeds"], ours["calls"]) == ("ours", 3, 20)
    assert round(ours["overhead_ms"]["mean"], 6) == 0.11
    low, high = ours["overhead_ms"]["ci95"]
    assert low < 0.11 < high
    assert (base["name"], "p95_ms" in base) == ("no middleware", False)
