"""The first process of a worker that starts programs from files: compilers, node, binaries."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Any

from . import confine, framing, kernel, seccomp
from .worker import send_scratch

STEP_KINDS = (seccomp.COMPILE, seccomp.PROGRAM)


def serve(control: int, *, private: bool) -> None:  # pragma: no cover  # only inside the fence
    """Wait for one job, do its steps one after the other, and end.

    Between two steps it waits for a word: what the last one printed is read before the next one prints.
    """
    job = framing.receive(control)
    if job.get("artefacts"):
        send_scratch(control)
    for name, text in job["files"].items():
        _write(name, text)
    for number, step in enumerate(job["steps"]):
        pid = os.fork()
        if pid == 0:
            _become(step, control, private=private)
        ended = _wait(pid)
        framing.send(control, {"step": number, **ended})
        code = ended["code"]
        if code:
            break
        if number + 1 < len(job["steps"]):
            framing.receive(control)
    if not private:
        os.killpg(0, signal.SIGKILL)  # whoever outlived the last step; nobody can leave the group
    os._exit(0)


def _write(name: str, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    fd = os.open(name, flags, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)


def _wait(pid: int) -> dict[str, Any]:
    """Wait for one child, and collect every orphan that ends before it."""
    while True:
        ended, status, usage = os.wait4(-1, 0)
        if ended == pid:
            seconds = usage.ru_utime + usage.ru_stime
            code = os.waitstatus_to_exitcode(status)
            return {"code": code, "cpu": seconds, "rss": usage.ru_maxrss}


def _become(
    step: dict[str, Any], control: int, *, private: bool
) -> None:  # pragma: no cover  # only inside the fence
    """Turn into the program of this step."""
    try:
        if not step["stdin"]:
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        for number in range(1, signal.NSIG):
            with suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_DFL)
        os.set_inheritable(control, bool(step["control"]))
        kernel.close_range(control if not step["control"] else control + 1)
        confine.apply_limits(step["limits"])
        if step["filter"]:
            confine.install(step["kind"], private=private)
        os.execve(step["argv"][0], step["argv"], step["env"])  # noqa: S606  no shell
    except BaseException as error:  # noqa: BLE001  a forked child must never return
        with suppress(BaseException):
            os.write(2, f"cannot start {step['argv'][0]}: {error}\n".encode())
    finally:
        os._exit(127)
