"""One generation is practised, examined and rolled back."""

import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "evolve_a_maze.py"


def test_a_generation_is_judged_and_rolled_back(capsys):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    drives, exam, fate, back = capsys.readouterr().out.splitlines()
    assert drives.startswith("generation 1: ")
    assert int(drives.split()[2]) > 4
    assert exam.startswith("exam: 0.")
    assert fate in ("promoted", "rejected")
    assert back.startswith("back at generation 0: ")
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 100
