"""Memory: what an operation allocates, and which errors mean that there was too little."""

import resource
from pathlib import Path

import pytest
import torch
from agentic_diffusion.compute.memory import MemoryWatch, bounded, bytes_needed, host_peak, is_out_of_memory
from agentic_diffusion.errors import BudgetError


def test_what_torch_functions_return_is_added_up_views_included() -> None:
    a = torch.zeros(10, 20)

    def work() -> None:
        b = a @ torch.ones(20, 5)  # 400 for the ones, 200 for the product
        b.t().reshape(-1)[:3]  # 200, 200 and 12
        b.add_(1)  # 200

    assert bytes_needed(work) == 400 + 200 + 200 + 200 + 12 + 200
    assert bytes_needed(lambda: torch.zeros(8, dtype=torch.float64).max(0)) == 64 + 8 + 8
    assert bytes_needed(lambda: None) == 1


def test_it_counts_inside_inference_mode() -> None:
    with torch.inference_mode():
        assert bytes_needed(lambda: torch.zeros(3) + 1) == 24


def test_work_that_needs_more_than_was_granted_is_stopped() -> None:
    a, done = torch.zeros(10), []

    def work() -> None:
        done.append(a + 1)  # 40 bytes each
        done.append(a + 2)
        done.append(a + 3)

    with pytest.raises(MemoryError, match="more than the 79 bytes"), bounded(79):
        work()
    assert len(done) == 1
    with bounded(120):
        work()
    with bounded(None):
        work()
    assert len(done) == 7


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("no"), True),
        (RuntimeError("CUDA out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried"), True),
        (RuntimeError("shapes differ"), False),
        (ValueError("out of memory"), False),
        (BudgetError("out of memory with one row", "room for it", "Free some."), False),
    ],
)
def test_which_errors_mean_too_little_memory(error, short) -> None:
    assert is_out_of_memory(error) is short


def test_the_peak_of_the_host_grows_with_what_is_used() -> None:
    watch = MemoryWatch(torch.device("cpu"))
    room = watch.begun + 50_000_000 - _resident()
    block = torch.ones(room // 4)
    peak = watch.peak()
    del block
    assert peak.grew > 20_000_000
    assert peak.host == host_peak() == watch.begun + peak.grew
    assert peak.device is None
    assert MemoryWatch(torch.device("cpu")).peak().grew == 0


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_peak_of_the_gpu_is_that_of_the_work() -> None:
    where = torch.device("cuda", torch.cuda.current_device())
    watch = MemoryWatch(where)
    block = torch.ones(1_000_000, device=where)
    del block
    assert watch.peak().device >= 4_000_000
