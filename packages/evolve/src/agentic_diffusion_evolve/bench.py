"""Benchmarks of the memory: how fast it writes, and what it loses when its writers are killed."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

from agentic_diffusion.records import Outcome, Record

from agentic_diffusion_evolve.memory import Memory
from agentic_diffusion_evolve.sqlite import SqliteMemory

Numbers = tuple[float, ...]


class Rate(Record):
    """How fast a memory wrote.

    Args:
        outcomes: How many were written.
        batch: How many in one call.
        seconds: Wall-clock time.
    """

    outcomes: int
    batch: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Outcomes a second."""
        return self.outcomes / self.seconds


class Kill(Record):
    """What one round of killed writers left behind.

    Args:
        round: Its number, from 1.
        acknowledged: Outcomes whose `add` had returned before the kill.
        lost: How many of them are missing afterwards.
    """

    round: int
    acknowledged: int
    lost: int


def example(name: str, *, size: int = 16) -> Outcome[str, Numbers]:
    """Return an outcome whose value has `size` numbers."""
    value = tuple(0.5 + index / 7 for index in range(size))
    return Outcome(id=name, request=f"task {crc32(name.encode()) % 50}", value=value, reward=float(len(name)))


def write_rate(memory: Memory[str, Numbers], *, outcomes: int, batch: int) -> Rate:
    """Write examples in batches and return how fast that was; a batch of 1 uses `add`."""
    made = [example(f"{time.time_ns()}-{index}") for index in range(outcomes)]
    started = time.perf_counter()
    if batch == 1:
        for outcome in made:
            memory.add(outcome)
    else:
        for start in range(0, outcomes, batch):
            memory.add_many(made[start : start + batch])
    return Rate(outcomes=outcomes, batch=batch, seconds=time.perf_counter() - started)


def write_until_killed(path: Path, prefix: str) -> None:
    """Add outcomes one by one and write each id to standard output once `add` has returned."""
    memory: SqliteMemory[str, Numbers] = SqliteMemory(path, str, Numbers)
    for number in itertools.count():
        name = f"{prefix}-{number}"
        memory.add(example(name))
        os.write(sys.stdout.fileno(), f"{name}\n".encode())


def kills(path: Path, *, rounds: int = 50, writers: int = 2, seconds: float = 0.3) -> Iterator[Kill]:
    """Kill writers without warning, again and again, and yield what each round has lost.

    Args:
        path: The memory's file.
        rounds: How often.
        writers: Processes that write at once in each round.
        seconds: How long they write before they are killed.
    """
    source = f"import sys; from {__name__} import write_until_killed as w; w(*sys.argv[1:])"
    for number in range(1, rounds + 1):
        running = [
            subprocess.Popen(  # noqa: S603 - our own code under our own interpreter
                [sys.executable, "-c", source, str(path), f"{number}-{writer}"], stdout=subprocess.PIPE
            )
            for writer in range(writers)
        ]
        told = _killed(running, seconds)
        memory: SqliteMemory[str, Numbers] = SqliteMemory(path, str, Numbers)
        lost = sum(name not in memory for name in told)
        memory.close()
        yield Kill(round=number, acknowledged=len(told), lost=lost)


def _killed(running: Sequence[subprocess.Popen[bytes]], seconds: float) -> list[str]:
    """Wait for the first word of each, let them write, kill them and return what they had said."""
    said = [process.stdout.readline() for process in running if process.stdout is not None]
    time.sleep(seconds)
    for process in running:
        process.kill()
    said += [process.communicate()[0] for process in running]
    return b"".join(said).decode().splitlines()  # each line was one write, so none is cut
