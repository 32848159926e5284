"""Measures the fence: latency, throughput, timeouts, attacks, ordinary programs and leaks."""

from __future__ import annotations

import json
import math
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .cases import Case, Task
from .humaneval import judge_all, read
from .sandbox import Limits, ProcessSandbox
from .sandbox.testing import attack_all
from .soak import soak
from .verify import verify

Row = dict[str, Any]
Progress = Callable[[str, int, int], None]

PROGRAM = """\
def solve(numbers, factor):
    total = 0
    for number in numbers:
        if number % 2:
            total += number * factor
    return total
"""
_CASES = tuple(
    Case(
        arguments=(list(range(n)), n),
        expected=sum(k * n for k in range(n) if k % 2),
    )
    for n in range(1, 6)
)
TASK = Task(tests=_CASES)
_HARNESS = PROGRAM + "".join(
    f"assert solve({case.arguments[0]}, {case.arguments[1]}) == {case.expected}\n" for case in _CASES
)
_PAUSE = 0.01


def summary(values: list[float]) -> dict[str, Any]:
    """Give the mean with a 95 % interval (normal approximation) and the count."""
    mean = statistics.fmean(values)
    spread = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return {"mean": mean, "ci95": [mean - 1.96 * spread, mean + 1.96 * spread], "n": len(values)}


def share(good: int, total: int) -> dict[str, Any]:
    """Give a share with its 95 % Wilson interval and the count."""
    if total == 0:
        return {"mean": 0.0, "ci95": [0.0, 1.0], "n": 0}
    p, z = good / total, 1.96
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return {"mean": p, "ci95": [max(0.0, middle - half), min(1.0, middle + half)], "n": total}


