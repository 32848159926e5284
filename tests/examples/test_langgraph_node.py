"""The LangGraph example tells its story: the denoising, the way, and how many ways were dry."""

import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "langgraph_node.py"


def test_it_streams_ten_steps_and_finds_a_dry_way(capsys):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = capsys.readouterr().out
    assert said.count("denoising step") == 10
    assert "~" in said
    dry, ways = (int(word) for word in said.splitlines()[-1].split() if word.isdigit())
    assert 0 < dry <= ways == 32
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 100
