"""Clocks tell ratios of paired turns; ceilings bound what work can take."""

import pytest
import torch
from agentic_diffusion_cli.speed.clock import Ceilings, paired, seconds, work


def test_ratios_are_taken_turn_by_turn():
    def busy(count):
        return lambda: sum(range(count))

    figures = paired(busy(20_000), busy(200_000), repeats=5, warm=0)
    assert figures["speedup"]["mean"] > 3
    assert figures["ms"]["n"] == 5
    assert seconds(busy(10)) >= 0


def test_operations_are_counted_and_bounded():
    a, b = torch.ones(8, 16), torch.ones(16, 4)
    flops, moved = work(lambda: a @ b)
    assert (flops, moved) == (2 * 8 * 16 * 4, 4 * 8 * 4)
    ceilings = Ceilings(flops=1e3, bandwidth=1e2)
    assert ceilings.bound(2e3, 1.0) == pytest.approx(2.0)
    assert ceilings.bound(1.0, 5e2) == pytest.approx(5.0)
