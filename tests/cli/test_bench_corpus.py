"""The command `bench corpus` shows and writes what was measured."""

import json

from agentic_diffusion_cli import main
from agentic_diffusion_code.corpus import measure
from typer.testing import CliRunner

METRIC = {"mean": 100.0, "ci95": [98.0, 100.0], "n": 9}
ROWS = [{"name": "ours", "language": "python", "parse_percent": METRIC, "executed": "toolchain missing"}]


def test_rows_are_shown_and_written(monkeypatch, tmp_path):
    asked = {}

    def run_bench(*, progress, **options):
        asked.update(options)
        progress("python", 0, 1)
        return ROWS

    monkeypatch.setattr(measure, "run_bench", run_bench)
    target = tmp_path / "corpus.json"
    arguments = ["bench", "corpus", "--seeds", "2", "--tasks", "7", "--executed", "1", "--json", str(target)]
    result = CliRunner().invoke(main.app, arguments)
    assert result.exit_code == 0, result.output
    languages = asked.pop("languages")
    assert asked == {"seeds": 2, "tasks": 7, "executed": 1, "against": ()}
    assert len(languages) == 7
    figures = json.loads(target.read_text())
    assert (figures["bench"], figures["rows"]) == ("corpus", ROWS)
    assert "98 to 100" in result.output
    assert "toolchain missing" in result.output


def test_json_to_stdout_is_only_json(monkeypatch):
    monkeypatch.setattr(measure, "run_bench", lambda **options: ROWS)
    result = CliRunner().invoke(main.app, ["bench", "corpus", "--json", "-"])
    assert json.loads(result.stdout)["rows"] == ROWS
