"""Writes the kernel filter that says which system calls a fenced program may make.

An allow-list: a call that is not named is answered with "no such call". The filter is a balanced
tree over ranges of numbers, so it is small to install and cheap to pass.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from . import syscalls

PYTHON = "python"  # no new process, no new program
PROGRAM = "program"  # one program started from a file: threads, but no new process
COMPILE = "compile"  # several processes

ALLOW = 0x7FFF0000
KILL = 0x80000000
_ERRNO = 0x00050000
_EPERM, _EINVAL, _ENOTTY, _ENOSYS = 1, 22, 25, 38

_LOAD, _JEQ, _JGE, _JSET, _JA, _RET, _AND = 0x20, 0x15, 0x35, 0x45, 0x05, 0x06, 0x54
_NR, _ARCH, _ARG0, _ARG1, _ARG2 = 0, 4, 16, 24, 32
_AUDIT = {syscalls.X86_64: 0xC000003E, syscalls.AARCH64: 0xC00000B7}
_X32_BIT = 0x40000000

_CLONE_THREAD = 0x00010000
_CLONE_FORBIDDEN = 0x7E028000  # new namespaces, CLONE_PARENT
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
_PRCTL = (3, 15, 16, 21, 23, 39, 0x53564D41)
_STREAM, _SEQPACKET = 1, 5  # the kinds that cannot be sent to an address

Instruction = tuple[int, int, int, int]


class Filter(NamedTuple):
    """A filter ready for the kernel: `length` instructions of eight bytes each."""

    code: bytes
    length: int


def _load(offset: int) -> Instruction:
    return (_LOAD, 0, 0, offset)


def _ret(value: int) -> Instruction:
    return (_RET, 0, 0, value)


def _errno(number: int) -> Instruction:
    return _ret(_ERRNO | number)


def _one_of(offset: int, values: tuple[int, ...], otherwise: int) -> list[Instruction]:
    """Allow when the argument is one of a few values."""
    tests = [(_JEQ, len(values) - i, 0, value) for i, value in enumerate(values)]
    return [_load(offset), *tests, _errno(otherwise), _ret(ALLOW)]


def _clone(kind: str) -> list[Instruction]:
    if kind == COMPILE:
        return [_load(_ARG0), (_JSET, 0, 1, _CLONE_FORBIDDEN), _errno(_EPERM), _ret(ALLOW)]
    return [
        _load(_ARG0),
        (_JSET, 2, 0, _CLONE_FORBIDDEN),
        (_JSET, 0, 1, _CLONE_THREAD),
        _ret(ALLOW),
        _errno(_EPERM),
    ]


def _special(kind: str, pid: int | None) -> dict[str, list[Instruction]]:
    """Give the argument checks, by name of call."""
    own = [_ret(ALLOW)] if kind == COMPILE or pid is None else _one_of(_ARG0, (pid,), _EPERM)
    limits = [_ret(ALLOW)] if kind == COMPILE or pid is None else _one_of(_ARG0, (0, pid), _EPERM)
    stream = [
        _load(_ARG1),
        (_AND, 0, 0, 0xFF),
        (_JEQ, 2, 0, _STREAM),
        (_JEQ, 1, 0, _SEQPACKET),
        _errno(_EPERM),
        _ret(ALLOW),
    ]
    return {
        "fcntl": _one_of(_ARG1, _FCNTL, _EPERM),
        "ioctl": _one_of(_ARG1, _IOCTL, _ENOTTY),
        "prctl": _one_of(_ARG0, _PRCTL, _EINVAL),
        "clone": _clone(kind),
        "socketpair": stream,
        "kill": own,
        "tgkill": own,
        "tkill": own,
        "prlimit64": limits,
    }


def _decisions(kind: str, family: str, private: bool) -> dict[int, str | int]:
    """Map each known number to ALLOW, to an error, or to the name of its argument check."""
    table: dict[int, str | int] = {}
    for name, number in syscalls.numbers(syscalls.KNOWN, family).items():
        table[number] = _ERRNO | (_ENOSYS if name in syscalls.ABSENT else _EPERM)
    groups = [(syscalls.PRIVATE, private or kind == COMPILE)]
    groups += [(syscalls.EXEC, kind != PYTHON), (syscalls.COMPILE, kind == COMPILE)]
    for text, allowed in [(syscalls.COMMON, True), *groups]:
        for number in syscalls.numbers(text, family).values():
            table[number] = ALLOW if allowed else _ERRNO | _EPERM
    for name, number in syscalls.numbers(syscalls.SPECIAL, family).items():
        table[number] = name
    return table


def _ranges(table: dict[int, str | int]) -> list[tuple[int, str | int]]:
    """Join equal neighbours: a list of (first number, decision), complete from 0 upwards."""
    absent = _ERRNO | _ENOSYS
    joined: list[tuple[int, str | int]] = []
    for number in range(max(table) + 2):
        decision = table.get(number, absent)
        if not joined or joined[-1][1] != decision:
            joined.append((number, decision))
    return joined


def _tree(ranges: list[tuple[int, str | int]]) -> list[tuple[int, int, int, int | str]]:
    """Search the ranges by halves; a leaf that needs an argument check names it."""
    if len(ranges) == 1:
        decision = ranges[0][1]
        return [(_JA if isinstance(decision, str) else _RET, 0, 0, decision)]
    middle = len(ranges) // 2
    left, right = _tree(ranges[:middle]), _tree(ranges[middle:])
    return [(_JGE, len(left), 0, ranges[middle][0]), *left, *right]


def build(kind: str, *, family: str, private: bool, pid: int | None = None) -> Filter:
    """Write the filter.

    Args:
        kind: `PYTHON`, `PROGRAM` or `COMPILE`.
        family: `x86_64` or `aarch64`; calls of any other family end the process.
        private: Whether the file system belongs to this program alone, so that modes may change.
        pid: The only process that may be signalled; None where a pid namespace bounds it.
    """
    checks = _special(kind, pid)
    head: list[Instruction] = [
        _load(_ARCH),
        (_JEQ, 1, 0, _AUDIT[family]),
        _ret(KILL),
        _load(_NR),
        (_JGE, 0, 1, _X32_BIT),
        _ret(KILL),
    ]
    tree = _tree(_ranges(_decisions(kind, family, private)))
    starts: dict[str, int] = {}
    tail: list[Instruction] = []
    for name, code in checks.items():
        starts[name] = len(tail)
        tail += code
    body: list[Instruction] = []
    for index, (op, jt, jf, k) in enumerate(tree):
        target = starts[k] + len(tree) - index - 1 if isinstance(k, str) else k
        body.append((op, jt, jf, target))
    program = [*head, *body, *tail]
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    return Filter(packed, len(program))
