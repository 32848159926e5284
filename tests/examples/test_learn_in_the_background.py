"""What became of plans makes the next version better than none, on the same seeds."""

import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "learn_in_the_background.py"


def test_an_agent_gets_better_while_it_works(capsys):
    runpy.run_path(str(EXAMPLE))["main"](count=96, seeds=2, ways=("off", "taught"))
    off, taught = capsys.readouterr().out.splitlines()
    shares = [[float(word.strip("(),")) for word in line.split()[3:5]] for line in (off, taught)]
    gains = [after - before for before, after in zip(*shares, strict=True)]
    assert min(gains) >= 0
    assert sum(gains) / len(gains) >= 0.2
    assert int(taught.split()[-5]) >= 2
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 100
