"""Every command that asks a network says where and how it computes in the same words, and refuses what is not here."""

from dataclasses import replace

import pytest
import typer
from agentic_diffusion.compute import Compute
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli.computing import PANEL, Matmul, Precision, compute_of

ASKING = (
    "demo",
    "serve",
    "code",
    "train maze",
    "train code",
    "train confidence",
    "train distill",
    "evolve maze",
    "evolve code",
    "bench maze2d",
    "bench code",
    "bench infill",
)
OPTIONS = ("--device", "--precision", "--matmul", "--compile", "--threads")
NEEDED = {"train": ("--out", "x"), "evolve": ("--out", "x"), "code": ("doubles",)}


def _options(name):
    from agentic_diffusion_cli.main import app

    command = typer.main.get_command(app)
    for word in name.split():
        command = command.commands[word]
    return {word: each for each in command.params for word in each.opts}


def test_words_are_the_same_everywhere():
    said = {name: _options(name) for name in ASKING}
    for word in OPTIONS:
        assert len({each[word].help for each in said.values()}) == 1, word
        assert {each[word].rich_help_panel for each in said.values()} == {PANEL}
    recomputing = [name for name in ASKING if "--recompute" in said[name]]
    assert recomputing == ["train maze", "train code", "train distill"]


@pytest.mark.parametrize("name", ASKING)
def test_a_device_that_is_not_here_is_refused(cli, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = name.split()
    needed = NEEDED.get(words[0], ())
    for device in ("cuda:7", "mps:0", "abacus"):
        done = cli(*words, *needed, "--device", device)
        assert done.exit_code == 2
        assert device in done.stderr
        assert "cpu" in done.stderr
    done = cli(*words, *needed, "--device", "cpu", "--precision", "fp16")
    assert done.exit_code == 2
    assert "bf16 or fp32" in done.stderr
    assert not list(tmp_path.iterdir())


def test_all_that_is_told_is_in_the_object():
    told = compute_of("cpu", Precision.bf16, matmul=Matmul.high, compiles=True, threads=2, recompute=True)
    assert told == Compute("cpu", "bf16", compile=True, threads=2, matmul="high", recompute=True)
    assert compute_of("cpu") == Compute("cpu")
    with pytest.raises(InvalidConfigError, match="abacus"):
        compute_of("abacus")


HOW = ("--device", "cpu", "--precision", "bf16", "--matmul", "high", "--compile", "--threads", 1)
TOLD = Compute("cpu", "bf16", compile=True, threads=1, matmul="high")


def test_evolution_and_benchmarks_follow_it(cli, tmp_path, monkeypatch):
    from agentic_diffusion_cli import bench, bench_code, evolve, evolve_code_run
    from agentic_diffusion_code import embedded

    seen = []
    monkeypatch.setattr(evolve, "run", lambda place, planner, **more: seen.append(planner.compute))
    monkeypatch.setattr(evolve, "tell", lambda *parts, **more: None)
    monkeypatch.setattr(
        evolve_code_run, "evolved", lambda settings, compute, *parts, **more: seen.append(compute)
    )
    monkeypatch.setattr(bench, "run", lambda *parts, compute, **more: seen.append(compute) or [])
    monkeypatch.setattr(embedded, "load_coder", lambda folder, *, compute, **more: seen.append(compute))
    monkeypatch.setattr(bench_code, "_questions", lambda *parts, **more: [])
    monkeypatch.setattr("agentic_diffusion_code.evaluate.measure", lambda *parts, **more: [])
    for words in (
        ("evolve", "maze", "--size", "umaze", "--out", tmp_path / "a"),
        ("evolve", "code", "--out", tmp_path / "b"),
        ("bench", "maze2d", "--size", "umaze"),
        ("bench", "code"),
    ):
        done = cli(*words, *HOW)
        assert done.exit_code == 0, done.output
    assert seen == [TOLD] * 4


def test_training_follows_it(cli, tmp_path, monkeypatch):
    from agentic_diffusion_cli import train_code, train_distill

    seen = []
    monkeypatch.setattr(train_code, "follow", lambda *parts, compute, **more: seen.append(compute))
    monkeypatch.setattr(
        train_distill, "follow", lambda *parts, compute, **more: seen.append(compute) or {"seconds": 1.0}
    )
    for words in (("train", "code"), ("train", "distill")):
        done = cli(*words, "--out", tmp_path, *HOW, "--recompute")
        assert done.exit_code == 0, done.output
    assert seen == [replace(TOLD, recompute=True)] * 2
