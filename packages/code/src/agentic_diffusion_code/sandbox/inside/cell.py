"""Namespaces and the empty root: the room that the helper makes once and its workers live in.

Everything expensive that one run cannot change for the next is made once (user, network, ipc and
uts namespace, read-only root); what a run could write to is made for each worker (process
namespace, mounts, a private file system of bounded size).
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import Any, NamedTuple

from . import kernel

INSIDE_ID = 1000
_FIRST_FD = 20
_NAMES = ("user", "pid", "net", "mnt", "ipc", "uts")
_ROOM = kernel.NEW_USER | kernel.NEW_PID | kernel.NEW_NS | kernel.NEW_NET | kernel.NEW_IPC | kernel.NEW_UTS
SCRATCH = "/tmp"  # noqa: S108  the mount point of a file system of our own
MAX_FILES = 4096


class Cell(NamedTuple):
    """What the helper lives in."""

    namespaces: bool
    root: bool
    proc: int | None
    own_pid: int | None
    outer: dict[str, str]
    reasons: dict[str, str]
    dropped: bool


def high(fd: int) -> int:
    """Move a descriptor out of the way of those that a worker is given."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _FIRST_FD)
    os.close(fd)
    return moved


def namespace_links(proc: int | None) -> dict[str, str]:
    """Give the identity of each namespace of this process, and of its root."""
    where = os.stat("/")
    links = {"root": f"{where.st_dev}:{where.st_ino}"}
    for name in _NAMES:
        with suppress(OSError):
            links[name] = os.readlink(f"self/ns/{name}", dir_fd=proc)
    return links


def _write(path: str, text: str, proc: int) -> None:  # pragma: no cover  # only inside the fence
    fd = os.open(path, os.O_WRONLY, dir_fd=proc)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def map_ids(
    pid: str, outside_uid: int, outside_gid: int, *, proc: int
) -> None:  # pragma: no cover  # only inside the fence
    """Give a new user namespace its one user and its one group."""
    _write(f"{pid}/setgroups", "deny", proc)
    _write(f"{pid}/uid_map", f"{INSIDE_ID} {outside_uid} 1", proc)
    _write(f"{pid}/gid_map", f"{INSIDE_ID} {outside_gid} 1", proc)


def enter(config: dict[str, Any]) -> Cell:
    """Move into a room of our own; returns in the process that goes on.

    The calling process stays outside as the room's keeper and never returns when a room is made.
    """
    proc: int | None = None
    with suppress(OSError):
        proc = high(os.open("/proc", os.O_RDONLY | os.O_DIRECTORY))
    outer = namespace_links(proc)
    if "namespaces" not in config["layers"]:
        return _outside(config, proc, outer, "switched off")
    if proc is None:
        return _outside(config, proc, outer, "/proc is not there")
    try:
        return _make_room(config, proc, outer)
    except OSError as error:
        return _outside(config, proc, outer, str(error))


def _outside(config: dict[str, Any], proc: int | None, outer: dict[str, str], reason: str) -> Cell:
    """Stay where we are, as nobody if we are root and nobody can read the runtime."""
    reasons = {"namespaces": reason, "private_root": f"needs namespaces ({reason})"}
    dropped = False
    if os.getuid() == 0 and config["uid"] and _nobody_can_read(config["needed"], config["uid"]):
        _become(config["uid"])
        dropped = True
    return Cell(False, False, proc, None, outer, reasons, dropped)


def _become(uid: int) -> None:  # pragma: no cover  # only inside the fence
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _nobody_can_read(paths: list[str], uid: int) -> bool:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _become(uid)
            code = 0 if all(os.access(path, os.R_OK) for path in paths) else 1
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


def _make_room(
    config: dict[str, Any], proc: int, outer: dict[str, str]
) -> Cell:  # pragma: no cover  # only inside the fence
    uid, gid = os.getuid(), os.getgid()
    if uid == 0 and config["uid"]:
        uid = gid = config["uid"]
        with suppress(OSError):
            os.setgroups([])
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    up_r, up_w = os.pipe()
    down_r, down_w = os.pipe()
    middle = os.fork()
    if middle == 0:
        os.close(up_r)
        os.close(down_w)
        return _middle(config, (up_w, down_r), proc=proc, outer=outer)
    os.close(up_w)
    os.close(down_r)
    trouble = os.read(up_r, 4096).decode()
    if trouble == "ready":
        try:
            map_ids(str(middle), uid, gid, proc=proc)
            os.write(down_w, b"mapped")
            trouble = os.read(up_r, 4096).decode()
        except OSError as error:
            trouble = str(error)
    os.close(down_w)
    os.close(up_r)
    if trouble == "made":
        _keep(config["channel"])
    os.waitpid(middle, 0)
    raise OSError(trouble or "the new namespaces could not be set up")


