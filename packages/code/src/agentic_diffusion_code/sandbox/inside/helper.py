"""The helper: a warm process without secrets that forks one single-use worker per run.

It is started by `execve` with an empty environment, so it holds nothing of its caller, and it is
given no program and no expected answer: these go from the caller straight to the worker.
"""

from __future__ import annotations

import array  # noqa: F401  asked for by socket.recv_fds, when nothing can be loaded any more
import gc
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from typing import Any

from . import cell as cells
from . import confine, framing, kernel, probe, program, worker

CONTROL = 3
_NO_PIDFD_MS = 20


def main(channel_fd: int) -> None:  # pragma: no cover  # only inside the fence
    """Serve the caller until it closes the channel."""
    config = framing.receive(channel_fd)
    config["channel"] = channel_fd
    warm_up()
    cell = cells.enter(config)
    channel = socket.socket(fileno=cells.high(channel_fd))
    _prefer_as_victim(cell.proc)
    os.dup2(os.open("/dev/null", os.O_RDONLY), CONTROL)  # so that no worker is given this number
    tools = confine.prepare(config, private=cell.root)
    channel.sendall(framing.frame({"namespaces": cell.namespaces, "uid": os.getuid()}))
    if "seccomp" in tools.layers and cell.namespaces:
        for kind in (config["kind"], *program.STEP_KINDS):
            confine.filter_for(kind, cell.namespaces, None)
    gc.collect()
    gc.freeze()
    Helper(channel, cell, tools, kind=config["kind"]).serve()
    os._exit(0)


def warm_up() -> None:
    """Import what ordinary programs import, so that workers have it for nothing."""
    import _sitebuiltins
    import builtins

    for name in WARM:
        with suppress(ImportError):
            __import__(name)
    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D (i.e. EOF)"))


WARM = (
    *("atexit", "bisect", "collections", "copy", "dataclasses", "functools", "heapq"),
    *("itertools", "json", "linecache", "math", "operator", "random", "re", "string"),
    *("threading", "traceback", "types", "typing"),
)


class Helper:
    """Forks workers on request and says when they are gone."""

    def __init__(self, channel: socket.socket, cell: cells.Cell, tools: confine.Tools, *, kind: str) -> None:
        self._channel = channel
        self._cell = cell
        self._tools = tools
        self._kind = kind
        self._workers: dict[int, int] = {}
        self._pidfds: set[int] = set()
        self._poll = select.poll()

    def serve(self) -> None:  # pragma: no cover  # only inside the fence
        """Answer requests until the caller is gone."""
        self._poll.register(self._channel, select.POLLIN)
        while True:
            for fd, _ in self._poll.poll(self._patience()):
                if fd in self._pidfds:
                    self._poll.unregister(fd)
                    os.close(fd)
                    self._pidfds.discard(fd)
                elif not self._request():
                    return
            self._reap()

    def _patience(self) -> int | None:
        """Wait for ever, unless there are workers whose end nothing tells us."""
        return _NO_PIDFD_MS if self._workers and not self._pidfds else None

    def _request(self) -> bool:
        try:
            header, fds, _, _ = socket.recv_fds(self._channel, framing.HEADER, 8)
            if not header:
                return False
            number = self._channel.fileno()
            header += framing.read_exactly(number, framing.HEADER - len(header))
            body = framing.read_exactly(number, int.from_bytes(header, "big"))
        except (OSError, EOFError):
            return False
        self._spawn(json.loads(body), fds)
        return True

    def _spawn(
        self, message: dict[str, Any], fds: list[int]
    ) -> None:  # pragma: no cover  # only inside the fence
        try:
            cells.prepare_fork(self._cell)
            pid = os.fork()
        except OSError as error:
            self._close(fds)
            self._tell({"failed": message["id"], "reason": str(error)}, [])
            return
        if pid == 0:
            self._become_worker(message, fds)
        self._close(fds)
        self._workers[pid] = message["id"]
        pidfds: list[int] = []
        with suppress(OSError, AttributeError):
            pidfds = [os.pidfd_open(pid)]
        self._tell({"born": message["id"], "pid": pid}, pidfds)
        for fd in pidfds:
            self._pidfds.add(fd)
            self._poll.register(fd, select.POLLIN)

    def _become_worker(
        self, message: dict[str, Any], fds: list[int]
    ) -> None:  # pragma: no cover  # only inside the fence
        """Run in the new child: confine it, park it, and never return."""
        try:
            _take_descriptors(fds)
            if not self._cell.namespaces:
                self._lead_a_group()
            cells.private(self._cell, disk_bytes=message["disk"])
            done, reasons = confine.lock_down(self._cell, self._tools, self._kind)
            report: dict[str, Any] = {"layers": done}
            if message["probe"]:
                report["reasons"] = reasons
                report["facts"] = probe.facts(self._cell)
            kernel.close_range(CONTROL + 1)
            framing.send(CONTROL, report)
            if self._kind == "python":
                worker.serve(CONTROL)
            else:
                program.serve(CONTROL, private=self._cell.namespaces)
        except (EOFError, BrokenPipeError):
            os._exit(0)
        except BaseException as error:  # noqa: BLE001  a forked child must never return
            with suppress(BaseException):
                framing.send(CONTROL, {"broken": f"{type(error).__name__}: {error}"})
        finally:
            os._exit(70)

    @staticmethod
    def _lead_a_group() -> None:  # pragma: no cover  # only inside the fence
        """Be what the caller can end as one where no process namespace does it."""
        with suppress(OSError):
            os.setsid()
        if sys.platform == "linux":
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)

    def _reap(self) -> None:  # pragma: no cover  # only inside the fence
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            number = self._workers.pop(pid, None)
            if number is not None:
                code = os.waitstatus_to_exitcode(status)
                seconds = usage.ru_utime + usage.ru_stime
                message = {"gone": number, "code": code, "cpu": seconds, "rss": usage.ru_maxrss}
                self._tell(message, [])

    def _tell(self, message: dict[str, Any], fds: list[int]) -> None:
        with suppress(OSError):
            socket.send_fds(self._channel, [framing.frame(message)], fds)

    @staticmethod
    def _close(fds: list[int]) -> None:
        for fd in fds:
            os.close(fd)


def _take_descriptors(fds: list[int]) -> None:  # pragma: no cover  # only inside the fence
    """Put control, stdin, stdout and stderr where a worker expects them; and the scratch."""
    control, stdin, stdout, stderr, *scratch = fds  # all above CONTROL, which is taken
    if scratch:
        os.fchdir(scratch[0])
    for target, fd in ((CONTROL, control), (0, stdin), (1, stdout), (2, stderr)):
        os.dup2(fd, target)


def _prefer_as_victim(proc: int | None) -> None:  # pragma: no cover  # only inside the fence
    """Ask the kernel to end us and our workers first when the machine runs out of memory."""
    if proc is not None:
        with suppress(OSError):
            fd = os.open("self/oom_score_adj", os.O_WRONLY, dir_fd=proc)
            os.write(fd, b"1000")
            os.close(fd)
