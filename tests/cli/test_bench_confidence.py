"""The command `bench confidence` fits on its own seeds, tests on others, and writes what it found."""

import json

from agentic_diffusion_cli import bench_confidence, hallucinated, trials
from agentic_diffusion_cli.hallucinated import NOISED, PLANNED, Weighed
from agentic_diffusion_cli.trials import Trial

SEEN = []


class Fake:
    @classmethod
    def shipped(cls, maze):
        return cls()

    def trials(self, *, seed, count):
        SEEN.append(seed)
        for k in range(count):
            yield Trial("m", "c", (float(k % 5), 1.0), 0.5, k % 5 > 0)


def test_it_fits_tests_and_writes(cli, monkeypatch, tmp_path):
    SEEN.clear()
    monkeypatch.setattr(trials, "Ground", Fake)
    monkeypatch.setattr(hallucinated, "weigher_of", lambda ground, *, seed: None)
    plans = [Weighed(PLANNED, 0.9, True), Weighed(NOISED, 0.1, False)]
    monkeypatch.setattr(hallucinated, "weighed", lambda *_, **__: iter(plans))
    target = tmp_path / "c.json"
    done = cli("bench", "confidence", "--seeds", 2, "--plans", 20, "--json", target)
    assert done.exit_code == 0, done.output
    low, high = bench_confidence.CALIBRATION, bench_confidence.CALIBRATION + 1
    assert sorted(SEEN) == [0, 0, 1, 1, low, low, high, high]
    figures = json.loads(target.read_text())
    assert figures["bench"] == "confidence"
    ours, raw, random, *weights = figures["rows"]
    assert (ours["name"], ours["auroc"]["mean"], raw["auroc"]["mean"]) == ("ours", 1.0, 0.5)
    assert random["name"] == "random"
    assert [row["hallucinated"] for row in weights] == ["all", NOISED]
    assert "20.0 % fail" in done.stdout
    only = cli("bench", "confidence", "--seeds", 1, "--plans", 20, "--weights", 0, "--json", "-")
    assert json.loads(only.stdout)["rows"][-1]["name"] == "random"
