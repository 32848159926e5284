"""The agent has a function written and mended, and the memory knows which of the two is right."""

import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "write_a_function.py"


def test_the_function_is_written_and_mended(capsys):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = capsys.readouterr().out
    assert "1 tests passed" in said
    assert "mends line 2: For ([])" in said
    assert "2 tests passed" in said
    assert "if xs else 0" in said
    assert "learnt for 'the mean of a list of numbers'" in said