def percentile(values: list[float], q: float) -> float:
    """Give the value below which a share `q` of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def run_bench(
    *,
    seeds: int = 5,
    runs: int = 200,
    timeouts: int = 50,
    soak_runs: int = 0,
    attacks: bool = True,
    data: Path | None = None,
    progress: Progress | None = None,
) -> list[Row]:
    """Measure everything that was asked for.

    Args:
        seeds: How many times each latency is measured; intervals are over these.
        runs: Verdicts in each repetition.
        timeouts: How many endless programs are run to see how exactly they are ended.
        soak_runs: How many mixed programs are run to look for leaks; 0 leaves it out.
        attacks: Whether the attack corpus is run, with and without namespaces.
        data: The HumanEval problems as `.jsonl.gz`; left out where None.
        progress: Told what is being measured, how much is done and how much there is.

    Returns:
        One row for each figure; each metric is `{"mean", "ci95", "n"}`.
    """
    parts: list[tuple[str, Callable[[], Iterator[Row]]]] = [
        ("latency", lambda: _latencies(seeds, runs)),
        ("baselines", lambda: _baselines(seeds, max(5, runs // 4))),
        ("throughput", lambda: _throughput(seeds, 2 * runs)),
        ("timeouts", lambda: _timeouts(timeouts)),
    ]
    if attacks:
        parts.append(("attacks", _attacks))
    if data is not None:
        parts.append(("humaneval", lambda: _humaneval(data)))
    if soak_runs:
        parts.append(("soak", lambda: _soak(soak_runs)))
    rows: list[Row] = []
    for number, (name, measure) in enumerate(parts):
        if progress is not None:
            progress(name, number, len(parts))
        rows += measure()
    if progress is not None:
        progress("done", len(parts), len(parts))
    return rows


def _once(sandbox: ProcessSandbox) -> float:
    begun = time.perf_counter()
    judged = verify(PROGRAM, TASK, sandbox=sandbox)
    took = time.perf_counter() - begun
    assert judged.passed, judged
    return took * 1000


def _latency_row(name: str, size: str, rounds: list[list[float]]) -> Row:
    return {
        "name": name,
        "figure": "latency",
        "size": size,
        "p50_ms": summary([percentile(one, 0.5) for one in rounds]),
        "p95_ms": summary([percentile(one, 0.95) for one in rounds]),
    }


def _latencies(seeds: int, runs: int) -> Iterator[Row]:
    """Verdicts with a parked worker, with none parked, and from nothing at all."""
    for size, parked in (("warm", 2), ("cold", 0)):
        rounds = []
        with ProcessSandbox(parked=parked) as sandbox:
            sandbox.warm_up()
            _once(sandbox)
            for _ in range(seeds):
                one = []
                for _ in range(runs):
                    time.sleep(_PAUSE)  # as a reward is asked for: now and then
                    one.append(_once(sandbox))
                rounds.append(one)
        yield _latency_row("ours", size, rounds)
    firsts = []
    for _ in range(max(3, seeds)):
        with ProcessSandbox() as sandbox:
            firsts.append(_once(sandbox))
    yield _latency_row("ours", "first ever", [firsts])


def _baselines(seeds: int, runs: int) -> Iterator[Row]:
    """Commands that others start for each verdict; none of them is honest about the verdict."""
    python = [sys.executable, "-I", "-S", "-c", _HARNESS]
    commands = {"subprocess": python}
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is not None:
        commands["bubblewrap"] = [bubblewrap, "--unshare-all", "--ro-bind", "/", "/", *python]
    for name, command in commands.items():
        rounds = []
        for _ in range(seeds):
            one = []
            for _ in range(runs):
                begun = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)  # noqa: S603  our own text
                one.append((time.perf_counter() - begun) * 1000)
            rounds.append(one)
        yield _latency_row(name, "each time", rounds)


def _throughput(seeds: int, runs: int) -> Iterator[Row]:
    rates = []
    with ProcessSandbox(parked=4) as sandbox, ThreadPoolExecutor(2) as threads:
        sandbox.warm_up()
        for _ in range(seeds):
            begun = time.perf_counter()
            list(threads.map(lambda _: _once(sandbox), range(runs)))
            rates.append(runs / (time.perf_counter() - begun))
    yield {"name": "ours", "figure": "throughput", "verdicts_per_second": summary(rates)}


def _timeouts(count: int) -> Iterator[Row]:
    """Say how long after the limit an endless program is known to be gone."""
    limits = Limits(wall_seconds=0.2, cpu_seconds=10.0)
    late = []
    with ProcessSandbox() as sandbox:
        sandbox.warm_up(limits=limits)
        for number in range(count):
            source = "while True: pass" if number % 2 else "import time; time.sleep(60)"
            begun = time.perf_counter()
            run = sandbox.run(source, limits=limits)
            late.append((time.perf_counter() - begun - limits.wall_seconds) * 1000)
            assert run.status == "timeout", run
    yield {
        "name": "ours",
        "figure": "timeouts",
        "late_ms": summary(late),
        "latest_ms": summary([max(late)]),
        "within_100_ms": share(sum(one <= 100 for one in late), count),
    }


def _attacks() -> Iterator[Row]:
    tiers: dict[str, tuple[str, ...]] = {"all layers": (), "no namespaces": ("namespaces", "private_root")}
    for tier, without in tiers.items():
        with ProcessSandbox(without=without) as sandbox:
            outcomes = list(attack_all(sandbox))
        tried = [one for one in outcomes if one.held is not None]
        through = [one.attack.name for one in tried if not one.held]
        yield {
            "name": "ours",
            "figure": "attacks",
            "size": tier,
            "held": share(len(tried) - len(through), len(tried)),
            "got_through": through,
        }


def _humaneval(data: Path) -> Iterator[Row]:
    with ProcessSandbox() as sandbox:
        found = judge_all(read(data), sandbox=sandbox)
        yield {
            "name": "ours",
            "figure": "humaneval",
            "accepted": share(sum(one.passed for one in found), len(found)),
            "mutants_rejected": share(sum(one.rejected for one in found), sum(one.mutants for one in found)),
            "wrong": [one.name for one in found if not one.passed or one.rejected < one.mutants],
        }


def _soak(runs: int) -> Iterator[Row]:
    growth = soak(runs)
    row: Row = {"name": "ours", "figure": "soak", "runs": runs}
    yield {**row, **{key: summary([float(value)]) for key, value in growth.items()}}


def as_json(rows: list[Row]) -> str:
    """Write rows as the JSON that results are kept in."""
    return json.dumps(rows, indent=2)
