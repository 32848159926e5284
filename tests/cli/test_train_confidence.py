"""`train confidence` fits the chance of untested programs and writes weights that are the same."""

import json
import sys

from agentic_diffusion import store
from agentic_diffusion_code import fates
from agentic_diffusion_code.embedded import shipped
from agentic_diffusion_code.fates import Fate


def test_the_card_has_a_new_estimate_and_the_command(cli, tmp_path, monkeypatch):
    known = tuple(
        Fate(seed=7, index=i, features=(0.0, -float(i % 5), 0.0, float(i % 2), 0.0, -1.0), passed=i % 3 > 0)
        for i in range(30)
    )
    monkeypatch.setattr(fates, "fates", lambda *args, **how: iter([known[:9], known]))
    monkeypatch.setattr(sys, "argv", ["agentic-diffusion", "train", "confidence"])
    told = tmp_path / "told.json"
    done = cli(
        *("train", "confidence", "--out", str(tmp_path / "new"), "--seed", "7", "--questions", "30"),
        *("--held-seed", "8", "--held", "30", "--json", str(told)),
    )
    assert done.exit_code == 0, done.output
    old, new = store.load(shipped()), store.load(tmp_path / "new")
    assert new.card["sha256"] == old.card["sha256"]
    assert new.card["untested"] == "fitted to 30 single samples that parse, of 30 held-out compositions"
    assert new.card["untested_by"] == "agentic-diffusion train confidence"
    now, before = (json.loads(json.dumps(each.card["confidence"])) for each in (new, old))
    assert now["alone"] != before["alone"]
    assert now["weights"] == before["weights"]
    was, ours = json.loads(told.read_text(encoding="utf-8"))["rows"]
    assert (was["name"], ours["name"], ours["n"]) == ("as it was", "ours", 30)
    assert ours["low"] <= ours["ece"] <= ours["high"]


def test_the_benchmark_is_not_fitted_to(cli, tmp_path):
    for words in (("--seed", "10000"), ("--seed", "7", "--held-seed", "7", "--held", "3")):
        done = cli("train", "confidence", "--out", str(tmp_path), *words)
        assert done.exit_code == 2
        assert "proves nothing" in done.output + done.stderr
