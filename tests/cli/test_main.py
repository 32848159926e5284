"""The command: light to start, clear when it fails, quiet when it is interrupted."""

import logging
import re
import subprocess
import sys
import time
from importlib.metadata import entry_points, version

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli import demo
from agentic_diffusion_cli.main import DEBUG, app


@pytest.fixture
def failing(monkeypatch):
    """Let the demo fail with what is given."""

    def fail(error):
        def run(*words, **more):
            raise error

        monkeypatch.setattr(demo, "run", run)

    return fail


def test_it_is_installed_under_its_name():
    (script,) = entry_points(group="console_scripts", name="agentic-diffusion")
    assert script.load() is app


def test_its_version(cli):
    done = cli("--version")
    assert done.exit_code == 0
    assert done.stdout == f"agentic-diffusion {version('agentic-diffusion-cli')}\n"


def test_help_names_the_commands_without_importing_torch():
    look = (
        "import sys\n"
        "from agentic_diffusion_cli.main import app\n"
        "try:\n    app(['--help'])\n"
        "finally:\n    heavy = {'torch', 'mujoco', 'langgraph', 'matplotlib', 'numpy'} & set(sys.modules)\n"
        "    print('heavy:', sorted(heavy))\n"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)
    assert time.perf_counter() - started < 10  # under a second on an idle machine
    assert "heavy: []" in done.stdout
    for name in ("demo", "train", "bench", "doctor"):
        assert re.search(rf"│ {name} ", done.stdout)


def test_an_expected_error_is_one_message_and_exit_code_2(cli, failing, monkeypatch):
    monkeypatch.delenv(DEBUG, raising=False)
    failing(InvalidConfigError("a bent spoon", "a straight one", "Straighten it."))
    done = cli("demo")
    assert done.exit_code == 2
    for part in ("got a bent spoon", "expected a straight one", "Straighten it."):
        assert part in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_for_debugging_the_traceback_is_there(cli, failing, monkeypatch):
    monkeypatch.setenv(DEBUG, "1")
    failing(InvalidConfigError("a bent spoon", "a straight one", "Straighten it."))
    assert isinstance(cli("demo").exception, InvalidConfigError)


def test_an_unexpected_error_is_not_hidden(cli, failing):
    failing(ZeroDivisionError("a bug"))
    assert isinstance(cli("demo").exception, ZeroDivisionError)


def test_ctrl_c_ends_with_130(cli, failing):
    failing(KeyboardInterrupt("Half is kept."))
    done = cli("demo")
    assert done.exit_code == 130
    assert "Interrupted. Half is kept." in done.stderr


def test_wrong_words_are_explained(cli):
    assert cli("demo", "--size", "gigantic").exit_code == 2
    assert cli("sing").exit_code == 2


def test_verbose_turns_logging_on(cli, failing, monkeypatch):
    log = logging.getLogger("agentic_diffusion")
    level, calls = log.level, []
    monkeypatch.setattr(logging, "basicConfig", lambda **settings: calls.append(settings))
    failing(KeyboardInterrupt())
    try:
        cli("demo")
        assert not calls
        cli("-v", "demo")
        assert len(calls) == 1
        assert log.level == logging.INFO
    finally:
        log.setLevel(level)
