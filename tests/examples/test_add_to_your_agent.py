"""The three lines give an agent a plan, and every call of a tool is told."""

import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "add_to_your_agent.py"


def test_the_agent_plans_and_its_tools_are_told(capsys):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = capsys.readouterr().out
    told = [line for line in said.splitlines() if line.startswith("told: ")]
    assert told[0] == "told: plan was worth 1, no step of a plan"
    calls = [line.split()[1] for line in told if "of plan " in line]
    assert calls == ["grand_hotel", "grand_hotel", "harbour_hotel"]
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 100
