"""What became of plans makes the next version better than none, on the same seeds."""

import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "learn_in_the_background.py"


def shares(line):
    """Return the share of each seed."""
    return [float(word.strip("(),")) for word in line.split()[3:5]]


def test_an_agent_gets_better_while_it_works(capsys):
    runpy.run_path(str(EXAMPLE))["main"](count=96, seeds=2, ways=("off", "trust", "taught"))
    off, *others = capsys.readouterr().out.splitlines()
    before = shares(off)
    for line in others:
        gains = [late - early for early, late in zip(before, shares(line), strict=True)]
        assert min(gains) >= 0
        assert sum(gains) / len(gains) >= 0.2
    assert int(others[-1].split()[-5]) >= 2
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 100
