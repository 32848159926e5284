"""Calls one function of a program on many arguments; what is expected of it never goes along."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .base import Execution, Failure, Limits, SandboxError, Status, refused
from .inside import framing, wire
from .lease import lease
from .pool import Pool
from .report import Gate
from .session import Event, Session
from .toolchain import Toolchain, python_limits, while_compiling

MAX_CALLS = 4096
_MAX_LOST = 3
_AHEAD = 64  # calls that are sent before the first of them is answered
_AHEAD_BYTES = 1 << 15  # well below what a socket holds, so that neither side can block the other
_FULL = (27, 28, 122)
_ENDS: dict[str, Status] = {
    "timeout": "timeout",
    "output": "output",
    "disk": "disk",
    "processes": "killed",
    "closed": "killed",
    "exited": "killed",
    "broken": "error",
}


@dataclass(frozen=True)
class Job:
    """One function and all that it will be asked; the answers expected of it are not here."""

    source: str
    entry: str
    requests: tuple[Any, ...]
    limits: Limits


@dataclass
class Answer:
    """What came of one call, before it is an `Execution`."""

    status: Status
    value: Any = None
    failure: Failure | None = None
    note: str = ""
    exit_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    wall: float = 0.0
    cpu: float = 0.0
    lost: bool = False  # the worker cannot be asked again
    loading: bool = False  # the program failed before any call


def encode_all(arguments: Sequence[Sequence[Any]]) -> tuple[tuple[Any, ...], str]:
    """Encode every list of arguments, or say which one is not plain data."""
    if len(arguments) > MAX_CALLS:
        return (), f"more than {MAX_CALLS} calls"
    encoded = []
    for number, one in enumerate(arguments):
        try:
            encoded.append(wire.tag(list(one)))
        except (wire.WireError, TypeError) as error:
            return (), f"arguments {number} are not plain data: {error}"
    return tuple(encoded), ""


def call(pool: Pool, tools: Toolchain, gate: Gate, *, job: Job) -> list[Execution]:
    """Make every call; a call that ends its worker does not end the calls after it."""
    done: list[Execution] = []
    lost = 0
    try:
        while len(done) < len(job.requests):
            if lost >= _MAX_LOST:
                reason = f"not called: {_MAX_LOST} calls before this one ended their process"
                done.append(refused(reason))
                continue
            with lease(pool, gate, limits=job.limits) as (worker, isolation):
                session = Session(worker, job.limits)
                answers = _converse(session, tools, gate, job=job, start=len(done))
                peak = worker.peak_bytes()
                done += [execution(answer, isolation, peak) for answer in answers]
                lost += 1
                if answers[-1].loading:
                    left = len(job.requests) - len(done)
                    done += [done[-1]] * left
    except SandboxError as error:
        reason = error.action if error.given == "too few walls" else str(error)
        done += [refused(reason)] * (len(job.requests) - len(done))
    return done


def _converse(session: Session, tools: Toolchain, gate: Gate, *, job: Job, start: int) -> list[Answer]:
    """Ask one worker until all is answered or the worker is lost."""
    answers: list[Answer] = []
    trouble = opened(session, tools, gate, job=job)  # it is read and loaded there while we go on here
    if trouble is not None:
        return [trouble]
    token = secrets.token_hex(8)
    frames = [
        framing.frame({"id": f"{token}{number}", "args": request})
        for number, request in enumerate(job.requests[start:])
    ]
    while len(answers) < len(frames):
        burst = _burst(frames, len(answers), ahead=_AHEAD if tools.steps is None else 1)
        session.write(b"".join(burst))
        session.close_stdin()
        for left in range(len(burst) - 1, -1, -1):
            answer = hear(session, f"{token}{len(answers)}", left=left)
            answers.append(answer)
            if answer.lost or answer.loading:
                return answers
            session.start_clock()
    return answers


def _burst(frames: list[bytes], start: int, *, ahead: int) -> list[bytes]:
    """Give the calls that are sent together: at least one."""
    end, size = start + 1, len(frames[start])
    while end < min(len(frames), start + ahead) and size + len(frames[end]) <= _AHEAD_BYTES:
        size += len(frames[end])
        end += 1
    return frames[start:end]


def opening(tools: Toolchain, gate: Gate, job: Job) -> dict[str, Any]:
    """Describe to a worker the program whose function will be called."""
    if tools.steps is None:
        limits = python_limits(job.limits) if "rlimits" in gate.layers else {}
        return {"mode": "call", "source": job.source, "entry": job.entry, "limits": limits}
    return tools.calls(job.source, job.entry, job.limits, layers=gate.layers)


def opened(session: Session, tools: Toolchain, gate: Gate, *, job: Job) -> Answer | None:
    """Send a worker its program and wait until it is compiled; return what went wrong with that, if anything did."""
    session.start_clock()
    session.send(opening(tools, gate, job))
    steps = tools.steps(job.limits) if tools.steps is not None else ()
    for step in steps:
        if not step.compiles:
            break
        session.limits = while_compiling(job.limits)
        session.start_clock()
        event = session.next()
        session.drain(ended=event.message is None)
        stdout, stderr = session.take_output()
        if event.message is None:
            answer = _lost(session, event)
        elif event.message.get("code"):
            answer = Answer("compile_error", note=stdout + stderr, lost=True)
        else:
            session.limits = job.limits
            session.start_clock()
            session.go_on()
            continue
        answer.loading = True  # the next worker would fare no better
        return answer
    return None


def ask(session: Session, request: Any) -> Answer:
    """Send one request and read its one answer."""
    number = secrets.token_hex(8)
    if session.quiet():
        session.send({"id": number, "args": request})
    return hear(session, number)


def hear(session: Session, number: str, *, left: int = 0) -> Answer:
    """Read the answer to one request, which must repeat the request's number.

    Args:
        session: The conversation.
        number: The number of the request.
        left: Requests behind this one that the worker was sent already; where there are none, nothing
            may be left over, and everything printed belongs to this answer.
    """
    begun = time.monotonic()
    event = session.next()
    message = event.message
    if message is None:
        answer = _lost(session, event)
    elif message.get("id") != number or (left == 0 and not session.quiet()):
        answer = _lost(session, Event(None, "broken"))
    else:
        answer = read(message)
    answer.wall = time.monotonic() - begun
    answer.cpu = session.cpu_used()
    if left and message is not None and not answer.lost:
        answer.stdout, answer.stderr = session.take_share(message.get("printed"))
    else:
        session.drain(ended=answer.lost)
        answer.stdout, answer.stderr = session.take_output()
    return answer


def _lost(session: Session, event: Event) -> Answer:
    """Say how the worker was lost."""
    worker = session.worker
    end = event.end or "broken"
    if end in ("closed", "exited"):
        worker.gone.wait(1.0)
        code = worker.code
        ended_itself = code is not None and code >= 0
        note = "the process ended before it answered"
        cpu_bound = session.cpu_used() >= session.limits.cpu_seconds
        status: Status = "error" if ended_itself else "timeout" if cpu_bound else "killed"
        return Answer(status, note=note, exit_code=code, lost=True)
    worker.kill()
    note = "it wrote to the channel out of turn" if end == "broken" else ""
    return Answer(_ENDS[end], note=note, lost=True)


def read(message: dict[str, Any]) -> Answer:
    """Read an answer, of which nothing is believed but that the program gave it."""
    if "value" in message:
        try:
            return Answer("ok", value=wire.untag(message["value"]))
        except (wire.WireError, RecursionError) as error:
            return Answer("error", note=f"it returned no plain data: {error}")
    if "refused" in message:
        return Answer("error", note=f"it returned no plain data: {_text(message['refused'])}")
    loading = "load" in message
    told = message.get("load" if loading else "raised")
    told = told if isinstance(told, dict) else {}
    line = told.get("line")
    failure = Failure(
        type=_text(told.get("type"))[:200] or "an exception",
        message=_text(told.get("message")),
        line=line if type(line) is int else None,
    )
    status: Status = "error"
    if failure.type == "MemoryError":
        status = "memory"
    elif told.get("errno") in _FULL:
        status = "disk"
    note = _text(told.get("trace"))
    return Answer(status, failure=failure, note=note, loading=loading, lost=loading)


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return value[:8000].encode("utf-8", "replace").decode("utf-8")


def execution(answer: Answer, isolation: tuple[str, ...], peak: int) -> Execution:
    """Put an answer into the form that leaves this package."""
    return Execution(
        status=answer.status,
        exit_code=answer.exit_code,
        stdout=answer.stdout,
        stderr=answer.stderr + answer.note,
        value=answer.value,
        failure=answer.failure,
        wall_seconds=answer.wall,
        cpu_seconds=answer.cpu,
        peak_memory_bytes=peak,
        truncated=answer.status == "output",
        isolation=isolation,
    )
