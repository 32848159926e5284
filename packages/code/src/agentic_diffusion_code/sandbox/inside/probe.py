"""Asks the kernel, from inside a finished worker, which layers really hold.

Runs before any program is read, in a worker that is confined exactly like all others and is then
thrown away.
"""

from __future__ import annotations

import errno
import os
import resource
import socket
from collections.abc import Callable
from typing import Any

from . import cell as cells
from . import kernel


def facts(cell: cells.Cell) -> dict[str, Any]:
    """Try what each layer forbids, and compare the room's namespaces with ours."""
    asked: dict[str, Callable[[], Any]] = {
        "seccomp": lambda: kernel.prctl(kernel.PR_GET_SECCOMP),
        "no_new_privs": lambda: kernel.prctl(kernel.PR_GET_NO_NEW_PRIVS),
        "capabilities": kernel.capabilities,
        "first_process": lambda: os.getpid() == 1,
        "namespaces": lambda: _different(cell),
        "root_listed": lambda: _lists("/"),
        "limits": _limits,
        "socket": _socket,
        "fork": _fork,
    }
    found: dict[str, Any] = {}
    for name, ask in asked.items():
        try:
            found[name] = ask()
        except (OSError, AttributeError) as error:
            found[name] = f"refused: {error}"
    return found


def _different(cell: cells.Cell) -> list[str]:
    inner = cells.namespace_links(cell.proc)
    return sorted(name for name, link in inner.items() if cell.outer.get(name) not in (None, link))


def _limits() -> list[int]:
    names = ("RLIMIT_CORE", "RLIMIT_MSGQUEUE")
    return [resource.getrlimit(getattr(resource, n))[1] for n in names if hasattr(resource, n)]


def _lists(path: str) -> bool:
    try:
        os.listdir(path)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EPERM)
    return True


def _socket() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM):
        return True


def _fork() -> bool:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True
