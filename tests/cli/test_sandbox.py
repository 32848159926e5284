import json

import pytest
from agentic_diffusion_cli.sandbox import app, printable
from typer.testing import CliRunner

runner = CliRunner()


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "p.py"
    path.write_text("print('hello', input())")
    return path


def test_a_program_is_run(program, tmp_path):
    (tmp_path / "in").write_text("you\n")
    result = runner.invoke(app, ["run", str(program), "--stdin", str(tmp_path / "in"), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["status"], found["stdout"]) == ("ok", "hello you\n")
    assert "rlimits" in found["isolation"]


def test_a_failure_is_an_exit_code(program):
    result = runner.invoke(app, ["run", str(program), "--language", "python"])
    assert result.exit_code == 1
    assert "EOFError" in result.output


def test_the_walls_are_shown():
    shown = runner.invoke(app, ["walls"])
    assert "seccomp" in shown.output
    found = json.loads(runner.invoke(app, ["walls", "--json"]).stdout)
    assert {"tier", "platform", "layers"} == set(found)


def test_a_terminal_is_not_obeyed():
    assert printable("a\x1b[31mb\n") == "a\\x1b[31mb\n"
