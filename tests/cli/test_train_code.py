"""The command `train code` trains into a folder, tells its speed, and goes on where it stopped."""

import json

import pytest
from agentic_diffusion.compute import Compute
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli import train_code
from agentic_diffusion_code import confidence, evaluate, school

SMALL = ["--steps", "2", "--rows", "2", "--width", "8", "--depth", "1", "--heads", "2", "--every", "1"]


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(school, "WORDS", 10)


def test_a_coder_is_trained(cli, tmp_path):
    out = tmp_path / "coder"
    result = cli("train", "code", "--out", out, *SMALL)
    assert result.exit_code == 0, result.output
    assert "2 steps in" in result.output
    assert "tokens/s" in result.output
    card = json.loads((out / "card.json").read_text())
    assert card["step"] == 2
    assert card["command"].startswith("agentic-diffusion")
    assert card["hardware"]["device"]
    more = cli("train", "code", "--out", out, *SMALL[2:], "--steps", "3")
    assert "1 steps in" in more.output


def test_what_training_takes_in_is_told(cli, tmp_path):
    benchmark = tmp_path / "bench.jsonl"
    benchmark.write_text(json.dumps({"prompt": "none of these words stand in any program of ours"}))
    out = tmp_path / "coder"
    result = cli("train", "code", "--out", out, *SMALL, "--trees", "--plausible", "--against", benchmark)
    assert result.exit_code == 0, result.output
    card = json.loads((out / "card.json").read_text())
    assert card["plausible"]
    assert card["manner"]["trees"]
    assert len(card["benchmarks"]) == 1


def test_peaks_are_known_of_some_machines():
    assert train_code.peak_of({"device": "NVIDIA H200"}) == 989e12
    assert train_code.peak_of({"device": "cpu"}) is None


def test_confidence_is_fitted_or_the_reason_is_told(cli, tmp_path, monkeypatch):
    out = tmp_path / "coder"
    fitted = confidence.Confidence(weights=(1.0,), bias=0.5, mean=(0.0,), scale=(1.0,))

    def calibrated(coder, questions, *, sandbox, harder, tell):
        tell("confidence", 1, 1)
        return fitted

    monkeypatch.setattr(evaluate, "calibrated", calibrated)
    result = cli("train", "code", "--out", out, *SMALL, "--questions", "1")
    assert "Confidence fitted to 1" in result.output
    assert json.loads((out / "card.json").read_text())["confidence"]["bias"] == 0.5

    def hopeless(coder, questions, *, sandbox, harder, tell):
        raise InvalidConfigError("2 programs of one fate", "both", "Collect more.")

    monkeypatch.setattr(evaluate, "calibrated", hopeless)
    train_code.fit(out, questions=1, compute=Compute(device="cpu"))


def test_block_sizes_are_numbers():
    assert train_code._sizes("4, 8,0") == (4, 8, 0)
    with pytest.raises(InvalidConfigError, match="whole numbers"):
        train_code._sizes("4,many")


def test_weights_of_stages_are_numbers():
    assert train_code._weights("1, 4,6,6") == (1.0, 4.0, 6.0, 6.0)
    with pytest.raises(InvalidConfigError, match="numbers with commas"):
        train_code._weights("1,many")
