"""The harness around one Python program, inside the fence.

Nothing here is trusted once the program has started: whatever it answers is judged outside, where
the expected values are. All it can do by lying is to return something else.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import io
import linecache
import os
import socket
import sys
import threading
import traceback
import types
from typing import Any

from . import confine, framing, wire

FILE = "program.py"
_MAX_TEXT = 4000


def serve(control: int) -> None:  # pragma: no cover  # only inside the fence
    """Wait for one job, do it, and end."""
    _hide_harness()
    printed = _count_printed()
    _rehearse()
    job = framing.receive(control)
    confine.apply_limits(job["limits"])
    if job.get("artefacts"):
        send_scratch(control)
    if job["mode"] == "run":
        os.close(control)
        leave(run(job["source"]))
    if job["mode"] == "check":
        check(job["source"], job["entry"], control=control)
        os._exit(0)
    calls(job["source"], job["entry"], control=control, printed=printed)
    os._exit(0)


def send_scratch(control: int) -> None:  # pragma: no cover  # only inside the fence
    """Hand the caller the directory of this run, before any of the program has been read."""
    scratch = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    with socket.socket(fileno=os.dup(control)) as channel:
        socket.send_fds(channel, [framing.frame({"scratch": True})], [scratch])
    os.close(scratch)


def _rehearse() -> None:
    """Touch, while parked, the memory that a real run will touch: each page is copied at its first use."""
    near, far = os.pipe()
    framing.send(far, {"mode": "call", "source": _REHEARSAL, "limits": {"open": 1}})
    framing.receive(near)
    confine.apply_limits({})
    function = _load(_REHEARSAL)["f"]
    framing.send(far, {"id": "0", "args": wire.tag([[1, 2, 3], 2.5, "a", None])})
    request = framing.receive(near)
    answer = call(function, request["args"])
    flush()
    framing.send(far, {"id": request["id"], **answer})
    os.close(near)
    os.close(far)


_REHEARSAL = """\
def f(values, factor, text, nothing=None):
    found = {}
    for value in values:
        if value % 2 and nothing is None:
            found[value] = [value * factor, text + str(value)]
    return sorted(found.items(), key=lambda pair: pair[0]), len(text), (True, factor)
"""


def _hide_harness() -> None:  # pragma: no cover  # only inside the fence
    package = __name__.rpartition(".")[0]
    for name in [n for n in sys.modules if n == package or n.startswith(package + ".")]:
        if package == "inside":
            del sys.modules[name]
    sys.argv = [FILE]
    sys.dont_write_bytecode = True


def _fresh_main(source: str) -> dict[str, Any]:
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=FILE, __builtins__=builtins)
    sys.modules["__main__"] = module
    lines = source.splitlines(keepends=True)
    linecache.cache[FILE] = (len(source), None, lines, FILE)
    return module.__dict__


def _load(source: str) -> dict[str, Any]:
    namespace = _fresh_main(source)
    exec(compile(source, FILE, "exec", dont_inherit=True), namespace)  # noqa: S102  the purpose
    return namespace


def run(source: str) -> int:
    """Run a whole program and give the exit code that the interpreter would have given."""
    try:
        _load(source)
    except SystemExit as error:
        code = _exit_code(error)
    except BaseException as error:  # noqa: BLE001  whatever a program raises is its result
        _show(describe(error)["trace"])
        code = 1
    else:
        code = 0
    return code


def leave(code: int) -> None:  # pragma: no cover  # only inside the fence
    """End like an interpreter does: threads, exit functions, buffers."""
    for step in (_join_threads, _run_exit_functions, flush):
        try:
            step()
        except BaseException:  # noqa: BLE001  nothing may keep the process from ending
            code = code or 1
    os._exit(code)


def _join_threads() -> None:  # pragma: no cover  # only inside the fence
    threading._shutdown()  # type: ignore[attr-defined]


def _run_exit_functions() -> None:  # pragma: no cover  # only inside the fence
    atexit._run_exitfuncs()


def flush() -> None:
    """Hand over what the program printed."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()


def _exit_code(error: SystemExit) -> int:
    try:
        code = error.code
        if code is None:
            return 0
        if type(code) is int:
            return code & 0xFF
        _show(f"{code}\n")
    except BaseException:  # noqa: BLE001  a hostile exit code is an error
        return 1
    return 1


def _show(text: str) -> None:
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
    with contextlib.suppress(BaseException):
        os.write(2, text.encode("utf-8", "backslashreplace"))