def _keep(channel: int) -> None:  # pragma: no cover  # only inside the fence
    """Wait outside until the room is empty, then end; nothing is left to do here."""
    os.close(channel)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            os._exit(0)


def _middle(  # pragma: no cover  # only inside the fence
    config: dict[str, Any],
    pipes: tuple[int, int],
    *,
    proc: int,
    outer: dict[str, str],
) -> Cell:
    """Make the namespaces, then let the first process inside go on."""
    up, down = pipes
    try:
        kernel.unshare(_ROOM)
        # While we can still read all that our caller can, but already among our own mounts.
        sources = _open_sources(config["readable"] + config["devices"])
        os.write(up, b"ready")
        if os.read(down, 16) != b"mapped":
            os._exit(1)
        os.setresgid(INSIDE_ID, INSIDE_ID, INSIDE_ID)
        os.setresuid(INSIDE_ID, INSIDE_ID, INSIDE_ID)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # so that /proc/self belongs to the new user
        reasons, root = _try_root(config, sources)
        if os.fork():
            os._exit(0)
        own = high(os.open("self/ns/pid", os.O_RDONLY, dir_fd=proc))
        os.setsid()
        os.write(up, b"made")
    except OSError as error:
        os.write(up, str(error).encode())
        os._exit(1)
    os.close(up)
    os.close(down)
    for fd, _ in sources.values():
        os.close(fd)
    return Cell(True, root, proc, own, outer, reasons, True)


def _open_sources(paths: list[str]) -> dict[str, tuple[int, bool]]:
    found: dict[str, tuple[int, bool]] = {}
    for path in paths:
        if os.path.exists(path) and not os.path.islink(path):
            flags = getattr(os, "O_PATH", os.O_RDONLY)
            found[path] = (high(os.open(path, flags)), os.path.isdir(path))
    return found


def _try_root(
    config: dict[str, Any], sources: dict[str, tuple[int, bool]]
) -> tuple[dict[str, str], bool]:  # pragma: no cover  # only inside the fence
    if "private_root" not in config["layers"]:
        kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
        return {"private_root": "switched off"}, False
    links = {p: os.readlink(p) for p in config["readable"] if os.path.islink(p)}
    if config.get("itself"):
        links["/proc/self/exe"] = config["itself"]  # all that there is of /proc
    try:
        _build_root(sources, links, frozenset(config["devices"]))
    except OSError as error:
        return {"private_root": str(error)}, False
    return {}, True


def _build_root(
    sources: dict[str, tuple[int, bool]], links: dict[str, str], devices: frozenset[str]
) -> None:  # pragma: no cover  # only inside the fence
    """Make an empty file system, put the runtime into it read-only, and leave all else behind."""
    new = SCRATCH if os.path.isdir(SCRATCH) else "/mnt"
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("fence", new, kind="tmpfs", flags=flags, options="size=1m,mode=755")
    for path in sorted(sources):
        fd, directory = sources[path]
        target = new + path
        if os.path.lexists(target):
            continue  # lies inside a directory that is there already
        if directory:
            os.makedirs(target)
        else:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
        kernel.mount(f"/proc/self/fd/{fd}", target, flags=kernel.MS_BIND | kernel.MS_REC)
        if path not in devices:
            kernel.read_only(target, recursive=True)
    for path, text in sorted(links.items()):
        if not os.path.lexists(new + path):
            os.makedirs(os.path.dirname(new + path), exist_ok=True)
            os.symlink(text, new + path)
    os.makedirs(new + SCRATCH, exist_ok=True)
    os.chdir(new)
    kernel.pivot_root(".", ".")
    kernel.unmount(".")
    os.chdir("/")
    kernel.read_only("/", recursive=False)


def prepare_fork(cell: Cell) -> None:
    """Let the next child be the first process of a process namespace of its own."""
    if cell.own_pid is not None:
        kernel.setns(cell.own_pid)
        kernel.unshare(kernel.NEW_PID)


def private(cell: Cell, *, disk_bytes: int) -> None:
    """Give this worker mounts of its own and a bounded place to write; its directory from now on."""
    if not cell.namespaces or cell.proc is None:
        return
    kernel.unshare(kernel.NEW_USER | kernel.NEW_NS)
    map_ids("self", INSIDE_ID, INSIDE_ID, proc=cell.proc)
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    options = f"size={disk_bytes},nr_inodes={MAX_FILES},mode=700"
    kernel.mount("scratch", SCRATCH, kind="tmpfs", flags=flags, options=options)
    os.chdir(SCRATCH)
