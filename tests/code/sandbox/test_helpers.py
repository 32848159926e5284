import os

import pytest
from agentic_diffusion_code.sandbox import ProcessSandbox, SandboxError, helpers
from agentic_diffusion_code.sandbox.languages import toolchain


def test_a_helper_that_cannot_start(monkeypatch):
    monkeypatch.setattr(helpers, "_BOOT", "raise SystemExit(1)")
    with pytest.raises(SandboxError, match="did not start"):
        helpers.Helper(toolchain("python"), frozenset())
    with ProcessSandbox() as sandbox:
        assert sandbox.run("pass").status == "refused"


def test_the_helper_ends_with_its_caller():
    helper = helpers.Helper(toolchain("python"), frozenset({"rlimits"}))
    pid = helper._process.pid
    helper.close()
    assert not os.path.exists(f"/proc/{pid}/exe")
    assert helper.dead.is_set()
    worker = helper.spawn(1 << 20)
    assert worker.gone.is_set()
    worker.dispose()


def test_a_worker_that_cannot_be_made_says_why():
    helper = helpers.Helper(toolchain("python"), frozenset())
    worker = helper.spawn(1 << 20)
    worker.born.wait(5)
    other = helper.spawn(1 << 20)
    helper._note({"failed": other.number, "reason": "no more processes"}, [])
    assert other.trouble == "no more processes"
    helper.close()
    worker.dispose()
    other.dispose()


def test_a_user_that_owns_nothing(monkeypatch, tmp_path):
    assert helpers._spare_uid() in (*helpers._SPARE_UIDS, None)