def calls(source: str, entry: str, *, control: int, printed: list[int]) -> None:
    """Load a program, then answer one call after the other."""
    request = framing.receive(control)
    try:
        function = _load(source)[entry]
    except BaseException as error:  # noqa: BLE001  whatever a program raises is its result
        flush()
        framing.send(control, {"id": request["id"], "load": describe(error)})
        return
    while True:
        answer = call(function, request["args"])
        flush()
        if any(printed):
            answer["printed"] = printed[:]
            printed[:] = 0, 0
        framing.send(control, {"id": request["id"], **answer})
        try:
            request = framing.receive(control)
        except EOFError:
            return


class _Counted(io.FileIO):
    """A stream that knows how much went through it, so that it can be told whose it is.

    A program that writes past it is only counted late: to the last of the calls that were sent together.
    """

    def __init__(self, fd: int, count: list[int], slot: int) -> None:
        super().__init__(fd, "wb", closefd=False)
        self._count = count
        self._slot = slot

    def write(self, data: Any, /) -> int:
        """Write and count."""
        size = super().write(data)
        self._count[self._slot] += size
        return size


def _count_printed() -> list[int]:
    """Count from now on what goes through the two streams; gives the counters."""
    count = [0, 0]
    for slot, name in enumerate(("stdout", "stderr")):
        old = getattr(sys, name)
        buffered = io.BufferedWriter(_Counted(slot + 1, count, slot))
        lines = name == "stderr" or old.line_buffering
        new = io.TextIOWrapper(buffered, old.encoding, old.errors, line_buffering=lines)
        setattr(sys, name, new)
    return count


class CandidateError(Exception):
    """The program under test raised something that is no builtin exception."""


def check(source: str, entry: str, *, control: int) -> None:
    """Run `check(candidate)` of a test, whose candidate lives in another process."""

    def candidate(*arguments: Any) -> Any:
        framing.send(control, {"ask": wire.tag(list(arguments))})
        reply = framing.receive(control)
        if "value" in reply:
            return wire.untag(reply["value"])
        kind = getattr(builtins, reply["type"], None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            raise kind(reply["message"])
        raise CandidateError(f"{reply['type']}: {reply['message']}")

    try:
        namespace = _load(source)
        namespace[entry] = candidate
        namespace["check"](candidate)
    except BaseException as error:  # noqa: BLE001  whatever a test raises is its result
        answer: dict[str, Any] = {"raised": describe(error)}
    else:
        answer = {"done": True}
    flush()
    framing.send(control, answer)


def call(function: Any, arguments: Any) -> dict[str, Any]:
    """Call once and describe what came of it as plain data."""
    try:
        value = function(*wire.untag(arguments))
    except BaseException as error:  # noqa: BLE001  whatever a program raises is its result
        return {"raised": describe(error)}
    try:
        return {"value": wire.tag(value)}
    except wire.WireError as error:
        return {"refused": str(error)[:_MAX_TEXT]}
    except BaseException as error:  # noqa: BLE001  a value may fight its own encoding
        return {"refused": type(error).__name__}


def describe(error: BaseException) -> dict[str, Any]:
    """Give an exception as data: its type, its message, the program's own part of the trace."""
    kind = type(error)
    known = getattr(builtins, kind.__name__, None) is kind
    found: dict[str, Any] = {
        "type": kind.__name__ if known else f"{kind.__module__}.{kind.__qualname__}",
        "message": "",
        "trace": f"{kind.__name__}\n",
        "line": None,
        "errno": error.errno if known and isinstance(error, OSError) else None,
    }
    try:
        found["message"] = str(error)[:_MAX_TEXT]
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != FILE:
            trace = trace.tb_next
        shown = traceback.TracebackException(kind, error, trace, limit=-20, compact=True)
        shown.stack[:] = [f for f in shown.stack if f.filename == FILE] or shown.stack
        text = "".join(shown.format())
        found["trace"] = text if len(text) <= _MAX_TEXT else text[-_MAX_TEXT:]
        lines = [f.lineno for f in shown.stack if f.filename == FILE]
        found["line"] = lines[-1] if lines else getattr(error, "lineno", None)
        found["line"] = found["line"] if type(found["line"]) is int else None
    except BaseException:  # noqa: BLE001  a message may raise or never end
        found["message"] = found["message"] or "(its message could not be read)"
    return found
