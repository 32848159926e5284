"""The few kernel calls that Python has no function for, through ctypes.

Every function raises OSError with the name of the call, and holds no state.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import NamedTuple

from . import syscalls

NEW_NS, NEW_CGROUP, NEW_UTS, NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEW_USER, NEW_PID, NEW_NET = 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_GET_SECCOMP = 1, 4, 21
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS = 36, 38, 39

_MOUNT_SETATTR, _AT_RECURSIVE = 442, 0x8000
_SECCOMP_SET_MODE_FILTER = 1
_CAP_VERSION_3 = 0x20080522
_RULE_PATH = 1

# Landlock rights by ABI: files (1: 13 rights, 2: refer, 3: truncate, 5: ioctl), TCP (4), scope (6).
_FS_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
FS_READ = 0b1101  # execute, read file, read directory
FS_WRITE_FILE, FS_TRUNCATE = 1 << 1, 1 << 14
# Everything but creating devices, sockets and device control.
FS_SCRATCH = 0xFFFF & ~((1 << 6) | (1 << 9) | (1 << 11) | (1 << 15))

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


class Facts(NamedTuple):
    """What the kernel says about the calling process."""

    seccomp: int
    no_new_privs: int
    capabilities: int


_NUMBERS = syscalls.numbers(
    syscalls.KNOWN + syscalls.COMMON + syscalls.COMPILE, syscalls.machine() or syscalls.X86_64
)


def _number(name: str) -> int:
    if syscalls.machine() is None:
        raise OSError(38, f"no system call numbers for this processor: {name}")
    return _NUMBERS[name]


def _check(result: int, name: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def unshare(flags: int) -> None:
    """Leave namespaces."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd: int) -> None:
    """Enter the namespace behind a descriptor."""
    _check(_libc.setns(ctypes.c_int(fd), 0), "setns")


def mount(source: str, target: str, *, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount or bind."""
    _check(
        _libc.mount(
            os.fsencode(source),
            os.fsencode(target),
            kind.encode() or None,
            ctypes.c_ulong(flags),
            options.encode() or None,
        ),
        "mount",
    )


def read_only(target: str, *, recursive: bool, devices: bool = False) -> None:
    """Take the right to write away from a mount, and from those beneath it."""
    class_bits = MS_RDONLY | MS_NOSUID | (0 if devices else MS_NODEV)
    attributes = (ctypes.c_uint64 * 4)(class_bits, 0, 0, 0)
    path = os.fsencode(target)
    flags = _AT_RECURSIVE if recursive else 0
    size = ctypes.c_size_t(32)
    _check(_syscall(_MOUNT_SETATTR, -100, path, flags, attributes, size), "mount_setattr")


def unmount(target: str) -> None:
    """Take a mount and everything under it away from this namespace."""
    _check(_libc.umount2(os.fsencode(target), MNT_DETACH), "umount2")


def pivot_root(new: str, old: str) -> None:
    """Change the root of this mount namespace."""
    number = _number("pivot_root")
    _check(_syscall(number, os.fsencode(new), os.fsencode(old)), "pivot_root")


def prctl(option: int, value: int = 0) -> int:
    """Ask for or set a property of this process."""
    zero = ctypes.c_ulong(0)
    return _check(int(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero)), "prctl")


def drop_capabilities() -> None:
    """Give up every capability of this process."""
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()
    _check(_syscall(_number("capset"), header, data), "capset")


def capabilities() -> int:
    """Give the effective and permitted capabilities as one number; 0 is none."""
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()
    _check(_syscall(_number("capget"), header, data), "capget")
    return data[0] | data[1] | (data[3] | data[4]) << 32


def install_filter(code: bytes, count: int) -> None:
    """Put a system call filter on this process for good."""
    program = _Program(count, code)
    number = _number("seccomp")
    _check(_syscall(number, _SECCOMP_SET_MODE_FILTER, 0, ctypes.byref(program)), "seccomp")


def landlock_abi() -> int:
    """Give the version of Landlock that the kernel speaks; 0 is none."""
    if sys.platform != "linux" or syscalls.machine() is None:
        return 0
    return max(0, int(_syscall(_number("landlock_create_ruleset"), None, 0, 1)))


def landlock_handled(abi: int) -> int:
    """Give the file rights that this version of Landlock can take away."""
    return (1 << _FS_BITS[min(abi, max(_FS_BITS))]) - 1


def landlock(rules: list[tuple[int, int]], *, abi: int) -> None:
    """Confine this process to what the rules grant, and nothing on the network.

    Args:
        rules: Pairs of a directory descriptor and the rights beneath it.
        abi: What `landlock_abi` said.
    """
    handled = landlock_handled(abi)
    words = [handled, 0b11 if abi >= 4 else 0, 0b11 if abi >= 6 else 0]
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    attributes = (ctypes.c_uint64 * 3)(*words)
    ruleset = _check(
        _syscall(_number("landlock_create_ruleset"), attributes, ctypes.c_size_t(size), 0),
        "landlock_create_ruleset",
    )
    try:
        for fd, rights in rules:
            rule = (rights & handled).to_bytes(8, sys.byteorder) + fd.to_bytes(4, sys.byteorder)
            _check(
                _syscall(_number("landlock_add_rule"), ruleset, _RULE_PATH, rule, 0),
                "landlock_add_rule",
            )
        _check(_syscall(_number("landlock_restrict_self"), ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def close_range(first: int, last: int = 0xFFFFFFFF) -> None:
    """Close a range of descriptors, even where the kernel has no call for it."""
    if first > last:
        return
    if syscalls.machine() is not None:
        result = _syscall(_number("close_range"), ctypes.c_uint(first), ctypes.c_uint(last), 0)
        if result == 0:
            return
    os.closerange(first, min(last, 65536) + 1)


def facts() -> Facts:
    """Ask the kernel what it does to this process."""
    return Facts(prctl(PR_GET_SECCOMP), prctl(PR_GET_NO_NEW_PRIVS), capabilities())
