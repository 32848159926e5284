import os
import sys

import pytest
from agentic_diffusion_code.sandbox.inside import cell, probe


@pytest.mark.skipif(sys.platform != "linux", reason="facts of Linux")
def test_outside_the_fence_nothing_is_claimed():
    proc = os.open("/proc", os.O_RDONLY)
    room = cell.Cell(False, False, proc, None, cell.namespace_links(proc), {}, False)
    facts = probe.facts(room)
    os.close(proc)
    assert facts["namespaces"] == []
    assert facts["root_listed"] is True
    assert facts["fork"] is True
    assert facts["socket"] is True
    assert facts["first_process"] is (os.getpid() == 1)
