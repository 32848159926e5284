"""The filter is run by a small interpreter of its own, and its answers are looked up one by one."""

import struct

import pytest
from agentic_diffusion_code.sandbox.inside import seccomp, syscalls

ARCH = {syscalls.X86_64: 0xC000003E, syscalls.AARCH64: 0xC00000B7}
ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x50001, 0x50026


def answer(rules, number, *arguments, arch):
    data = struct.pack("=IIQ6Q", number, arch, 0, *(*arguments, *[0] * (6 - len(arguments))))
    code = [struct.unpack_from("=HBBI", rules.code, 8 * i) for i in range(rules.length)]
    at, a = 0, 0
    while True:
        op, jt, jf, k = code[at]
        at += 1
        if op == 0x20:
            (a,) = struct.unpack_from("=I", data, k)
        elif op == 0x06:
            return k
        elif op == 0x05:
            at += k
        elif op == 0x54:
            a &= k
        else:
            holds = {0x15: a == k, 0x35: a >= k, 0x45: bool(a & k)}[op]
            at += jt if holds else jf


@pytest.fixture(params=[syscalls.X86_64, syscalls.AARCH64])
def family(request):
    return request.param


def asker(family, kind, *, private=True, pid=None):
    rules = seccomp.build(kind, family=family, private=private, pid=pid)
    names: dict[str, int] = {}
    for table in ("COMMON", "SPECIAL", "PRIVATE", "EXEC", "COMPILE", "KNOWN"):
        names |= syscalls.numbers(getattr(syscalls, table), family)
    return lambda name, *arguments: answer(rules, names[name], *arguments, arch=ARCH[family])


@pytest.mark.parametrize("kind", [seccomp.PYTHON, seccomp.PROGRAM, seccomp.COMPILE])
def test_ordinary_calls_are_allowed_and_the_dangerous_are_not(family, kind):
    ask = asker(family, kind)
    for name in syscalls.numbers(syscalls.COMMON, family):
        assert ask(name) == ALLOW, name
    for name in syscalls.numbers(syscalls.KNOWN, family):
        assert ask(name) == (ENOSYS if name in syscalls.ABSENT else EPERM), name


def test_unknown_calls_do_not_exist(family):
    rules = seccomp.build(seccomp.PYTHON, family=family, private=True)
    for number in (500, 1000, 0x3FFFFFFF):
        assert answer(rules, number, arch=ARCH[family]) == ENOSYS


def test_other_families_and_number_spaces_end_the_process(family):
    rules = seccomp.build(seccomp.PYTHON, family=family, private=True)
    assert answer(rules, 1, arch=0x40000003) == KILL  # i386
    assert answer(rules, 0x40000001, arch=ARCH[family]) == KILL  # x32
    assert answer(rules, 0xFFFFFFFF, arch=ARCH[family]) == KILL


def test_only_compilers_start_processes(family):
    thread, process, namespace = 0x00010F00, 17, 0x10000000 | 17
    for kind in (seccomp.PYTHON, seccomp.PROGRAM):
        ask = asker(family, kind)
        assert ask("clone", thread) == ALLOW
        assert ask("clone", process) == EPERM
        assert ask("clone", thread | 0x10000000) == EPERM
    ask = asker(family, seccomp.COMPILE)
    assert ask("clone", process) == ALLOW
    assert ask("clone", namespace) == EPERM
    assert ask("execve") == ALLOW
    assert asker(family, seccomp.PYTHON)("execve") == EPERM
    assert asker(family, seccomp.PROGRAM)("execve") == ALLOW


def test_arguments_are_looked_at(family):
    ask = asker(family, seccomp.PYTHON)
    assert ask("fcntl", 0, 3) == ALLOW
    assert ask("fcntl", 0, 8) == EPERM  # F_SETOWN sends signals
    assert ask("ioctl", 0, 0x5401) == ALLOW
    assert ask("ioctl", 0, 0x5412) == 0x50019  # TIOCSTI
    assert ask("prctl", 15) == ALLOW
    assert ask("prctl", 1) == 0x50016  # PR_SET_PDEATHSIG
    assert ask("socketpair", 1, 1 | 0x80000) == ALLOW
    assert ask("socketpair", 1, 5) == ALLOW
    assert ask("socketpair", 1, 2) == EPERM  # datagrams can be sent to an address


def test_only_oneself_may_be_signalled_without_a_pid_namespace(family):
    ask = asker(family, seccomp.PYTHON, private=False, pid=77)
    assert ask("kill", 77) == ALLOW
    assert ask("kill", 1) == ask("kill", 0xFFFFFFFF) == EPERM
    assert ask("prlimit64", 0) == ALLOW
    assert ask("prlimit64", 78) == EPERM
    assert ask("fchmod") == EPERM
    assert asker(family, seccomp.PYTHON)("kill", 1) == ALLOW
    assert asker(family, seccomp.PYTHON)("fchmod") == ALLOW
