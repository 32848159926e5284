"""Tools of one's own are planned, called, and planned again after a failure."""

import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "bring_your_own_tools.py"


def test_the_letter_is_sent_after_a_second_plan(capsys):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    first, opening, *steps = capsys.readouterr().out.splitlines()
    assert first == "plans made: 2, calls: find_order, refund, refund, write_letter"
    assert opening == "Done."
    assert "sent to 1 Main Street: 12.50 for order" in steps[2]
    assert steps[3] == "refund failed 1 times"
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 100
