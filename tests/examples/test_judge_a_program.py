"""The story of three programs that claim to sort ends as it should."""

import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "judge_a_program.py"


def test_only_the_right_one_passes(capsys):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = capsys.readouterr().out
    assert "right: passed, score 1.00" in said
    assert "wrong: failed, score 0.75" in said
    assert "cheat: failed, score 0.00" in said
