"""Keeps a warm helper per language and parked single-use workers ready behind it."""

from __future__ import annotations

import itertools
import json
import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .base import LAYERS, SandboxError
from .inside import framing
from .languages import DEVICES, Toolchain

_LOG = logging.getLogger("agentic_diffusion.code.sandbox")
_START_SECONDS = 30.0
_INSIDE = str(Path(__file__).parent)
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from inside import helper; del sys.path[0]; helper.main(int(sys.argv[2]))"
)
# Nobody's: used instead of root. The first one that exists in our own user namespace is taken.
_SPARE_UIDS = (2_000_000_011, 65_432, 65_534)


@dataclass(eq=False)
class Worker:
    """One parked process: it runs one program and is thrown away."""

    number: int
    disk: int
    control: socket.socket
    stdin: int
    stdout: int
    stderr: int
    scratch: str | None
    pid: int | None = None
    host_pid: int | None = None
    pidfd: int | None = None
    alone: bool = False  # first process of its own process namespace
    layers: tuple[str, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    code: int | None = None
    cpu: float = 0.0
    rss: int = 0
    trouble: str = ""
    born: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)

    def kill(self) -> None:
        """End the worker and everything it started."""
        if self.gone.is_set() or not self.born.wait(1.0):
            return
        with suppress(OSError):
            if self.pidfd is not None:
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            elif self.pid is not None:
                os.kill(self.pid, signal.SIGKILL)
        if not self.alone and self.pid is not None:
            with suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)

    def cpu_seconds(self) -> float | None:
        """Read the processor time used so far, from outside; None once the process is gone."""
        if self.host_pid is None or not hasattr(time, "clock_gettime"):
            return None
        try:
            return time.clock_gettime((~self.host_pid << 3) | 2)
        except OSError:
            return None

    def peak_bytes(self) -> int:
        """Read the highest memory use so far, from outside."""
        if self.gone.is_set() or self.host_pid is None:
            return self.rss
        try:
            with open(f"/proc/{self.host_pid}/status", "rb") as file:
                text = file.read()
            at = text.index(b"VmHWM:") + 6
            return int(text[at : text.index(b"kB", at)]) * 1024
        except (OSError, ValueError):
            return self.rss

    def dispose(self) -> None:
        """Kill, close every descriptor and remove the scratch directory."""
        self.kill()
        with suppress(OSError):
            self.control.close()
        for fd in (self.stdin, self.stdout, self.stderr, self.pidfd):
            if fd is not None and fd >= 0:
                with suppress(OSError):
                    os.close(fd)
        self.stdin = self.stdout = self.stderr = -1
        self.pidfd = None
        if self.scratch is not None:
            self.gone.wait(1.0)
            shutil.rmtree(self.scratch, ignore_errors=True)
            self.scratch = None


class Helper:
    """The caller's end of one helper process."""

    def __init__(self, toolchain: Toolchain, layers: frozenset[str]) -> None:
        self.owner = os.getpid()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._workers: dict[int, Worker] = {}
        self.dead = threading.Event()
        self._channel, far = socket.socketpair()
        with far:
            self._process = _start(far.fileno())
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

    def _note(self, message: dict[str, Any], fds: list[int]) -> None:
        if "born" in message:
            worker = self._workers[message["born"]]
            worker.pid = int(message["pid"])
            worker.pidfd = fds.pop() if fds else None
            worker.host_pid = _host_pid(worker)
            worker.born.set()
        elif "gone" in message:
            worker = self._workers.pop(message["gone"])
            worker.code = int(message["code"])
            worker.cpu = float(message["cpu"])
            worker.rss = int(message["rss"]) * (1 if sys.platform == "darwin" else 1024)
            worker.gone.set()
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
    path = tempfile.mkdtemp(prefix="fence-")
    if os.getuid() == 0 and uid != 0:
        os.chown(path, uid, uid)
    return path


def _start(channel: int) -> subprocess.Popen[bytes]:
    executable = getattr(sys, "_base_executable", None) or sys.executable
    flags = ["-I", "-S", "-X", "utf8", "-c", _BOOT]
    return subprocess.Popen(  # noqa: S603  this interpreter, with a constant program
        [executable, *flags, _INSIDE, str(channel)],
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


class Pool:
    """Parked workers of one helper, replaced as they are used."""

    def __init__(self, toolchain: Toolchain, layers: frozenset[str], *, parked: int) -> None:
        self._toolchain = toolchain
        self._layers = layers
        self._target = parked
        self._parked: deque[Worker] = deque()
        self._lock = threading.Lock()
        self._helper: Helper | None = None

    def helper(self) -> Helper:
        """Give the live helper, starting one where there is none."""
        with self._lock:
            current = self._helper
            if current is not None and current.owner != os.getpid():
                current = None  # inherited by fork: it belongs to our parent
                self._parked.clear()
            if current is not None and current.dead.is_set():
                _LOG.warning("a helper process ended; starting another")
                current.close()
                self._drop_parked()
                current = None
            if current is None:
                current = self._helper = Helper(self._toolchain, self._layers)
            return current

    def take(self, disk: int) -> Worker:
        """Give a worker that has not been used; a parked one where possible."""
        helper = self.helper()
        with self._lock:
            for worker in list(self._parked):
                if worker.gone.is_set():
                    self._parked.remove(worker)
                    worker.dispose()
                elif worker.disk == disk:
                    self._parked.remove(worker)
                    return worker
        return helper.spawn(disk)

    def give_back(self, worker: Worker) -> None:
        """Throw a used worker away and park a new one in its place."""
        disk = worker.disk
        worker.dispose()
        self.park(disk)

    def park(self, disk: int) -> None:
        """Park workers with this much disk until there are enough."""
        helper = self._helper
        if helper is None or helper.dead.is_set():
            return
        with self._lock:
            missing = self._target - sum(1 for w in self._parked if w.disk == disk)
            for _ in range(missing):
                self._parked.append(helper.spawn(disk))
            while len(self._parked) > 2 * self._target:
                self._parked.popleft().dispose()

    def wait_parked(self, seconds: float) -> None:
        """Wait until everything parked is confined and silent."""
        until = time.monotonic() + seconds
        for worker in list(self._parked):
            poll = select.poll()
            poll.register(worker.control, select.POLLIN)
            poll.poll(max(0.0, until - time.monotonic()) * 1000)

    def _drop_parked(self) -> None:
        while self._parked:
            self._parked.popleft().dispose()

    def close(self) -> None:
        """End the helper and everything parked."""
        with self._lock:
            self._drop_parked()
            if self._helper is not None and self._helper.owner == os.getpid():
                self._helper.close()
            self._helper = None
