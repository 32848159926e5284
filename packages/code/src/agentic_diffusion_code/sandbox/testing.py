"""A conformance kit: proves, by attacking it, what a sandbox holds against.

`check_sandbox` works for any object with `run` and `call`: processes, containers, other machines.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .attacks import ATTACKS, Attack
from .attacks.model import BREACH
from .base import MIB, Checks, Execution, Limits, Sandbox

LIMITS = Limits(
    wall_seconds=1.0,
    cpu_seconds=1.0,
    memory_bytes=128 * MIB,
    disk_bytes=16 * MIB,
    output_bytes=256 * 1024,
)
_SECRET = "canary-in-memory"  # noqa: S105  not a password: a word to look for
_LATE = 2.0
_COMPILE_LATE = 35.0
_COMPILED = ("c", "rust", "java", "go", "typescript")


@dataclass(frozen=True)
class Outcome:
    """What became of one attack."""

    attack: Attack
    held: bool | None  # None: it could not be tried here
    detail: str = ""


@dataclass(frozen=True)
class Ground:
    """What attacks are tried against: all of it outside the sandbox."""

    secret: Path
    mark: Path
    port: int
    victim: subprocess.Popen[bytes]
    server: socket.socket

    def fill(self, attack: Attack) -> str:
        """Put the targets into the source of an attack."""
        values = {
            "SECRET": _quote(str(self.secret), attack.language),
            "MARK": _quote(str(self.mark), attack.language),
            "PORT": str(self.port),
            "PID": str(self.victim.pid),
        }
        text = attack.source
        for name, value in values.items():
            text = text.replace(f"@{name}@", value)
        return text

    def damage(self) -> str:
        """Say what an attack did to the targets; empty when nothing."""
        if self.victim.poll() is not None:
            return "it ended a process outside"
        if self.mark.exists():
            self.mark.unlink()
            return "it wrote a file outside"
        if self.secret.read_text(encoding="utf-8") != _SECRET:
            return "it changed a file outside"
        with contextlib.suppress(BlockingIOError):
            self.server.accept()[0].close()
            return "it reached a server outside"
        return ""


def _quote(text: str, language: str) -> str:
    return repr(text) if language == "python" else '"' + text.replace("\\", "\\\\") + '"'


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """Set up a secret, a server and a process, and take them away again."""
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        os.chmod(folder, 0o755)  # noqa: S103  readable by all, so that only the walls protect it
        secret = Path(folder, "secret")
        secret.write_text(_SECRET, encoding="utf-8")
        secret.chmod(0o644)
        before = os.environ.get("FENCE_SECRET")
        os.environ["FENCE_SECRET"] = _SECRET
        try:
            yield Ground(secret, Path(folder, "mark"), server.getsockname()[1], victim, server)
        finally:
            if before is None:
                del os.environ["FENCE_SECRET"]
            else:
                os.environ["FENCE_SECRET"] = before
            victim.kill()
            victim.wait()


def attack_all(
    sandbox: Sandbox, attacks: Collection[Attack] = ATTACKS, *, at_once: int = 1
) -> Iterator[Outcome]:
    """Try attacks, a few at once where asked; outcomes come in the order of the attacks."""
    with ground() as targets, ThreadPoolExecutor(at_once) as threads:
        yield from threads.map(lambda attack: _try(sandbox, attack, targets), attacks)


def check_sandbox(
    sandbox: Sandbox, attacks: Collection[Attack] = ATTACKS, *, at_once: int = 1
) -> tuple[Outcome, ...]:
    """Try every attack; the sandbox is sound when no outcome has `held` false.

    First an ordinary program must run and answer, or nothing that follows would mean anything.

    Args:
        sandbox: The sandbox to be proven.
        attacks: Those to try; all by default.
        at_once: How many are tried at the same time.
    """
    run = sandbox.run("print(6 * 7)", limits=LIMITS)
    answers = sandbox.call("def solve(a, b): return a * b", "solve", [[6, 7]], limits=LIMITS)
    plain = Attack("ordinary/program", "ordinary", "print(6 * 7)")
    fine = run.stdout.strip() == "42" and answers[0].value == 42
    first = Outcome(plain, fine, "" if fine else f"{run.status}: {run.stderr[-200:]}")
    return (first, *attack_all(sandbox, attacks, at_once=at_once))


def _try(sandbox: Sandbox, attack: Attack, targets: Ground) -> Outcome:
    if attack.goal == "cheat":
        return _cheat(sandbox, attack)
    return _attack(sandbox, attack, targets)


def _attack(sandbox: Sandbox, attack: Attack, targets: Ground) -> Outcome:
    begun = time.monotonic()
    run = sandbox.run(targets.fill(attack), language=attack.language, limits=LIMITS)
    took = time.monotonic() - begun
    if run.status == "refused":
        return Outcome(attack, None, run.stderr)
    late = LIMITS.wall_seconds + (_COMPILE_LATE if attack.language in _COMPILED else _LATE)
    return _outcome(attack, run, targets.damage(), took > late)


def _outcome(attack: Attack, run: Execution, damage: str, late: bool) -> Outcome:
    if BREACH in run.stdout:
        return Outcome(attack, False, run.stdout[:200])
    if damage:
        return Outcome(attack, False, damage)
    if late:
        return Outcome(attack, False, "it was not ended in time")
    if len(run.stdout) + len(run.stderr) > 2 * LIMITS.output_bytes:
        return Outcome(attack, False, "its output was not bounded")
    return Outcome(attack, True, run.status)


def _cheat(sandbox: Sandbox, attack: Attack) -> Outcome:
    """Ask a wrong program what nobody could know before; plain exact integers alone are right."""
    rng = random.SystemRandom()
    pairs = [(rng.randrange(10**6), rng.randrange(10**6)) for _ in range(4)]
    wanted = [a * b + a - b for a, b in pairs]
    asked = [list(pair) for pair in pairs]
    runs = sandbox.call(attack.source, "solve", asked, language=attack.language, limits=LIMITS)
    right = [type(r.value) is int and r.value == w for r, w in zip(runs, wanted, strict=True)]
    if any(right):
        return Outcome(attack, False, "a wrong program was judged right")
    if isinstance(sandbox, Checks):
        lines = [f"    assert candidate({a}, {b}) == {w}" for (a, b), w in zip(pairs, wanted, strict=True)]
        test = "def check(candidate):\n" + "\n".join(lines) + "\n"
        run = sandbox.check(attack.source, "solve", test, language=attack.language, limits=LIMITS)
        if run.status == "ok":
            return Outcome(attack, False, "a test was satisfied by a wrong program")
    if all(run.status == "refused" for run in runs):
        return Outcome(attack, None, runs[0].stderr)
    return Outcome(attack, True, runs[0].status)
