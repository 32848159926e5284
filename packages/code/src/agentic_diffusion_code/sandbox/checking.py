"""Runs a test written as code against a program in another process; only plain data passes between."""

from __future__ import annotations

from typing import Any

from . import calling
from .base import Execution, Failure, SandboxError, refused
from .inside import wire
from .lease import lease
from .pool import Pool
from .report import Gate
from .session import Session
from .toolchain import Toolchain, python_limits

_MAX_ASKS = 20_000


def check(
    pools: tuple[Pool, Pool], tools: Toolchain, gate: Gate, *, job: calling.Job, test: str
) -> Execution:
    """Lend two workers, one for the program and one for the test, and carry data between them."""
    try:
        with (
            lease(pools[0], gate, limits=job.limits) as (theirs, isolation),
            lease(pools[1], gate, limits=job.limits) as (ours, _),
        ):
            program, tester = Session(theirs, job.limits), Session(ours, job.limits)
            program.start_clock()
            trouble = calling.opened(program, tools, gate, job=job)
            if trouble is not None:
                return calling.execution(trouble, isolation, theirs.peak_bytes())
            program.close_stdin()
            limits = python_limits(job.limits) if "rlimits" in gate.layers else {}
            tester.start_clock()
            opening = {"mode": "check", "source": test, "entry": job.entry, "limits": limits}
            tester.send(opening)
            tester.close_stdin()
            outcome = _relay(tester, program)
            peak = theirs.peak_bytes()
            return calling.execution(outcome, isolation, peak)
    except SandboxError as error:
        return refused(error.action if error.given == "too few walls" else str(error))


def _relay(tester: Session, program: Session) -> calling.Answer:
    """Carry each question to the program and each answer back, until the test has decided."""
    last = calling.Answer("error", note="the test never called the program")
    wall = cpu = 0.0
    for asked in range(_MAX_ASKS):
        event = tester.next()
        message = event.message or {}
        if "ask" not in message:
            outcome = _decide(message, last, asked)
            outcome.wall, outcome.cpu = wall, cpu
            return outcome
        program.start_clock()
        last = calling.ask(program, message["ask"])
        wall, cpu = wall + last.wall, cpu + last.cpu
        if last.lost:
            last.wall, last.cpu = wall, cpu
            return last
        tester.send(_reply(last))
        tester.start_clock()
    return calling.Answer("error", note=f"the test asked more than {_MAX_ASKS} times")


def _reply(answer: calling.Answer) -> dict[str, Any]:
    if answer.status == "ok":
        return {"value": wire.tag(answer.value)}
    failure = answer.failure or Failure(type="TypeError", message=answer.note)
    return {"type": failure.type, "message": failure.message}


def _decide(message: dict[str, Any], last: calling.Answer, asked: int) -> calling.Answer:
    if message.get("done") is True and asked:
        return calling.Answer("ok", stdout=last.stdout, stderr=last.stderr)
    if "raised" in message:
        told = calling.read(message)
        if last.failure is not None and last.note:
            told.note = last.note
        return told
    return calling.Answer("error", note="the test itself ended without a decision")
