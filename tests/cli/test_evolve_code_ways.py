"""Ways are compared on the same questions, with paired intervals."""

import pytest
from agentic_diffusion_cli.evolve_code_ways import paired


def test_paired_answers_have_a_narrower_interval_than_their_shares():
    before, after = [True] * 20 + [False] * 20, [True] * 30 + [False] * 10
    gain = paired(after, before)
    assert gain["mean"] == pytest.approx(0.25)
    low, high = gain["ci95"]
    assert 0.1 < low < 0.25 < high < 0.4
    assert paired(before, before)["ci95"] == [0.0, 0.0]
    assert paired([True], [False]) == {"mean": 1.0, "ci95": [-1.0, 1.0], "n": 1}
