"""The face of tool plans."""

import pytest
from agentic_diffusion.planning.domains import toolplan


def test_every_name_is_there() -> None:
    assert all(getattr(toolplan, name) for name in toolplan.__all__)
    with pytest.raises(AttributeError):
        _ = toolplan.nothing
