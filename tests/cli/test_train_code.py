"""The command `train code` trains into a folder, tells its speed, and goes on where it stopped."""

import json

import pytest
from agentic_diffusion_cli import train_code
from agentic_diffusion_code import school

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


def test_peaks_are_known_of_some_machines():
    assert train_code.peak_of({"device": "NVIDIA H200"}) == 989e12
    assert train_code.peak_of({"device": "cpu"}) is None
