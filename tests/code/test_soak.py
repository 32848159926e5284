import sys

import pytest
from agentic_diffusion_code.soak import count, soak


@pytest.mark.skipif(sys.platform != "linux", reason="counts by /proc")
def test_nothing_is_left_behind():
    growth = soak(120)
    assert growth["descriptors"] == 0
    assert growth["processes"] == 0
    assert growth["files"] == 0
    assert growth["memory_bytes"] < 8 << 20


def test_something_is_counted():
    found = count()
    assert found["descriptors"] > 2
    assert set(found) == {"descriptors", "processes", "files", "memory_bytes"}
