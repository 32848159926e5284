"""One conversation with one worker: feeds it, reads it, and ends it when a limit is reached."""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal, NamedTuple, TypeGuard

from .base import Limits
from .inside import framing
from .parked import Worker

_TICK = 0.005  # how often we look where the kernel does not look for us
_SLACK = 4096
_CHUNK = 1 << 16

End = Literal["closed", "exited", "timeout", "output", "disk", "processes", "broken"]


class Event(NamedTuple):
    """What happened next: a message, or the reason why there will be none."""

    message: dict[str, Any] | None
    end: End | None = None


class Session:
    """Talks to one worker within the limits of one run.

    Args:
        worker: A worker that nobody else talks to.
        limits: What the program may use.
        stdin: What it may read.
    """

    def __init__(self, worker: Worker, limits: Limits, *, stdin: bytes = b"") -> None:
        self.worker = worker
        self.limits = limits
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.truncated = False
        self._stdin = memoryview(stdin)
        self._inbox = bytearray()
        self._poll = select.poll()
        self._channel = worker.control.fileno()
        self._streams = {worker.stdout: self.stdout, worker.stderr: self.stderr}
        worker.control.setblocking(False)
        self._watching = False
        self._printed = 0
        self._more = False
        self._wall = self._cpu = 0.0
        self._cpu_base = 0.0

    def start_clock(self) -> None:
        """Begin a new budget of wall time, processor time and output."""
        self._printed = 0
        self._cpu_base = self.worker.cpu_seconds() or 0.0
        self._wall = time.monotonic() + self.limits.wall_seconds
        self._cpu = self._cpu_base + self.limits.cpu_seconds

    def quiet(self) -> bool:
        """Say whether nothing is left over that was not asked for."""
        return not self._inbox

    def cpu_used(self) -> float:
        """Give the processor time since the clock was started."""
        now = self.worker.cpu_seconds()
        if now is None:
            now = self.worker.cpu
        return max(0.0, now - self._cpu_base)

    def close_stdin(self) -> None:
        """Say that there is no more input."""
        if self.worker.stdin >= 0 and not self._stdin:
            os.close(self.worker.stdin)
            self.worker.stdin = -1

    def send(self, message: Any) -> bool:
        """Send one message; False when the worker is no longer there to take it."""
        return self.write(framing.frame(message))

    def go_on(self) -> bool:
        """Let a worker that did one step do the next, now that what the last one printed was read."""
        return self.send({"go": True})

    def write(self, frames: bytes) -> bool:
        """Send framed messages; False when the worker is no longer there to take them."""
        data = memoryview(frames)
        try:
            while data:
                try:
                    data = data[self.worker.control.send(data) :]
                except BlockingIOError:
                    if time.monotonic() > self._wall or not self._writable():
                        return False
        except OSError:
            return False
        return True

    def _writable(self) -> bool:
        _, ready, _ = select.select([], [self._channel], [], 1.0)
        return bool(ready)

    def look(self) -> None:
        """Read what has been said already; for a worker that cannot have printed anything yet."""
        self._read_channel()

    def next(self) -> Event:
        """Wait for the next message, or for the end."""
        while True:
            message = self._take()
            if message is not None:
                return message
            end = self._step()
            if end is not None:
                return Event(None, end)

    def wait_exit(self) -> End:
        """Wait until the process has ended, or a limit is reached; messages are dropped."""
        pidfd = self.worker.pidfd
        self._watch()
        if pidfd is not None:
            self._poll.register(pidfd, select.POLLIN)
        while True:
            if pidfd is None and self.worker.gone.is_set():
                return "exited"
            end = self._step()
            if end is not None and end != "closed":
                return end

    def _watch(self) -> None:
        """Begin to listen: the channel first, so that its messages are seen before what is printed after them."""
        self._watching = True
        for fd in (self._channel, self.worker.stdout, self.worker.stderr):
            self._poll.register(fd, select.POLLIN)
        if self._stdin:
            self._poll.register(self.worker.stdin, select.POLLOUT)

    def _step(self) -> End | None:
        if not self._watching:
            self._watch()
        wait = self._wait_seconds()
        if wait <= 0:
            return "timeout"
        for fd, _ in self._poll.poll(wait * 1000):
            end = self._handle(fd)
            if end is not None:
                return end
        if self.worker.scratch is not None:
            if self._disk_full():
                return "disk"
            if self.worker.threads() > self.limits.processes:
                return "processes"
        return None

    def _wait_seconds(self) -> float:
        left = self._wall - time.monotonic()
        used = self.worker.cpu_seconds()
        if used is not None:
            spare = self._cpu - used
            left = min(left, max(spare / self.limits.processes, _TICK if spare > 0 else 0.0))
        watched = self.worker.scratch is not None or self.worker.pidfd is None
        return min(left, _TICK) if watched else left

    def _take(self) -> Event | None:
        if len(self._inbox) < framing.HEADER:
            return None
        size = int.from_bytes(self._inbox[: framing.HEADER], "big")
        if size > self.limits.output_bytes + _SLACK:
            self.truncated = True
            return Event(None, "output")
        if len(self._inbox) < framing.HEADER + size:
            return None
        body = bytes(self._inbox[framing.HEADER : framing.HEADER + size])
        del self._inbox[: framing.HEADER + size]
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            return Event(None, "broken")
        return Event(message) if isinstance(message, dict) else Event(None, "broken")

    def _handle(self, fd: int) -> End | None:
        if fd == self._channel:
            return self._read_channel()
        if fd == self.worker.pidfd:
            return "exited"
        if fd == self.worker.stdin:
            self._feed()
            return None
        return self._read_stream(fd)

    def _read_channel(self) -> End | None:
        try:
            data = self.worker.control.recv(_CHUNK)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            if self._watching:
                self._poll.unregister(self._channel)
            return "closed"
        self._inbox += data
        return None

    def _feed(self) -> None:
        try:
            self._stdin = self._stdin[os.write(self.worker.stdin, self._stdin[:_CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:
            self._stdin = memoryview(b"")
        if not self._stdin:
            self._poll.unregister(self.worker.stdin)
            self.close_stdin()

    def _read_stream(self, fd: int) -> End | None:
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return None
        if not data:
            self._poll.unregister(fd)
            return None
        self._more = len(data) == _CHUNK
        room = self.limits.output_bytes - self._printed
        self._streams[fd] += data[:room]
        self._printed += min(len(data), room)
        if len(data) > room:
            self.truncated = True
            return "output"
        return None

    def drain(self, *, ended: bool = False) -> None:
        """Read what has been printed but not yet been looked at.

        A message and what was printed before it are seen together, because the channel is polled
        first: only a stream that filled its last read can hold more, or that of an ended program.
        """
        if not self._more and not ended:
            return
        for fd, found in self._streams.items():
            self._read_until(fd, found, size=1 << 62)

    def take_output(self) -> tuple[str, str]:
        """Give what was printed since the last time, as text."""
        texts = self.stdout.decode("utf-8", "replace"), self.stderr.decode("utf-8", "replace")
        self.stdout.clear()
        self.stderr.clear()
        return texts

    def take_share(self, printed: object) -> tuple[str, str]:
        """Give so many bytes of both streams, as a worker counted them, and leave the rest for later."""
        out, err = printed if _are_sizes(printed) else (0, 0)
        return self._share(self.worker.stdout, out), self._share(self.worker.stderr, err)

    def _share(self, fd: int, size: int) -> str:
        found = self._streams[fd]
        self._read_until(fd, found, size=size)
        text = found[:size].decode("utf-8", "replace")
        del found[:size]
        return text

    def _read_until(self, fd: int, found: bytearray, *, size: int) -> None:
        """Read a stream until so much of it was found, or there is no more now, or it is too much."""
        with suppress(KeyError, OSError):
            while fd >= 0 and len(found) < size and self._printed <= self.limits.output_bytes:
                before = self._printed
                if self._read_stream(fd) is not None or self._printed == before:
                    break

    def _disk_full(self) -> bool:
        """Look at the scratch directory where no file system of its own bounds it."""
        total = count = 0
        stack = [self.worker.scratch or ""]
        while stack:
            with suppress(OSError), os.scandir(stack.pop()) as entries:
                for entry in entries:
                    count += 1
                    with suppress(OSError):
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
                        if entry.is_dir(follow_symlinks=False):
                            stack.append(entry.path)
                    if count > 4096 or total > self.limits.disk_bytes:
                        return True
        return False


def _are_sizes(value: object) -> TypeGuard[Sequence[int]]:
    """Say whether a worker told us two sizes, and not nonsense."""
    if not isinstance(value, list) or len(value) != 2:
        return False
    return all(type(size) is int and size >= 0 for size in value)
