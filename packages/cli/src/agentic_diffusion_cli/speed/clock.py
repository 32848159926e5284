"""Clocks and ceilings: times of paired calls, operations and bytes against what the machine can do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from agentic_diffusion_worlds.maze.score import summary

Call = Callable[[], Any]
Row = dict[str, Any]
SIDE = 512  # of the matrices that tell the ceiling of arithmetic
STREAM = 1 << 24  # numbers in the block that tells the ceiling of memory
LEAST = 3  # turns that are made however long they take


@final
@dataclass(frozen=True)
class Ceilings:
    """What the machine can do, measured in this run.

    Args:
        flops: Operations in a second of processor time: a product of two square fp32 matrices.
        bandwidth: Bytes read and written in a second: a copy of 64 MiB.
    """

    flops: float
    bandwidth: float

    @classmethod
    def measured(cls) -> Ceilings:
        """Measure both; the best of five tries."""
        a, block = torch.ones(SIDE, SIDE), torch.ones(STREAM)
        there = torch.empty_like(block)
        product = min(seconds(lambda: a @ a) for _ in range(5))
        copy = min(seconds(lambda: there.copy_(block)) for _ in range(5))
        return cls(2 * SIDE**3 / product, 8 * STREAM / copy)

    def bound(self, flops: float, moved: float) -> float:
        """Return the least seconds that so many operations and bytes take (Williams et al. 2009, the roofline)."""
        return max(flops / self.flops, moved / self.bandwidth)


def seconds(call: Call) -> float:
    """Return the processor time of one call, of all threads: a busy machine hardly changes it."""
    begun = time.process_time()
    call()
    return time.process_time() - begun


@final
@dataclass(frozen=True)
class Turns:
    """How calls are timed: in turns, so that a busy moment strikes both alike.

    Args:
        repeats: Turns of each pair.
        most: Seconds by the clock after which no further turn begins, once three were made.
        by_clock: Whether ratios are of the clock instead of processor time, as for work in other processes.
        warm: Calls of each that are made before and not timed.
    """

    repeats: int = 5
    most: float = 10.0
    by_clock: bool = False
    warm: int = 1

    def __call__(self, ours: Call, reference: Call) -> Row:
        """Time two calls, warmed up; a turn's ratio is how often our time fits into the reference's.

        Returns:
            `ms` and `reference_ms` with intervals, `speedup` likewise, and the medians by the clock.
        """
        for _ in range(self.warm):
            ours(), reference()
        begun = time.perf_counter()
        mine: list[tuple[float, float]] = []
        plain: list[tuple[float, float]] = []
        while len(mine) < self.repeats:
            if len(mine) >= LEAST and time.perf_counter() - begun > self.most:
                break
            mine.append(_times(ours))
            plain.append(_times(reference))
        which = int(self.by_clock)
        return {
            "ms": score([1e3 * each[which] for each in mine]),
            "reference_ms": score([1e3 * each[which] for each in plain]),
            "speedup": score([b[which] / max(a[which], 1e-9) for a, b in zip(mine, plain, strict=True)]),
            "clock_p50_ms": float(np.median([1e3 * each[1] for each in mine])),
            "reference_clock_p50_ms": float(np.median([1e3 * each[1] for each in plain])),
        }


def _times(call: Call) -> tuple[float, float]:
    begun = time.perf_counter()
    spent = seconds(call)
    return spent, time.perf_counter() - begun


def score(values: Sequence[float]) -> dict[str, object]:
    """Return a mean with its 95 % interval."""
    return summary(values).to_json()


def row(what: str, figures: Mapping[str, Any], reference: str) -> Row:
    """Return the row of one figure.

    Args:
        what: What was timed.
        figures: What `Turns` says, with anything else that is to be told.
        reference: The plain way to the same end.
    """
    return {"name": "ours", "what": what, "reference": reference, **figures}
