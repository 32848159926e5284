"""With feedback more errands are fulfilled than without, on the same seeds."""

import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "learn_from_failures.py"


def test_feedback_beats_no_feedback(capsys):
    runpy.run_path(str(EXAMPLE))["main"](count=14, seeds=1)
    off, on = (float(line.split()[2]) for line in capsys.readouterr().out.replace("on :", "on:").splitlines())
    assert on >= off + 0.25
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 100
