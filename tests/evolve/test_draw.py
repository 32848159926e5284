"""Drawing: chances are trust over rank, and nothing that is not trusted comes."""

import pytest
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_evolve.draw import drawn
from agentic_diffusion_evolve.evict import Entry


def test_priorities_are_trust_over_rank() -> None:
    known = [
        Entry(name, "t", reward, trust, 0)
        for name, reward, trust in (("a", 5, 1), ("b", 4, 1), ("c", 3, 0.5))
    ]
    names = drawn(known, 60_000, generator(0), sharpness=1.0)
    weights = {"a": 1.0, "b": 1 / 2, "c": 0.5 / 3}
    for name, weight in weights.items():
        assert names.count(name) / 60_000 == pytest.approx(weight / sum(weights.values()), abs=0.01)
    even = drawn(known, 60_000, generator(0), sharpness=0.0)
    assert even.count("c") / 60_000 == pytest.approx(0.2, abs=0.01)
    ties = [Entry(name, "t", 1.0, 1.0, 0) for name in "abcd"]
    assert drawn(ties, 40_000, generator(0), sharpness=2.0).count("a") == pytest.approx(10_000, rel=0.05)


def test_what_nobody_trusts_is_never_drawn() -> None:
    assert drawn([Entry("a", "t", 1, 0.0, 0)], 5, generator(0), sharpness=1.0) == []
    known = [Entry("a", "t", 9, 0.0, 0), Entry("b", "t", 1, 1.0, 1)]
    assert set(drawn(known, 500, generator(0), sharpness=1.0)) == {"b"}
    with pytest.raises(InvalidConfigError, match="sharpness"):
        drawn(known, 5, generator(0), sharpness=-1.0)
