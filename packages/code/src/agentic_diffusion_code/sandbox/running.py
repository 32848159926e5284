"""Runs a whole program in one worker and says what became of it."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .artefacts import collect
from .base import Execution, Limits, SandboxError, Status, refused
from .inside import framing
from .lease import lease
from .parked import Worker
from .pool import Pool
from .report import Gate
from .session import End, Session
from .toolchain import Toolchain, python_limits, while_compiling

_MEMORY = re.compile(r"MemoryError\b[^\n]*\n*\Z|heap out of memory|OutOfMemoryError|memory allocation")
_DISK = re.compile(r"\[Errno (?:27|28|122)\][^\n]*\n*\Z|ENOSPC|No space left on device")


@dataclass(frozen=True)
class Job:
    """One program to run."""

    source: str
    stdin: str
    limits: Limits
    artefacts: tuple[str, ...] = ()


@dataclass
class _Course:
    """What is known of a run while it lasts."""

    end: End
    code: int | None = None
    cpu: float = 0.0
    peak: int = 0
    wall: float = 0.0
    compiling: bool = False


def run(pool: Pool, tools: Toolchain, gate: Gate, *, job: Job) -> Execution:
    """Run a program in a worker of its own."""
    try:
        with lease(pool, gate, limits=job.limits) as (worker, isolation):
            stdin = job.stdin.encode("utf-8", "surrogateescape")
            session = Session(worker, job.limits, stdin=stdin)
            scratch: int | None = None
            try:
                if tools.steps is None:
                    course, scratch = _forked(session, gate, job)
                else:
                    course, scratch = _started(session, tools, gate, job=job)
                worker.kill()
                worker.gone.wait(1.0)
                session.drain(ended=True)
                files = collect(scratch, job.artefacts, limits=job.limits)
            finally:
                if scratch is not None:
                    os.close(scratch)
            return _execution(session, course, isolation, files=files)
    except SandboxError as error:
        return refused(error.action if error.given == "too few walls" else str(error))


def _forked(session: Session, gate: Gate, job: Job) -> tuple[_Course, int | None]:
    """Let a parked interpreter become the program."""
    limits = python_limits(job.limits) if "rlimits" in gate.layers else {}
    message = {"mode": "run", "source": job.source, "limits": limits}
    session.start_clock()
    begun = time.monotonic()
    session.send({**message, "artefacts": bool(job.artefacts)})
    scratch = _scratch(session.worker) if job.artefacts else None
    session.close_stdin()
    end = session.wait_exit()
    wall = time.monotonic() - begun
    cpu = session.cpu_used()
    peak = session.worker.peak_bytes()
    session.worker.kill()
    session.worker.gone.wait(1.0)
    worker = session.worker
    code = worker.code if end == "exited" else None
    return _Course(end, code, worker.cpu or cpu, max(peak, worker.rss), wall), scratch


def _started(session: Session, tools: Toolchain, gate: Gate, *, job: Job) -> tuple[_Course, int | None]:
    """Compile where needed, then start the program from a file."""
    message = tools.job(job.source, job.limits, layers=gate.layers)
    assert tools.steps is not None
    steps = tools.steps(job.limits)
    session.limits = _while(job.limits, compiles=steps[0].compiles)
    session.start_clock()
    begun = time.monotonic()
    session.send({**message, "mode": "run", "artefacts": bool(job.artefacts)})
    scratch = _scratch(session.worker) if job.artefacts else None
    course = _Course("closed", compiling=steps[0].compiles)
    session.close_stdin()
    for number, step in enumerate(steps):
        event = session.next()
        course.wall = time.monotonic() - begun
        course.compiling = step.compiles
        if event.message is None:
            course.end = event.end or "broken"
            break
        _note(course, event.message)
        if course.code or number == len(steps) - 1:
            course.end = "exited"
            break
        session.drain(ended=True)
        session.take_output()
        session.limits = job.limits
        session.start_clock()
        begun = time.monotonic()
        session.go_on()
    return course, scratch


def _while(limits: Limits, *, compiles: bool) -> Limits:
    return while_compiling(limits) if compiles else limits


def _note(course: _Course, message: dict[str, Any]) -> None:
    code, cpu, rss = message.get("code"), message.get("cpu"), message.get("rss")
    course.code = code if isinstance(code, int) else None
    course.cpu = cpu if isinstance(cpu, float) else 0.0
    course.peak = rss * 1024 if isinstance(rss, int) else 0


def _scratch(worker: Worker) -> int | None:
    """Get the directory that the program will write to, before it is started."""
    if worker.scratch is not None:
        return os.open(worker.scratch, os.O_RDONLY | os.O_DIRECTORY)
    worker.control.setblocking(True)
    worker.control.settimeout(5.0)
    fds: list[int] = []
    with suppress(OSError):
        header, fds, _, _ = socket.recv_fds(worker.control, framing.HEADER, 1)
        worker.control.recv(int.from_bytes(header, "big"))
    worker.control.setblocking(False)
    return fds[0] if fds else None


def _execution(
    session: Session, course: _Course, isolation: tuple[str, ...], *, files: dict[str, str]
) -> Execution:
    stdout, stderr = session.take_output()
    return Execution(
        status=_status(course, stderr, session.limits),
        exit_code=course.code,
        stdout=stdout,
        stderr=stderr,
        wall_seconds=course.wall,
        cpu_seconds=course.cpu,
        peak_memory_bytes=course.peak,
        truncated=session.truncated,
        isolation=isolation,
        artefacts=files,
    )


def _status(course: _Course, stderr: str, limits: Limits) -> Status:
    if course.end in ("timeout", "output", "disk"):
        return "timeout" if course.end == "timeout" else course.end
    code = course.code
    if code is None:
        return "killed"
    if code == 0:
        return "ok"
    if code < 0 and course.cpu >= limits.cpu_seconds:
        return "timeout"
    if _MEMORY.search(stderr[-4096:]):
        return "memory"
    if course.compiling:
        return "compile_error"
    if _DISK.search(stderr[-4096:]) or code == -getattr(signal, "SIGXFSZ", 25):
        return "disk"
    return "killed" if code < 0 else "error"
