import shutil

import pytest
from agentic_diffusion_code.sandbox import ProcessSandbox, SandboxError, bubblewrap


def test_only_what_is_readable_is_there(monkeypatch, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "l").symlink_to("d")
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda name: "/bin/bwrap")
    readable = [str(tmp_path / name) for name in ("d", "l", "missing")]
    command = bubblewrap.wrap(["program"], readable=readable)
    assert command[0] == "/bin/bwrap"
    assert command[-1] == "program"
    assert "--unshare-all" in command
    assert command.count("--ro-bind") == 1
    assert command[command.index("--symlink") + 1 :][:2] == ["d", readable[1]]


def test_it_must_be_installed(monkeypatch):
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda name: None)
    with pytest.raises(SandboxError, match="bubblewrap"):
        bubblewrap.wrap([], readable=[])
    with ProcessSandbox(bubblewrap=True) as sandbox:
        assert sandbox.run("pass").status == "refused"


def test_programs_run_inside():
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    with ProcessSandbox(bubblewrap=True) as sandbox:
        run = sandbox.run("print(6 * 7)")
        assert run.stdout == "42\n", run
        assert "seccomp" in run.isolation
