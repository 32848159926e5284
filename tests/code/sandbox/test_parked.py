import os
import socket

from agentic_diffusion_code.sandbox.parked import Worker


def dead(**more):
    control, far = socket.socketpair()
    far.close()
    return Worker(1, 1, control, -1, -1, -1, None, **more)


def test_what_cannot_be_seen_is_not_claimed():
    worker = dead()
    worker.born.set()
    assert worker.cpu_seconds() is None
    assert worker.threads() == 0
    assert worker.peak_bytes() == 0
    worker.host_pid = 1 << 22
    assert worker.cpu_seconds() is None
    assert worker.peak_bytes() == 0
    worker.dispose()


def test_use_is_read_from_outside():
    worker = dead(host_pid=os.getpid())
    assert worker.cpu_seconds() > 0
    assert worker.peak_bytes() > 1 << 20
    assert worker.threads() >= 1
    worker.host_pid = None
    worker.gone.set()
    worker.dispose()


def test_a_group_is_ended_where_there_is_no_pid_namespace():
    pid = os.fork()
    if pid == 0:
        os.setsid()
        import time

        time.sleep(60)
    import time

    time.sleep(0.1)
    worker = dead(pid=pid)
    worker.born.set()
    worker.kill()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9
    worker.gone.set()
    worker.dispose()


def test_scratch_is_removed_without_following_links(tmp_path):
    (tmp_path / "keep").write_text("x")
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "l").symlink_to(tmp_path)
    worker = dead()
    worker.scratch = str(tmp_path / "scratch")
    worker.gone.set()
    worker.dispose()
    assert sorted(os.listdir(tmp_path)) == ["keep"]
