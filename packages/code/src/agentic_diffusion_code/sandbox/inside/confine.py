"""The last steps before a worker is parked: everything it can give up, it gives up."""

from __future__ import annotations

import functools
import math
import os
import resource
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from . import kernel, seccomp, syscalls
from .cell import Cell, high

_MIB = 1 << 20


class Tools(NamedTuple):
    """What the helper prepares once so that a worker confines itself quickly."""

    rules: list[tuple[int, int]]
    abi: int
    layers: frozenset[str]


def prepare(config: dict[str, Any], *, private: bool) -> Tools:
    """Open what Landlock will grant and write the filters."""
    layers = frozenset(config["layers"])
    abi = kernel.landlock_abi() if "landlock" in layers else 0
    rules: list[tuple[int, int]] = []
    if abi:
        devices = ["/dev"] if private else config["devices"]
        rules = [*_rules(_outermost(config["readable"])), *_rules(devices, write=True)]
    return Tools(rules, abi, layers)


def _outermost(paths: list[str]) -> list[str]:
    """Leave out what lies beneath another path, and links, whose targets count."""
    real = sorted({os.path.realpath(path) for path in paths})
    return [p for p in real if not any(p.startswith(q + "/") for q in real)]


def _rules(paths: list[str], *, write: bool = False) -> list[tuple[int, int]]:
    rules: list[tuple[int, int]] = []
    for path in paths:
        with suppress(OSError):
            fd = high(os.open(path, os.O_PATH))
            directory = stat.S_ISDIR(os.fstat(fd).st_mode)
            rights = kernel.FS_READ if directory else 0b101
            rules.append((fd, rights | (kernel.FS_WRITE_FILE if write else 0)))
    return rules


@functools.cache
def filter_for(kind: str, private: bool, pid: int | None) -> seccomp.Filter | None:
    """Write a filter, once for each kind."""
    family = syscalls.machine()
    if family is None:
        return None
    return seccomp.build(kind, family=family, private=private, pid=pid)


def lock_down(cell: Cell, tools: Tools, kind: str) -> tuple[list[str], dict[str, str]]:
    """Apply every layer that was asked for.

    Returns:
        The layers that were applied, and for each of the others why not.
    """
    done: list[str] = []
    reasons = dict(cell.reasons)
    for name, active in (("namespaces", cell.namespaces), ("private_root", cell.root)):
        if active:
            done.append(name)
    for name, step in _steps(cell, tools, kind):
        if name not in tools.layers:
            reasons[name] = "switched off"
            continue
        try:
            step()
            done.append(name)
        except (OSError, AttributeError, ValueError) as error:
            reasons[name] = str(error) or type(error).__name__
    return done, reasons


def _steps(
    cell: Cell, tools: Tools, kind: str
) -> list[tuple[str, Callable[[], None]]]:  # pragma: no cover  # only inside the fence
    """Give the layers in the one order in which the kernel grants them all."""

    def privileges() -> None:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)

    def landlock() -> None:
        if not tools.abi:
            raise OSError("this kernel has no Landlock")
        scratch = os.open(".", os.O_PATH | os.O_DIRECTORY)
        try:
            kernel.landlock([*tools.rules, (scratch, kernel.FS_SCRATCH)], abi=tools.abi)
        finally:
            os.close(scratch)

    def filter_calls() -> None:
        install(kind, private=cell.namespaces)

    def capabilities() -> None:
        kernel.drop_capabilities()

    return [
        ("rlimits", refuse_cores),
        ("no_new_privs", privileges),
        ("landlock", landlock),
        ("seccomp", filter_calls),
        ("capabilities", capabilities),
    ]


def install(kind: str, *, private: bool) -> None:
    """Put the filter of this kind on the calling process."""
    ready = filter_for(kind, private, None if private else os.getpid())
    if ready is None:
        raise OSError("no system call numbers for this processor")
    kernel.install_filter(ready.code, ready.length)


def refuse_cores() -> None:
    """Write no core files and lock no memory."""
    limit(resource.RLIMIT_CORE, 0)
    for name in ("RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE"):
        number = getattr(resource, name, None)
        if number is not None:
            limit(number, 0)


def limit(number: int, value: int) -> None:
    """Set both limits, but never above what is already the hard one."""
    hard = resource.getrlimit(number)[1]
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(number, (bound, bound))


def apply_limits(limits: dict[str, Any]) -> None:
    """Set the limits of one run: the keys are those of `inside_limits` in `languages`."""
    for key, number in _NUMBERS.items():
        value = limits.get(key)
        if value is not None:
            with suppress(ValueError, OSError):
                limit(number, math.ceil(value))
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    stack = 8 * _MIB if hard == resource.RLIM_INFINITY else min(8 * _MIB, hard)
    if soft == resource.RLIM_INFINITY or soft > stack:
        resource.setrlimit(resource.RLIMIT_STACK, (stack, hard))


_NUMBERS = {
    "address": resource.RLIMIT_AS,
    "data": resource.RLIMIT_DATA,
    "cpu": resource.RLIMIT_CPU,
    "file": resource.RLIMIT_FSIZE,
    "open": resource.RLIMIT_NOFILE,
    "tasks": resource.RLIMIT_NPROC,
}
