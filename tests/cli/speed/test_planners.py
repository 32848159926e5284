"""Each part of `bench speed` gives rows with a reference, our time and a ratio."""

from agentic_diffusion.compute import Compute
from agentic_diffusion_cli.speed import planners
from agentic_diffusion_cli.speed.clock import Ceilings
from agentic_diffusion_worlds.maze.map import UMAZE


def test_eight_bits_training_and_one_step(monkeypatch):
    monkeypatch.setattr(planners, "LARGE", {"width": 64, "depth": 1, "heads": 2})
    bench = planners.Bench(UMAZE, Compute("cpu"), Ceilings(1e10, 1e10), repeats=2, requests=2)
    rows = [*bench.eight_bits(), *bench.training(), *bench.one_step()]
    assert [row["reference"] for row in rows[:3]] == ["fp32", "fp32", "textbook"]
    assert 0 <= rows[0]["passed"]["mean"] <= 1
    assert rows[0]["reference_passed"]["n"] == 2
    assert all(row["ms"]["mean"] > 0 and row["speedup"]["mean"] > 0 for row in rows)
