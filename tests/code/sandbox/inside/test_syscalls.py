import re
from pathlib import Path

import pytest
from agentic_diffusion_code.sandbox.inside import syscalls

HEADERS = {
    syscalls.X86_64: Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    syscalls.AARCH64: Path("/usr/include/asm-generic/unistd.h"),
}
TABLES = ("COMMON", "SPECIAL", "PRIVATE", "EXEC", "COMPILE", "KNOWN")


@pytest.mark.parametrize("family", HEADERS)
def test_numbers_agree_with_the_kernel_headers(family):
    header = HEADERS[family]
    if not header.exists():
        pytest.skip(f"no {header}")
    rows = re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", header.read_text(encoding="utf-8"))
    known = {"newfstatat" if name == "fstatat" else name: int(number) for name, number in rows}
    for table in TABLES:
        for name, number in syscalls.numbers(getattr(syscalls, table), family).items():
            assert known.get(name, number) == number, name


@pytest.mark.parametrize("family", HEADERS)
def test_no_number_is_in_two_tables(family):
    seen: dict[int, str] = {}
    for table in TABLES:
        for name, number in syscalls.numbers(getattr(syscalls, table), family).items():
            assert number not in seen, (name, seen.get(number))
            seen[number] = name


def test_machines(monkeypatch):
    for given, named in {"AMD64": "x86_64", "arm64": "aarch64", "riscv64": None}.items():
        monkeypatch.setattr("platform.machine", lambda given=given: given)
        assert syscalls.machine() == named
