"""The command `code` prints a program with its evidence, or the reasons why there is none."""

import io
import json

import pytest
from agentic_diffusion.compute import Compute
from agentic_diffusion_cli import code as command
from agentic_diffusion_code import embedded
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.writes import Sketch, Sureness
from rich.console import Console

DOUBLE = "def f(x):\n    return x + x\n"


class Says:
    def __init__(self, *sources):
        self.sources = sources

    def write(self, request, *, count, seed, temperature):
        yield Sketch(self.sources[:count], 1.0, 1, 9, True)

    def sure(self, request, source):
        return None


@pytest.fixture
def coder(monkeypatch):
    def use(*sources):
        def load(folder, *, sandbox, count, rounds, compute):
            return Coder(Says(*sources), sandbox, count=0, rounds=0)

        monkeypatch.setattr(embedded, "load_coder", load)

    return use


def test_a_verified_program(cli, coder):
    coder(DOUBLE)
    result = cli("code", "doubles a number", "--example", "f(2) == 4", "--json", "-")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["code"] == DOUBLE
    assert answer["status"] == "verified"
    assert answer["evidence"]["tests"] == 1


def test_decoding_is_told(cli, monkeypatch):
    seen = []

    def load(folder, *, sandbox, count, rounds, compute, decoding):
        seen.append(decoding)
        return Coder(Says(DOUBLE), sandbox, count=0, rounds=0)

    monkeypatch.setattr(embedded, "load_coder", load)
    told = ("--decode", "revise=0.3", "--decode", "end_penalty=1", "--decode", "reward=6")
    assert cli("code", "doubles a number", *told).exit_code == 0
    own = embedded.load_writer()[1]["decoding"]
    assert (seen[0].revise, seen[0].end_penalty, seen[0].reward) == (0.3, 1.0, 6.0)
    assert seen[0].block == own["block"]
    for wrong in ("revise", "nothing=1", "revise=much", "reward=-1"):
        assert cli("code", "doubles", "--decode", wrong).exit_code == 2


def test_where_and_how_is_told(cli, monkeypatch):
    seen = []

    def load(folder, *, sandbox, count, rounds, compute):
        seen.append(compute)
        return Coder(Says(DOUBLE), sandbox, count=0, rounds=0)

    monkeypatch.setattr(embedded, "load_coder", load)
    how = ("--device", "cpu", "--precision", "bf16", "--compile", "--threads", 1)
    assert cli("code", "doubles a number", *how).exit_code == 0
    assert seen == [Compute("cpu", "bf16", compile=True, threads=1)]


def test_an_abstention(cli, coder, tmp_path):
    coder("def f(x):\n    return x\n")
    target = tmp_path / "answer.json"
    words = ["code", "doubles", "--example", "f(2) == 4", "--seconds", "30", "--json", target]
    result = cli(*words)
    assert result.exit_code == 1
    assert json.loads(target.read_text())["code"] is None
    assert "1 programs fail at least one test" in result.output
    assert "the closest one gave 2 for (2), but 4 is wanted" in result.output


def test_an_untested_program_says_so(cli, coder):
    coder(DOUBLE)
    result = cli("code", "doubles a number")
    assert "unverified" in result.output
    assert "return" in result.output
    assert cli("code", "a", "--example", "nonsense").exit_code == 2


def test_drafts_are_shown_live(monkeypatch):
    screen = Console(force_terminal=True, file=io.StringIO())
    monkeypatch.setattr(command.report, "err", lambda: screen)
    from agentic_diffusion_code.domain import asked

    plan = command.follow(Coder(Says(DOUBLE), count=0, rounds=0).drafts(asked("doubles")), live=True)
    assert plan.chosen.value.source == DOUBLE
    assert "step" in screen.file.getvalue()


def test_what_was_proven_is_kept_and_begun_from(cli, coder, tmp_path):
    coder(DOUBLE)
    file = tmp_path / "proven.jsonl"
    words = ["code", "doubles a number", "--example", "f(2) == 4", "--proven", file, "--json", "-"]
    assert cli(*words).exit_code == 0
    assert json.loads(file.read_text())["passed"] == DOUBLE


def test_doubted_lines_are_told(cli, coder, monkeypatch):
    coder(DOUBLE)
    monkeypatch.setattr(Says, "sure", lambda self, request, source: Sureness((0.9, 0.25), (), 0.9))
    result = cli("code", "doubles a number", "--example", "f(2) == 4")
    assert result.exit_code == 0, result.output
    assert "doubts line 2 (0.25): return x + x" in result.output


def test_what_speaks_against_a_program_is_told(cli, coder):
    coder(DOUBLE)
    result = cli("code", "doubles a number and adds 7", "--example", "f(2) == 4")
    assert result.exit_code == 0, result.output
    assert "may have been read otherwise: 7 is stated and not in it" in result.output
