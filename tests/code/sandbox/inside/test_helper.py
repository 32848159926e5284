import builtins
import socket

from agentic_diffusion_code.sandbox.inside import cell, confine, helper


def test_programs_find_exit_and_quit():
    helper.warm_up()
    assert builtins.exit
    assert builtins.quit


def test_a_caller_that_is_gone_ends_the_service():
    ours, theirs = socket.socketpair()
    room = cell.Cell(False, False, None, None, {}, {}, False)
    service = helper.Helper(theirs, room, confine.Tools([], 0, frozenset()), kind="python")
    ours.close()
    assert service._request() is False
    service._tell({"x": 1}, [])
    theirs.close()


def test_the_helper_holds_no_secret_of_its_caller(fence, monkeypatch):
    monkeypatch.setenv("A_SECRET", "s3cret")
    run = fence.run("import os; print(sorted(os.environ))")
    assert run.stdout.strip() in ("['LC_CTYPE']", "[]")
