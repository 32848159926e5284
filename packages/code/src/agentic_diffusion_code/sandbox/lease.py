"""Borrows one confined worker for one run, and sees that it is never used again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .base import Limits, SandboxError
from .parked import Worker
from .pool import Pool
from .report import Gate, await_ready

_ATTEMPTS = 3


class RefusedError(SandboxError):
    """The walls that were asked for are not there; becomes a `refused` execution."""


@contextmanager
def lease(pool: Pool, gate: Gate, *, limits: Limits) -> Iterator[tuple[Worker, tuple[str, ...]]]:
    """Give a ready worker and the layers around it; replace it afterwards.

    Raises:
        RefusedError: When the layers are not enough for what the caller demanded.
        SandboxError: When no worker could be made.
    """
    report = gate.report(pool)
    worker = _ready(pool, limits.disk_bytes)
    try:
        held = {*worker.layers, *(("cgroup",) if gate.enclose(worker, limits) else ())}
        isolation = tuple(name for name in report.active if name in held)
        refusal = gate.refusal(isolation)
        if refusal is not None:
            raise RefusedError("too few walls", "those that were demanded", refusal)
        yield worker, isolation
    finally:
        pool.give_back(worker)


def _ready(pool: Pool, disk: int) -> Worker:
    trouble: SandboxError | None = None
    for _ in range(_ATTEMPTS):
        worker = pool.take(disk)
        try:
            await_ready(worker)
        except SandboxError as error:
            worker.dispose()
            trouble = error
        else:
            return worker
    assert trouble is not None
    raise trouble
