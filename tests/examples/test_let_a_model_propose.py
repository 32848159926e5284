"""The model is asked for every first customer, and then for hardly any, while plans stay right."""

import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "let_a_model_propose.py"


def test_what_a_model_proposed_is_learned(capsys):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    first, later = capsys.readouterr().out.splitlines()
    assert first == "at first: 16 of 16 customers served, the model was asked 16 times"
    words = later.split()
    assert int(words[1]) >= 7
    assert int(words[-2]) <= 4
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 100
