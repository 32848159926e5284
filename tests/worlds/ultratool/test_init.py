"""The face of the UltraTool world."""

import pytest
from agentic_diffusion_worlds import ultratool


def test_every_name_is_there() -> None:
    assert all(getattr(ultratool, name) is not None for name in ultratool.__all__)
    with pytest.raises(AttributeError):
        _ = ultratool.nothing
