"""One parked process, seen from outside: how to end it, and what it has used."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .cgroup import Group


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
    disposed: bool = False
    when_gone: Callable[[], None] | None = None
    group: Group | None = None
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

    def threads(self) -> int:
        """Count its threads, from outside; 0 where that cannot be seen."""
        try:
            return os.stat(f"/proc/{self.host_pid}/task").st_nlink - 2
        except OSError:
            return 0

    def peak_bytes(self) -> int:
        """Read the highest memory use so far, from outside."""
        if self.gone.is_set() or self.host_pid is None:
            return self.rss
        try:
            file = os.open(f"/proc/{self.host_pid}/status", os.O_RDONLY)
            try:
                text = os.read(file, 8192)
            finally:
                os.close(file)
            at = text.index(b"VmHWM:") + 6
            return int(text[at : text.index(b"kB", at)]) * 1024
        except (OSError, ValueError):
            return self.rss

    def dispose(self) -> None:
        """Kill, close every descriptor and remove the scratch directory."""
        self.disposed = True
        self.kill()
        with suppress(OSError):
            self.control.close()
        for fd in (self.stdin, self.stdout, self.stderr, self.pidfd):
            if fd is not None and fd >= 0:
                with suppress(OSError):
                    os.close(fd)
        self.stdin = self.stdout = self.stderr = -1
        self.pidfd = None
        if self.group is not None:
            self.group.remove()
            self.group = None
        if self.scratch is not None:
            self.gone.wait(1.0)
            shutil.rmtree(self.scratch, ignore_errors=True)
            self.scratch = None
