"""Clocks and ceilings: processor time of paired calls, operations and bytes against what the machine can do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from agentic_diffusion.compute import bytes_needed
from agentic_diffusion_worlds.maze.score import summary
from torch.utils.flop_counter import FlopCounterMode

Call = Callable[[], Any]
SIDE = 512  # of the matrices that tell the ceiling of arithmetic
STREAM = 1 << 24  # numbers in the block that tells the ceiling of memory


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


def paired(ours: Call, reference: Call, *, repeats: int, warm: int = 2) -> dict[str, Any]:
    """Time two calls in turns; the ratio of each turn is how often the reference's time fits into ours.

    Args:
        ours: What is measured.
        reference: The plain way to the same end.
        repeats: Turns.
        warm: Calls of both beforehand.
    """
    for _ in range(warm):
        ours(), reference()
    turns = [(seconds(ours), seconds(reference)) for _ in range(repeats)]
    return {
        "ms": score([1e3 * a for a, _ in turns]),
        "reference_ms": score([1e3 * b for _, b in turns]),
        "speedup": score([b / max(a, 1e-9) for a, b in turns]),
    }


def score(values: Sequence[float]) -> dict[str, object]:
    """Return a mean with its 95 % interval."""
    return summary(values).to_json()


def work(call: Call) -> tuple[float, float]:
    """Return the operations of the matrix products in a call, and the bytes of all that its operations return."""
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        call()
    with torch.inference_mode():
        moved = bytes_needed(call)
    return float(counter.get_total_flops()), float(moved)
