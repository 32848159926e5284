"""The commands of the fence: a program is run, its record printed, its walls shown."""

import json

import pytest
from agentic_diffusion_cli import main
from agentic_diffusion_cli.sandbox import printable
from typer.testing import CliRunner

pytestmark = pytest.mark.slow


def test_a_program_is_run_and_its_exit_code_kept(tmp_path):
    file = tmp_path / "program.py"
    file.write_text("print(input())\nraise SystemExit(3)\n")
    given = tmp_path / "given.txt"
    given.write_text("hello\n")
    result = CliRunner().invoke(main.app, ["sandbox", "run", str(file), "--json", "--stdin", str(given)])
    record = json.loads(result.stdout)
    assert result.exit_code == 1
    assert record["stdout"] == "hello\n"
    assert record["status"] == "error"
    assert record["exit_code"] == 3


def test_what_it_prints_is_printed(tmp_path):
    file = tmp_path / "program.py"
    file.write_text("print('\\x1b[31mred')\n")
    result = CliRunner().invoke(main.app, ["sandbox", "run", str(file)])
    assert result.exit_code == 0
    assert "\x1b[31m" not in result.stdout
    assert "red" in result.stdout


def test_walls_are_shown_and_written():
    shown = CliRunner().invoke(main.app, ["sandbox", "walls"])
    assert "layer" in shown.output
    written = CliRunner().invoke(main.app, ["sandbox", "walls", "--json"])
    layers = {layer["name"]: layer["active"] for layer in json.loads(written.stdout)["layers"]}
    assert layers["rlimits"]


def test_control_characters_are_shown_not_obeyed():
    assert printable("a\x1b[2Jb\n") == "a\\x1b[2Jb\n"
