import os
import socket

import pytest
from agentic_diffusion_code.sandbox import Limits
from agentic_diffusion_code.sandbox.inside import framing
from agentic_diffusion_code.sandbox.parked import Worker
from agentic_diffusion_code.sandbox.session import Session


@pytest.fixture
def pair(tmp_path):
    ours, far = socket.socketpair()
    ins, outs, errs = os.pipe(), os.pipe(), os.pipe()
    for fd in (ins[1], outs[0], errs[0]):
        os.set_blocking(fd, False)
    worker = Worker(1, 1, ours, ins[1], outs[0], errs[0], None)
    limits = Limits(wall_seconds=0.3, output_bytes=1000)
    session = Session(worker, limits, stdin=b"text")
    session.start_clock()
    yield session, far, ins[0], outs[1]
    worker.gone.set()
    worker.dispose()
    far.close()
    for fd in (ins[0], outs[1], errs[1]):
        os.close(fd)


def test_messages_and_streams(pair):
    session, far, stdin, stdout = pair
    os.write(stdout, b"hello")
    far.sendall(framing.frame({"a": 1})[:3])
    far.sendall(framing.frame({"a": 1})[3:])
    assert session.quiet()
    assert session.next().message == {"a": 1}
    session.drain()
    assert session.take_output() == ("hello", "")
    assert os.read(stdin, 10) == b"text"
    assert session.send({"b": 2})
    assert framing.receive(far.fileno()) == {"b": 2}


@pytest.mark.parametrize(
    ("data", "end"),
    [(b"\xff\xff\xff\xff", "output"), (b"\0\0\0\x02[]", "broken"), (b"\0\0\0\x01x", "broken")],
)
def test_frames_that_are_none(pair, data, end):
    session, far, _, _ = pair
    far.sendall(data)
    assert session.next().end == end


def test_ends(pair):
    session, far, _, stdout = pair
    assert session.next().end == "timeout"
    session.start_clock()
    os.write(stdout, b"x" * 2000)
    assert session.next().end == "output"
    assert len(session.stdout) == 1000
    far.close()
    session.start_clock()
    assert session.next().end == "closed"
    assert session.quiet()
    assert session.send({"x": "y" * 10}) is False
    session.worker.gone.set()
    session.start_clock()
    assert session.wait_exit() == "exited"


def test_a_full_scratch_is_seen(pair, tmp_path):
    session, _, _, _ = pair
    (tmp_path / "d").mkdir()
    session.worker.scratch = str(tmp_path)
    assert not session._disk_full()
    (tmp_path / "d" / "f").write_bytes(b"x" * (65 << 20))
    assert session._disk_full()
    session.start_clock()
    assert session.next().end == "disk"
    session.worker.scratch = None
