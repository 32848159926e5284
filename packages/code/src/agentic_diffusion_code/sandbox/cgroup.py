"""A control group for each worker, where the system has delegated one to us; never required."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .base import Limits

ROOT = Path("/sys/fs/cgroup")
_NEEDED = frozenset({"memory", "pids"})
_RUNTIME_TASKS = 32


@dataclass(frozen=True)
class Delegated:
    """A control group beneath which we may make others, with memory and task limits."""

    path: Path

    def group(self, name: str, pid: int, limits: Limits) -> Group | None:
        """Put a process into a new group with these limits; None where the kernel refuses."""
        path = self.path / f"fence-{os.getpid()}-{name}"
        try:
            path.mkdir()
            _write(path / "memory.max", limits.memory_bytes)
            _write(path / "pids.max", limits.processes + _RUNTIME_TASKS)
            with suppress(OSError):
                _write(path / "memory.swap.max", 0)
            _write(path / "cgroup.procs", pid)
        except OSError:
            with suppress(OSError):
                path.rmdir()
            return None
        return Group(path)


@dataclass(frozen=True)
class Group:
    """The control group of one worker."""

    path: Path

    def holds(self, pid: int) -> bool:
        """Ask the kernel whether a process is in this group."""
        try:
            return str(pid) in (self.path / "cgroup.procs").read_text(encoding="ascii").split()
        except OSError:
            return False

    def remove(self, seconds: float = 0.5) -> None:
        """End everything in the group and take it away."""
        with suppress(OSError):
            _write(self.path / "cgroup.kill", 1)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                self.path.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.002)
            else:
                return


def _write(path: Path, value: int) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, str(value).encode())
    finally:
        os.close(fd)


def find(root: Path = ROOT, own: Path = Path("/proc/self/cgroup")) -> Delegated | str:
    """Find a delegated control group, or say why there is none.

    Args:
        root: Where the version 2 hierarchy is mounted.
        own: The file that names the group of this process.
    """
    try:
        lines = own.read_text(encoding="ascii").splitlines()
    except OSError:
        return "this system has no control groups"
    inner = next((line[3:] for line in lines if line.startswith("0::")), None)
    if inner is None or not (root / "cgroup.controllers").exists():
        return "no version 2 hierarchy"
    path = root / inner.lstrip("/")
    try:
        given = frozenset((path / "cgroup.subtree_control").read_text(encoding="ascii").split())
    except OSError:
        return "the group of this process cannot be read"
    if not given >= _NEEDED:
        return "memory and pids are not delegated to groups beneath that of this process"
    if not os.access(path, os.W_OK):
        return "the group of this process may not be changed by this user"
    return Delegated(path)
