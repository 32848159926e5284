"""Runs friendly and hostile programs by the thousand and counts what is left behind."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .sandbox.base import MIB, Limits
from .sandbox.process import ProcessSandbox

_LIMITS = Limits(wall_seconds=0.3, cpu_seconds=0.3, memory_bytes=96 * MIB, disk_bytes=4 * MIB)
_FRIENDLY = (
    "print(sum(range(1000)))",
    "import json; print(json.dumps({'a': [1, 2, 3]}))",
    "print(input())",
    "open('x', 'w').write('y'); print(open('x').read())",
)
_HOSTILE = (
    "while True: pass",
    "import os; os._exit(7)",
    "import os; os.fork()",
    "x = bytearray(1 << 30)",
    "while True: print('x' * 1000)",
    "open('f', 'wb').write(b'x' * (1 << 26))",
    "import os; os.abort()",
    "import threading, time\nfor _ in range(99): threading.Thread(target=time.sleep, args=(9,)).start()",
    "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'x' * 9)\n    except OSError: pass",
    "raise SystemExit(3)",
    "def",
)
_WARM_UP = 50


def soak(runs: int, *, seed: int = 0) -> dict[str, int]:
    """Run a mix of programs.

    Returns:
        How much more there is afterwards: `descriptors`, `processes`, `files` in the temporary
        directory, and `memory_bytes` of this process.
    """
    rng = random.Random(seed)  # noqa: S311  a mix of programs, no secret
    with ProcessSandbox() as sandbox:
        for _ in _mix(sandbox, rng, _WARM_UP):
            pass
        sandbox.settle()
        before = count()
        for _ in _mix(sandbox, rng, runs):
            pass
        sandbox.settle()
        after = count()
    return {name: after[name] - before[name] for name in before}


def _mix(sandbox: ProcessSandbox, rng: random.Random, runs: int) -> Iterator[None]:
    for number in range(runs):
        if number % 10 == 9:
            sandbox.run(rng.choice(_HOSTILE), limits=_LIMITS)
        elif number % 3:
            sandbox.call("def f(x): return [x]", "f", [[1], [2]], limits=_LIMITS)
        else:
            sandbox.run(rng.choice(_FRIENDLY), stdin="hello\n", limits=_LIMITS)
        yield


def count() -> dict[str, int]:
    """Count what this process holds and has started."""
    return {
        "descriptors": len(os.listdir("/dev/fd")),
        "processes": len(_descendants(os.getpid())),
        "files": sum(name.startswith(f"fence-{os.getpid()}-") for name in os.listdir(tempfile.gettempdir())),
        "memory_bytes": _resident(),
    }


def _descendants(root: int) -> set[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.parent.name)] = int(fields[1])
    found: set[int] = set()
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found | {root}} - found
        grown = bool(more)
        found |= more
    return found


def _resident() -> int:
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
