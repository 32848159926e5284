"""Memory that was taken for a moment is noted, also when it is given back at once."""

import os
import time
from types import SimpleNamespace

import pytest
from agentic_diffusion_cli.resident import peak, status

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux")


def test_a_peak_is_noted() -> None:
    added, size = SimpleNamespace(value=0), 30_000_000
    with peak("RssAnon", added):
        taken = bytearray(os.urandom(1000)) * (size // 1000)
        time.sleep(0.02)
        del taken
    assert size * 0.9 < added.value < size * 1.5
    assert status("VmSize") > status("RssAnon") > 0
    with pytest.raises(OSError, match="without Nothing"):
        status("Nothing")
