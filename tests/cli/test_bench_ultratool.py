"""The command `bench ultratool` shows and writes what was measured."""

import json
from typing import ClassVar

from agentic_diffusion_cli import main
from agentic_diffusion_worlds import ultratool
from typer.testing import CliRunner

METRIC = {"mean": 71.25, "ci95": [70.0, 72.5], "n": 500}
ROW = {name: METRIC for name in ("node_f1", "link_f1", "accuracy", "exact", "auroc", "ece", "cpu_p50_ms")}


class Measured:
    asked: ClassVar[list] = []

    def __init__(self, data, settings):
        self.asked.append((data, settings))
        self.rows = [
            {"name": "ours", "parameters": 1_000_000, "cpu_seconds": 12.0, **ROW},
            {"name": "nearest plan", "parameters": 0, **ROW},
        ]

    def run(self):
        yield ultratool.bench.Progress("ours, seed 0", 1, 2)


def test_rows_are_shown_and_written(monkeypatch, tmp_path) -> None:
    import agentic_diffusion_worlds.ultratool.bench  # noqa: F401 - so that it can be replaced

    monkeypatch.setattr(ultratool.bench, "Bench", Measured)
    monkeypatch.setattr(ultratool.data, "load", lambda folder, test: (folder, test))
    target = tmp_path / "figures.json"
    words = [
        "bench",
        "ultratool",
        "--data",
        str(tmp_path),
        "--seeds",
        "2",
        "--curve",
        "10,20",
        "--json",
        str(target),
    ]
    result = CliRunner().invoke(main.app, words)
    assert result.exit_code == 0, result.output
    data, settings = Measured.asked[-1]
    assert data == (tmp_path, None)
    assert (settings.seeds, settings.curve, settings.only) == (2, (10, 20), ultratool.KINDS)
    figures = json.loads(target.read_text())
    assert figures["bench"] == "ultratool"
    assert figures["rows"][0]["node_f1"] == METRIC
    assert "supervised in-domain" in result.output
    assert "GPT-4-turbo" in result.output
    assert "71.2 ± 1.2" in result.output


def test_rows_that_are_not_there_are_refused(tmp_path) -> None:
    for words in (["--only", "magic"], ["--curve", "many"], ["--encoder", "nowhere:at_all"]):
        result = CliRunner().invoke(main.app, ["bench", "ultratool", "--data", str(tmp_path), *words])
        assert result.exit_code != 0
        assert words[1].split(":")[0] in result.output
