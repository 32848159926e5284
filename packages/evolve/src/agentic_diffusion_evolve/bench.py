"""Benchmarks of the memory: how fast it writes, and what it loses when its writers are killed."""

from __future__ import annotations

import itertools
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory
from typing import Any, Protocol, final
from zlib import crc32

from agentic_diffusion.records import Outcome, Record

from agentic_diffusion_evolve.measure import student_quantile
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_evolve.sqlite import SqliteMemory

Numbers = tuple[float, ...]


class Rate(Record):
    """How fast a memory wrote.

    Args:
        outcomes: How many were written.
        batch: How many in one call.
        seconds: Wall-clock time.
        cpu_seconds: Time of the processor, which does not depend on what else the machine does.
    """

    outcomes: int
    batch: int
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Outcomes a second."""
        return self.outcomes / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Outcomes a second of the processor."""
        return self.outcomes / max(self.cpu_seconds, 1e-9)


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


class Takes(Protocol):
    """All that is asked of what is measured."""

    def add(self, outcome: Outcome[str, Numbers]) -> bool:
        """Keep one."""
        ...

    def add_many(self, outcomes: Iterable[Outcome[str, Numbers]]) -> int:
        """Keep many."""
        ...


@final
class LineFile:
    """A baseline: JSON lines, each handed to the operating system; keeps the same outcome twice and finds none."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def add(self, outcome: Outcome[str, Numbers]) -> bool:
        """Write a line."""
        return self.add_many([outcome]) == 1

    def add_many(self, outcomes: Iterable[Outcome[str, Numbers]]) -> int:
        """Write lines."""
        lines = [outcome.model_dump_json().encode() + b"\n" for outcome in outcomes]
        self._file.write(b"".join(lines))
        return len(lines)


@final
class PlainTable:
    """A baseline: an SQLite table as it comes, with a journal that waits for the disk at each call."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path)
        self._file.execute("CREATE TABLE outcome (id TEXT PRIMARY KEY, reward REAL, body TEXT)")

    def add(self, outcome: Outcome[str, Numbers]) -> bool:
        """Insert and commit."""
        return self.add_many([outcome]) == 1

    def add_many(self, outcomes: Iterable[Outcome[str, Numbers]]) -> int:
        """Insert all and commit."""
        rows = [(o.id, o.reward, o.model_dump_json()) for o in outcomes]
        with self._file:
            self._file.executemany("INSERT OR IGNORE INTO outcome VALUES (?, ?, ?)", rows)
        return len(rows)


def example(name: str, *, size: int = 16) -> Outcome[str, Numbers]:
    """Return an outcome whose value has `size` numbers."""
    value = tuple(0.5 + index / 7 for index in range(size))
    return Outcome(id=name, request=f"task {crc32(name.encode()) % 50}", value=value, reward=float(len(name)))


def write_rate(memory: Takes, *, outcomes: int, batch: int) -> Rate:
    """Write examples in batches and return how fast that was; a batch of 1 uses `add`."""
    made = [example(f"{time.time_ns()}-{index}") for index in range(outcomes)]
    cpu, started = time.process_time(), time.perf_counter()
    if batch == 1:
        for outcome in made:
            memory.add(outcome)
    else:
        for start in range(0, outcomes, batch):
            memory.add_many(made[start : start + batch])
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return Rate(outcomes=outcomes, batch=batch, seconds=seconds, cpu_seconds=cpu)


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


WAYS: Mapping[str, Callable[[Path], Takes]] = {
    "ours": lambda path: SqliteMemory(path, str, Numbers),
    "in the process only": lambda path: ListMemory(),
    "JSON lines, no index": LineFile,
    "SQLite as it comes": PlainTable,
}
"""What is measured side by side, by the name of its row."""


def run_bench(
    *, seeds: int, outcomes: int, rounds: int, progress: Callable[[str, int, int], None]
) -> list[dict[str, Any]]:
    """Measure writing and killing, and return the rows of the table.

    Args:
        seeds: Repetitions, each in a new file; the ways take turns, so that a busy minute meets them all.
        outcomes: Written in each repetition.
        rounds: Rounds of killed writers; 0 leaves them out.
        progress: Told what runs, how much is done, and of how much.
    """
    batches, told, done = (1, 100), dict[tuple[str, int], list[Rate]](), 0
    for seed in range(seeds):
        for name, batch in itertools.product(WAYS, batches):
            with TemporaryDirectory() as folder:
                memory = WAYS[name](Path(folder) / "memory")
                rate = write_rate(memory, outcomes=outcomes, batch=batch)
            told.setdefault((name, batch), []).append(rate)
            done += 1
            progress(f"writing, repetition {seed + 1}", done, seeds * len(WAYS) * len(batches) + rounds)
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "how": "one by one" if batch == 1 else f"batches of {batch}",
            "per_second": _metric([rate.per_second for rate in rates]),
            "per_cpu_second": _metric([rate.per_cpu_second for rate in rates]),
        }
        for (name, batch), rates in told.items()
    ]
    if rounds:
        with TemporaryDirectory() as folder:
            deaths = []
            for kill in kills(Path(folder) / "memory", rounds=rounds):
                deaths.append(kill)
                progress("killing writers", done + kill.round, done + rounds)
        acknowledged, lost = [kill.acknowledged for kill in deaths], [kill.lost for kill in deaths]
        totals = {"acknowledged_total": sum(acknowledged), "lost_total": sum(lost)}
        metrics = {"acknowledged": _metric(acknowledged), "lost": _metric(lost)}
        rows.append({"name": "ours", "how": "writers killed with kill -9", **metrics, **totals})
    return rows


def _metric(samples: Sequence[float]) -> dict[str, Any]:
    """Return the mean with its 95 % interval by Student's t."""
    middle, half = fmean(samples), 0.0
    if len(samples) > 1:
        half = student_quantile(0.975, len(samples) - 1) * stdev(samples) / len(samples) ** 0.5
    return {"mean": middle, "ci95": [middle - half, middle + half], "n": len(samples)}
