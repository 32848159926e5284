"""Growth has 1, 4 and 16 times the work on four axes; training has the textbook beside it."""

import pytest
from agentic_diffusion_cli.speed import planners
from agentic_diffusion_cli.speed.planners import fresh, kept
from agentic_diffusion_worlds.maze.planner import design_for


def test_growth_and_training(bench, monkeypatch):
    monkeypatch.setattr(planners, "GROWN", (1, 2))
    rows = list(bench.growth())
    assert [row["times"] for row in rows] == [1, 2] * 4
    for one, two in zip(rows[::2], rows[1::2], strict=True):
        assert two["gflop"] > 1.5 * one["gflop"]
        assert one["reference"] == "textbook"
    (step,) = bench.training()
    assert step["per_second"] == pytest.approx(1e3 / step["ms"]["mean"])
    weights = fresh(design_for(bench.maze)).named_parameters()
    blocks = sum(each.numel() for name, each in weights if "blocks" in name and each.ndim == 2)
    assert (
        step["gflop"] * 1e9 > 6 * 64 * blocks
    )  # each is used for each window, there and twice on the way back
    assert step["mbytes"] * 1e6 > 6 * 4 * blocks
    assert step["roofline_ms"] > 0


def test_what_is_lost_is_paired():
    told = kept([1.0, 0.0, 1.0], [1.0, 1.0, 1.0])
    assert told["lost"]["mean"] == pytest.approx(1 / 3)
    assert told["reference_score"]["ci95"] == (1.0, 1.0) or told["reference_score"]["ci95"] == [1.0, 1.0]
