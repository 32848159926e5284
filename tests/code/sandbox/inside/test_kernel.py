import os
import sys
from pathlib import Path

import pytest
from agentic_diffusion_code.sandbox.inside import kernel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="calls of Linux")


def in_child(action):
    """Do it in a child, whose exit code is the answer."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = int(action())
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_facts_agree_with_proc():
    facts = kernel.facts()
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    lines = dict(line.split(":\t") for line in text.splitlines() if ":\t" in line)
    assert facts.seccomp == int(lines["Seccomp"])
    assert facts.no_new_privs == int(lines["NoNewPrivs"])
    assert facts.capabilities == int(lines["CapEff"], 16) | int(lines["CapPrm"], 16)


def test_privileges_are_given_up():
    def give_up():
        kernel.drop_capabilities()
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        facts = kernel.facts()
        return 0 if facts.no_new_privs == 1 and facts.capabilities == 0 else 1

    assert in_child(give_up) == 0


def test_landlock_confines(tmp_path):
    abi = kernel.landlock_abi()
    if abi == 0:
        pytest.skip("this kernel has no Landlock")
    (tmp_path / "in").mkdir()

    def confine():
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        fd = os.open(tmp_path / "in", os.O_PATH)
        kernel.landlock([(fd, kernel.FS_SCRATCH)], abi=abi)
        (tmp_path / "in" / "a").write_text("x")
        try:
            (tmp_path / "b").write_text("x")
        except PermissionError:
            return 0
        return 1

    assert in_child(confine) == 0
    assert kernel.landlock_handled(1) == 0x1FFF
    assert kernel.landlock_handled(99) == 0xFFFF


def test_errors_say_which_call_failed():
    with pytest.raises(OSError, match="mount"):
        kernel.mount("none", "/nowhere-at-all")
    with pytest.raises(OSError, match="umount2"):
        kernel.unmount("/nowhere-at-all")
    with pytest.raises(OSError, match="pivot_root"):
        kernel.pivot_root("/nowhere", "/nowhere")
    with pytest.raises(OSError, match="setns"):
        kernel.setns(-1)
    with pytest.raises(OSError, match="unshare"):
        kernel.unshare(0x1)
    with pytest.raises(OSError, match="mount_setattr"):
        kernel.read_only("/nowhere-at-all", recursive=True)
    with pytest.raises(OSError, match="seccomp"):
        kernel.install_filter(b"\0" * 8, 1)


def test_ranges_of_descriptors_close():
    low, high = os.dup(0), os.dup(0)
    kernel.close_range(high, high)
    kernel.close_range(high + 1, high)
    os.close(low)
    with pytest.raises(OSError):
        os.fstat(high)


def test_an_unknown_processor(monkeypatch):
    monkeypatch.setattr(kernel.syscalls, "machine", lambda: None)
    assert kernel.landlock_abi() == 0
    with pytest.raises(OSError, match="no system call numbers"):
        kernel.capabilities()
    fd = os.dup(0)
    kernel.close_range(fd, fd)
    with pytest.raises(OSError):
        os.fstat(fd)
