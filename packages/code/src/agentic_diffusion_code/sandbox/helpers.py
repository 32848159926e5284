"""The caller's end of a helper process: starts it, asks it for workers, hears when they are gone."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from .base import LAYERS, SandboxError
from .bubblewrap import wrap
from .inside import framing
from .languages import DEVICES, python
from .parked import Worker
from .toolchain import Toolchain

_START_SECONDS = 30.0
_INSIDE = str(Path(__file__).parent)
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from inside import helper; del sys.path[0]; helper.main(int(sys.argv[2]))"
)
# Nobody's: used instead of root. The first one that exists in our own user namespace is taken.
_SPARE_UIDS = (2_000_000_011, 65_432, 65_534)


class Helper:
    """The caller's end of one helper process."""

    def __init__(self, toolchain: Toolchain, layers: frozenset[str], *, bubblewrap: bool = False) -> None:
        self.owner = os.getpid()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._workers: dict[int, Worker] = {}
        self.dead = threading.Event()
        self._channel, far = socket.socketpair()
        with far:
            self._process = _start(far.fileno(), toolchain if bubblewrap else None)
            self._channel.sendall(framing.frame(_config(toolchain, layers)))
        hello = self._hello()
        self.namespaces = bool(hello["namespaces"])
        self._uid = int(hello["uid"])
        self._listener = threading.Thread(target=self._listen, name="fence-helper", daemon=True)
        self._listener.start()

    def _hello(self) -> dict[str, Any]:
        self._channel.settimeout(_START_SECONDS)
        try:
            hello, _ = _receive(self._channel)
        except (OSError, EOFError) as error:
            self.close()
            raise SandboxError(
                f"a helper process that did not start ({error})",
                "a Python interpreter that can be executed",
                "Look at the log of this machine; the sandbox cannot work without its helper.",
            ) from error
        self._channel.settimeout(None)
        return dict(hello)

    def spawn(self, disk: int, *, probe: bool = False) -> Worker:
        """Ask for one more parked worker; returns before it exists."""
        ours, control = socket.socketpair()
        stdin_r, stdin_w = os.pipe()
        stdout_r, stdout_w = os.pipe()
        stderr_r, stderr_w = os.pipe()
        far = [control.fileno(), stdin_r, stdout_w, stderr_w]
        scratch = None if self.namespaces else _make_scratch(self._uid)
        if scratch is not None:
            far.append(os.open(scratch, os.O_RDONLY | os.O_DIRECTORY))
        for fd in (stdin_w, stdout_r, stderr_r):
            os.set_blocking(fd, False)
        worker = Worker(0, disk, ours, stdin_w, stdout_r, stderr_r, scratch, alone=self.namespaces)
        try:
            with self._lock:
                worker.number = next(self._numbers)
                self._workers[worker.number] = worker
                message = {"id": worker.number, "disk": disk, "probe": probe}
                socket.send_fds(self._channel, [framing.frame(message)], far)
        except OSError:
            self._lost(worker)
        finally:
            control.close()
            for fd in far[1:]:
                os.close(fd)
        return worker

    def alive(self) -> int:
        """Count the workers that are not known to be gone."""
        return len(self._workers)

    def _listen(self) -> None:
        try:
            while True:
                message, fds = _receive(self._channel)
                self._note(message, fds)
        except (OSError, EOFError, ValueError):
            self.dead.set()
            for worker in list(self._workers.values()):
                self._lost(worker)

    def _lost(self, worker: Worker) -> None:
        worker.trouble = "the helper process is gone"
        self._workers.pop(worker.number, None)
        worker.born.set()
        worker.gone.set()
        if worker.when_gone is not None:
            worker.when_gone()

    def _note(self, message: dict[str, Any], fds: list[int]) -> None:
        if "born" in message:
            worker = self._workers[message["born"]]
            worker.pid = int(message["pid"])
            worker.pidfd = fds.pop() if fds else None
            worker.host_pid = _host_pid(worker)
            worker.born.set()
            if worker.disposed:  # nobody waited for it
                worker.dispose()
        elif "gone" in message:
            worker = self._workers.pop(message["gone"])
            worker.code = int(message["code"])
            worker.cpu = float(message["cpu"])
            worker.rss = int(message["rss"]) * (1 if sys.platform == "darwin" else 1024)
            worker.gone.set()
            follow_up = worker.when_gone
            if follow_up is not None:
                follow_up()
        elif "failed" in message:
            worker = self._workers[message["failed"]]
            self._lost(worker)
            worker.trouble = str(message["reason"])

    def close(self) -> None:
        """End the helper and all that is left of its workers."""
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if hasattr(self, "_listener"):
            self._listener.join(5)
        self._channel.close()


def _receive(channel: socket.socket) -> tuple[Any, list[int]]:
    header, fds, _, _ = socket.recv_fds(channel, framing.HEADER, 4)
    if not header:
        raise EOFError("the helper closed")
    while len(header) < framing.HEADER:
        header += _some(channel, framing.HEADER - len(header))
    size, body = int.from_bytes(header, "big"), b""
    while len(body) < size:
        body += _some(channel, size - len(body))
    return json.loads(body), fds


def _some(channel: socket.socket, size: int) -> bytes:
    part = channel.recv(size)
    if not part:
        raise EOFError("the helper closed")
    return part


def _host_pid(worker: Worker) -> int | None:
    """Find the number that we know the worker by; inside its room it has another one."""
    if worker.pidfd is None:
        return worker.pid
    try:
        with open(f"/proc/self/fdinfo/{worker.pidfd}", "rb") as file:
            text = file.read()
        return int(text.split(b"\nPid:", 1)[1].split(b"\n", 1)[0])
    except (OSError, ValueError, IndexError):
        return None


def _make_scratch(uid: int) -> str:
    path = tempfile.mkdtemp(prefix=f"fence-{os.getpid()}-")
    if os.getuid() == 0 and uid != 0:
        os.chown(path, uid, uid)
    return path


def _start(channel: int, wrapped: Toolchain | None) -> subprocess.Popen[bytes]:
    executable = getattr(sys, "_base_executable", None) or sys.executable
    flags = ["-I", "-S", "-X", "utf8", "-c", _BOOT]
    command = [executable, *flags, _INSIDE, str(channel)]
    if wrapped is not None:
        base = [sys.base_prefix, *python().readable, *wrapped.readable]
        command = wrap(command, readable=[*base, os.path.join(_INSIDE, "inside")])
    return subprocess.Popen(  # noqa: S603  this interpreter, with a constant program
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        pass_fds=[channel],
        start_new_session=True,
    )


def _config(toolchain: Toolchain, layers: frozenset[str]) -> dict[str, Any]:
    return {
        "kind": "python" if toolchain.steps is None else "compile",
        "layers": sorted(layers & frozenset(LAYERS)),
        "readable": list(toolchain.readable),
        "needed": list(toolchain.needed),
        "itself": toolchain.itself,
        "devices": [path for path in DEVICES if os.path.exists(path)],
        "uid": _spare_uid() if os.name == "posix" and os.getuid() == 0 else None,
    }


def _spare_uid() -> int | None:
    """Choose a user that owns nothing, from those that our own user namespace knows."""
    try:
        with open("/proc/self/uid_map", encoding="ascii") as file:
            ranges = [[int(word) for word in line.split()] for line in file]
    except (OSError, ValueError):
        return 65_534
    for uid in _SPARE_UIDS:
        if any(first <= uid < first + count for first, _, count in ranges):
            return uid
    return None
