"""A planner meets a maze with a passage closed, before and after it has adapted."""

import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "meet_an_unseen_maze.py"


def test_both_planners_drive_and_the_gate_has_its_say(capsys):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert "-closed-" in lines[0]
    frozen, ours, fate = lines[-3:]
    assert frozen.startswith("frozen: ")
    assert ours.startswith("ours: ")
    assert frozen.endswith("of 4 errands end in the goal")
    assert int(fate.split()[0]) >= 0
    assert "the gate saw a gain of" in fate
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 100
