"""A share of all is still uncertain, and the interval is Wilson's."""

import pytest
from agentic_diffusion_cli.shares import share


def test_the_interval_stays_within_zero_and_one_and_holds_the_share():
    for count in (1, 10, 100):
        for mean in (0.0, 0.5, 1.0):
            low, high = share(mean, count)["ci95"]
            assert 0 <= low <= mean <= high + 1e-12
            assert high <= 1
    assert share(0.5, 100)["ci95"] == [pytest.approx(0.404, abs=1e-3), pytest.approx(0.596, abs=1e-3)]
