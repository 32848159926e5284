"""How much memory this process takes, and the most it took while something was done."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def peak(name: str, into: Any) -> Iterator[None]:
    """Note by how much a figure of this process rises at most, looked at every millisecond.

    Args:
        name: Of the figure; see `status`.
        into: Whose `value` is raised to it: shared memory, where another process reads it.
    """
    before, over = status(name), threading.Event()

    def look() -> None:
        while not over.wait(0.001):
            into.value = max(into.value, status(name) - before)

    looker = threading.Thread(target=look, daemon=True)
    looker.start()
    try:
        yield
    finally:
        over.set()
        looker.join()


def status(name: str) -> int:
    """Return a figure of `/proc/self/status`, such as RssAnon or VmSize, in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name + ":"):
            return 1024 * int(line.split()[1])
    raise OSError(f"/proc/self/status without {name}")
