"""Intervals hold the error, and a perfect estimate is told from one that is off."""

import pytest
import torch
from agentic_diffusion.denoising.state import generator
from agentic_diffusion_code.confidence import calibration_error
from agentic_diffusion_code.spread import spread


def test_a_perfect_estimate_shows_what_chance_makes_of_it() -> None:
    rng = generator(3)
    chances = torch.rand(400, generator=rng, dtype=torch.float64)
    fates = torch.rand(400, generator=rng, dtype=torch.float64) < chances
    own = calibration_error(chances.tolist(), fates.tolist())
    told = spread(chances.tolist(), fates.tolist())
    assert told["low"] <= own <= told["high"]
    assert own < told["perfect_p95"]
    assert told["perfect"] == pytest.approx(0.042, abs=0.012)  # chance alone, on 400


def test_one_that_is_off_is_told_apart() -> None:
    chances, fates = [0.9] * 200, [i % 2 == 0 for i in range(200)]
    told = spread(chances, fates)
    assert calibration_error(chances, fates) == pytest.approx(0.4)
    assert told["low"] > 0.3 > told["perfect_p95"]
    assert spread([], [])["perfect"] == 0
