import os
import resource
import sys

import pytest
from agentic_diffusion_code.sandbox.inside import cell, confine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="layers of Linux")


def in_child(action):
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = int(action())
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_paths_beneath_others_need_no_rule():
    assert confine._outermost(["/usr/lib", "/usr/lib/x", "/usr"]) == ["/usr"]


def test_limits_are_set_and_never_raised():
    def limit():
        confine.apply_limits({"open": 40, "cpu": 7.2, "file": None})
        confine.limit(resource.RLIMIT_NOFILE, 400)
        confine.refuse_cores()
        found = [resource.getrlimit(n)[0] for n in (resource.RLIMIT_NOFILE, resource.RLIMIT_CPU)]
        return 0 if found == [40, 8] and resource.getrlimit(resource.RLIMIT_CORE) == (0, 0) else 1

    assert in_child(limit) == 0


def test_layers_that_were_not_asked_for_are_named():
    tools = confine.Tools([], 0, frozenset({"landlock"}))
    room = cell.Cell(False, False, None, None, {}, {"namespaces": "why"}, False)
    done, reasons = confine.lock_down(room, tools, "python")
    assert done == []
    assert reasons["namespaces"] == "why"
    assert reasons["seccomp"] == "switched off"
    assert "no Landlock" in reasons["landlock"]


def test_tools_are_prepared(tmp_path):
    config = {"layers": ["landlock"], "readable": [str(tmp_path)], "devices": ["/dev/null"]}
    tools = confine.prepare(config, private=False)
    assert len(tools.rules) == (2 if tools.abi else 0)
    for fd, _ in tools.rules:
        os.close(fd)


def test_an_unknown_processor_has_no_filter(monkeypatch):
    monkeypatch.setattr(confine.syscalls, "machine", lambda: None)
    confine.filter_for.cache_clear()
    with pytest.raises(OSError, match="processor"):
        confine.install("python", private=True)
    confine.filter_for.cache_clear()
